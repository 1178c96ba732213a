-- The five-minute bucket is the first column of the key: read in its order, from one end, until
-- enough rows have passed the filter.
SELECT /* columns */
FROM events
WHERE /* filter */
ORDER BY toStartOfFiveMinutes(time) /* direction */, time /* direction */, id /* direction */
LIMIT {limit:UInt32}
