SELECT /* columns */
FROM events
WHERE id = {id:UUID}
LIMIT 1
