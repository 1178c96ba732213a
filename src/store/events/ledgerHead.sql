SELECT
    tuple(max((segment, segment_index)).1, max((segment, segment_index)).2) AS head,
    count() AS count
FROM events
WHERE /* filter */
LIMIT 1
