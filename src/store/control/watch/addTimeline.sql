INSERT INTO timeline (incident_id, at_ms, act, by_whom, because)
VALUES (:incident_id, :at_ms, :act, :by_whom, :because)
