SELECT incident_id, at_ms, act, by_whom, because FROM timeline WHERE incident_id = :id ORDER BY number DESC LIMIT 500
