-- Every stored column of some segments, as plain types, in any order.
SELECT
    /* columns */
FROM events
WHERE segment >= {from:UInt64} AND segment < {until:UInt64}
LIMIT 100000000
SETTINGS max_block_size = 1000000
FORMAT Native
