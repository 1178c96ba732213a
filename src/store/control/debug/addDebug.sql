INSERT INTO debug_requests (id, until_ms, document) VALUES (:id, :until_ms, :document)
