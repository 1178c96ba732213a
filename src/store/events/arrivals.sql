SELECT /* columns */
FROM events
WHERE /* filter */
ORDER BY segment /* direction */, segment_index /* direction */
LIMIT {limit:UInt32}
