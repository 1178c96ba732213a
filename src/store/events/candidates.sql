-- Events of a stretch that a rule may be about; the rules themselves decide.
SELECT /* columns */
FROM events
WHERE kind IN ('log', 'http.request', 'audit.action') AND /* range */ AND (/* may_match */)
ORDER BY segment, segment_index
LIMIT {limit:UInt32}
