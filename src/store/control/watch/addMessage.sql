INSERT INTO messages (id, incident_id, channel, tiding, incident, made_ms, due_ms, attempts, state)
VALUES (:id, :incident_id, :channel, :tiding, :incident, :made_ms, :due_ms, 0, 'waiting')
