UPDATE keys SET last_used_ms = max(coalesce(last_used_ms, 0), :at_ms) WHERE id = :id
