-- Every stored column of some segments, as plain types, in any order. Several are asked for at once,
-- so each is answered by one thread; small blocks stay in the processor's cache.
SELECT
    /* columns */
FROM events
WHERE segment >= {from:UInt64} AND segment < {until:UInt64}
LIMIT 100000000
SETTINGS max_threads = 1, max_block_size = 16384
FORMAT Native
