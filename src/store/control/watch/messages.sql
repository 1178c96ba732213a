SELECT * FROM messages WHERE incident_id = :id ORDER BY number DESC LIMIT 500
