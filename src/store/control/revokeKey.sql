UPDATE keys SET revoked_ms = :at_ms WHERE id = :id AND revoked_ms IS NULL
