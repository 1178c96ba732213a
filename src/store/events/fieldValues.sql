SELECT
    toString(/* field */) AS value,
    count() AS count
FROM events
WHERE /* filter */ AND isNotNull(/* field */)
GROUP BY /* field */
HAVING value != ''
ORDER BY count DESC, value
LIMIT {limit:UInt32}
