SELECT document, revision FROM incidents
WHERE :state = '' OR state = :state
ORDER BY state = 'resolved', last_ms DESC, id
LIMIT :limit
