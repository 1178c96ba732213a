SELECT count() AS count
FROM events
WHERE /* filter */
LIMIT 1
