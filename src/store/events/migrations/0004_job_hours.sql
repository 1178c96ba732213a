-- migration: 0004
-- about: one row an hour of each job and release, from which is told what is usual
-- breaking: no

-- Written when an hour is over, and again when late events came: of rows with the same key the one
-- written last counts. Samples are few on purpose: what is usual of an hour is a median of several
-- weeks, and a job that runs a thousand times an hour needs no thousand numbers for that.
CREATE TABLE job_hours
(
    job LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    release LowCardinality(String),
    written DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    enqueued UInt32 CODEC(ZSTD(1)),
    started UInt32 CODEC(ZSTD(1)),
    succeeded UInt32 CODEC(ZSTD(1)),
    -- Attempts, whether another followed or not.
    failed UInt32 CODEC(ZSTD(1)),
    retried UInt32 CODEC(ZSTD(1)),
    -- Of runs that succeeded, at most twelve of each.
    duration_ms Array(Float32) CODEC(ZSTD(1)),
    output_bytes Array(Float32) CODEC(ZSTD(1)),
    -- What the job itself said it wrote or read: the attribute `rows`.
    row_counts Array(Float32) CODEC(ZSTD(1)),
    max_rss_bytes Array(Float32) CODEC(ZSTD(1)),
    cpu_ms Array(Float32) CODEC(ZSTD(1)),
    wait_ms Array(Float32) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(written)
PARTITION BY toYYYYMM(hour)
ORDER BY (job, service, environment, hour, release)
TTL hour + INTERVAL 400 DAY
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;
