-- migration: 0005
-- about: runs in stretches of 512 rows
-- breaking: no

-- The runs of a page lie anywhere in the table, and each costs the reading of a whole stretch. A
-- table cannot change their length, so its rows move to another one: each of these steps may be
-- repeated, and none hurts what is stored.
DROP TABLE IF EXISTS runs_fine SYNC;

CREATE TABLE runs_fine AS runs
ENGINE = AggregatingMergeTree
ORDER BY (run_hash, run_id)
TTL expires
SETTINGS
    index_granularity = 512,
    merge_selector_base = 8,
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

INSERT INTO runs_fine SELECT * FROM runs;

EXCHANGE TABLES runs AND runs_fine;

DROP TABLE runs_fine SYNC;
