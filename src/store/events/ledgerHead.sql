SELECT segment, segment_index
FROM events
WHERE segment = (SELECT max(segment) FROM events WHERE /* filter */)
ORDER BY segment_index DESC
LIMIT 1
