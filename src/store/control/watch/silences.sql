SELECT document FROM silences WHERE until_ms > :after_ms ORDER BY until_ms DESC, id LIMIT 1000
