-- Every stored column of some segments, as plain types: in any order, or so many rows of the first
-- of them. Several are asked for at once, so each is answered by one thread; small blocks stay in
-- the processor's cache.
SELECT
    /* columns */
FROM events
WHERE segment >= {from:UInt64} AND segment < {until:UInt64}
/* first */
LIMIT {rows:UInt64}
SETTINGS max_threads = 1, max_block_size = 16384
FORMAT Native
