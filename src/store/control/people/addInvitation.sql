INSERT INTO invitations (id, expires_ms, used_ms, document) VALUES (:id, :expires_ms, NULL, :document)
