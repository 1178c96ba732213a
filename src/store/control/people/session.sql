SELECT document FROM sessions WHERE id = :id AND expires_ms > :now_ms LIMIT 1
