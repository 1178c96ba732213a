SELECT document FROM incidents
ORDER BY state = 'resolved', last_ms DESC, id
LIMIT :limit
