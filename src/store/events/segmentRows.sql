-- Every stored column of some segments, as plain types, in the order in which they were sealed.
SELECT
    /* columns */
FROM events
WHERE segment >= {from:UInt64} AND segment < {until:UInt64}
ORDER BY segment, segment_index
LIMIT 100000000
SETTINGS max_block_size = 1000000
FORMAT Native
