UPDATE keys SET expires_ms = min(coalesce(expires_ms, :at_ms), :at_ms) WHERE id = :id AND revoked_ms IS NULL
