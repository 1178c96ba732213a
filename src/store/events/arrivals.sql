SELECT /* columns */
FROM events
WHERE /* filter */
ORDER BY segment DESC, segment_index DESC
LIMIT {limit:UInt32}
