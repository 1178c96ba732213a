DELETE FROM sessions WHERE expires_ms <= :now_ms
