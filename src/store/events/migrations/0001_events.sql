-- migration: 0001
-- about: events, by five minutes and service
-- breaking: no

-- Expiry is computed at insert from the stream's retention and the day of receipt, so that one
-- insert falls into two or three partitions at most, old events sent late included, and a whole
-- partition is dropped at once. Long retentions expire by the week: their partitions stay few.
CREATE TABLE events
(
    id UUID CODEC(ZSTD(1)),
    time DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    received_time DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    stream LowCardinality(String),
    kind LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    host LowCardinality(String),
    release LowCardinality(String),
    runtime LowCardinality(String),
    job LowCardinality(String),
    run_id String CODEC(ZSTD(1)),
    attempt Nullable(Int64) CODEC(ZSTD(1)),
    parent_run_id String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    queue LowCardinality(String),
    priority Nullable(Int64) CODEC(ZSTD(1)),
    worker LowCardinality(String),
    actor LowCardinality(String),
    outcome LowCardinality(String),
    duration_ms Nullable(Float64) CODEC(ZSTD(1)),
    wait_ms Nullable(Float64) CODEC(ZSTD(1)),
    cpu_ms Nullable(Float64) CODEC(ZSTD(1)),
    max_rss_bytes Nullable(Int64) CODEC(ZSTD(1)),
    exit_code Nullable(Int64) CODEC(ZSTD(1)),
    signal LowCardinality(String),
    error_class LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    error_stack String CODEC(ZSTD(1)),
    fingerprint String CODEC(ZSTD(1)),
    severity LowCardinality(String),
    message String CODEC(ZSTD(1)),
    source LowCardinality(String),
    source_seq Nullable(Int64) CODEC(ZSTD(1)),
    -- Values are raw JSON text. Keys as LowCardinality cost a quarter of an insert and save a hundredth of the disk.
    attributes Map(String, String) CODEC(ZSTD(1)),
    segment UInt64 CODEC(Delta(8), ZSTD(1)),
    segment_index UInt32 CODEC(Delta(4), ZSTD(1)),
    expires Date,
    -- Longer ones are found by a scan: a word of an index should not be a document.
    attribute_items Array(String) ALIAS arrayFilter(
        item -> length(item) <= 256,
        arrayMap((key, value) -> concat(key, '=', value), mapKeys(attributes), mapValues(attributes))),

    INDEX segment_range segment TYPE minmax GRANULARITY 1,
    INDEX id_index id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX run_id_index run_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX trace_id_index trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX message_words lowerUTF8(message) TYPE text(tokenizer = 'splitByNonAlpha'),
    INDEX error_message_words lowerUTF8(error_message) TYPE text(tokenizer = 'splitByNonAlpha'),
    INDEX attribute_items_index attribute_items TYPE text(tokenizer = 'array')
)
ENGINE = MergeTree
PARTITION BY expires
ORDER BY (toStartOfFiveMinutes(time), service, time)
TTL expires
SETTINGS
    ttl_only_drop_parts = 1,
    -- Merges cost as much as inserts: with eight parts at a time instead of five an event is written
    -- again a quarter less often.
    merge_selector_base = 8,
    -- The memory of tokens by which a repeated insert is known.
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;
