SELECT document FROM sessions WHERE expires_ms > :now_ms ORDER BY seen_ms DESC LIMIT 1000
