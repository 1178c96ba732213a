SELECT document FROM erasures ORDER BY asked_ms DESC, id DESC LIMIT 1000
