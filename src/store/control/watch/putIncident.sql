INSERT INTO incidents (id, cause, state, last_ms, document) VALUES (:id, :cause, :state, :last_ms, :document)
ON CONFLICT (id) DO UPDATE SET state = :state, last_ms = :last_ms, document = :document
