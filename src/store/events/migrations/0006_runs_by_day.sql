-- migration: 0006
-- about: runs by day, so that a screen of a day reads the runs of a day
-- breaking: no

-- A run has a row for each day on which something was heard of it; most have one. A table cannot
-- change its order, so its rows move to another one: each of these steps may be repeated, and none
-- hurts what is stored.
DROP TABLE IF EXISTS runs_by_day SYNC;

CREATE TABLE runs_by_day
(
    day Date CODEC(ZSTD(1)),
    run_hash UInt64,
    run_id String CODEC(ZSTD(1)),
    first_time SimpleAggregateFunction(min, DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    last_time SimpleAggregateFunction(max, DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    -- Below the place: source_seq * 16 + number of the state.
    life SimpleAggregateFunction(max, UInt128) CODEC(ZSTD(1)),
    -- The same without source_seq, place * 16 + number of the state, to sort and to filter by.
    changed SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1)),
    starts SimpleAggregateFunction(groupUniqArrayArray, Array(UInt64)) CODEC(ZSTD(1)),
    enqueued_time SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC'))) CODEC(ZSTD(1)),
    started_time SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC'))) CODEC(ZSTD(1)),
    ended_time SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC'))) CODEC(ZSTD(1)),
    -- Below the place: the number's 64 bits.
    duration_ms SimpleAggregateFunction(max, UInt128) CODEC(ZSTD(1)),
    wait_ms SimpleAggregateFunction(max, UInt128) CODEC(ZSTD(1)),
    -- Below the place: the hash of the text, to filter and to group by.
    job_mark SimpleAggregateFunction(max, UInt128) CODEC(ZSTD(1)),
    service_mark SimpleAggregateFunction(max, UInt128) CODEC(ZSTD(1)),
    environment_mark SimpleAggregateFunction(max, UInt128) CODEC(ZSTD(1)),
    trace_mark SimpleAggregateFunction(max, UInt128) CODEC(ZSTD(1)),
    job AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    service AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    environment AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    runtime AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    queue AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    host AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    worker AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    actor AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    release AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    trace_id AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    parent_run_id AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    error_class AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    error_message AggregateFunction(argMax, String, UInt64) CODEC(ZSTD(1)),
    sample SimpleAggregateFunction(max, UInt8),
    expires SimpleAggregateFunction(max, Date),

    INDEX run_index run_hash TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = AggregatingMergeTree
ORDER BY (day, run_hash, run_id)
TTL expires
SETTINGS
    index_granularity = 512,
    merge_selector_base = 8,
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

INSERT INTO runs_by_day
(
    day,
    run_hash, run_id, first_time, last_time, life, changed, starts, enqueued_time, started_time,
    ended_time, duration_ms, wait_ms, job_mark, service_mark, environment_mark, trace_mark, job,
    service, environment, runtime, queue, host, worker, actor, release, trace_id, parent_run_id,
    error_class, error_message, sample, expires
)
SELECT
    toDate(last_time),
    run_hash, run_id, first_time, last_time, life, changed, starts, enqueued_time, started_time,
    ended_time, duration_ms, wait_ms, job_mark, service_mark, environment_mark, trace_mark, job,
    service, environment, runtime, queue, host, worker, actor, release, trace_id, parent_run_id,
    error_class, error_message, sample, expires
FROM runs;

DROP VIEW IF EXISTS runs_from_events SYNC;

EXCHANGE TABLES runs AND runs_by_day;

DROP TABLE runs_by_day SYNC;

-- As in migration 0002, but for the day.
CREATE MATERIALIZED VIEW runs_from_events TO runs AS
WITH
    -- `rankOf` of src/model/run.ts.
    transform(
        toString(event.kind),
        ['job.scheduled', 'job.enqueued', 'job.started', 'job.lost', 'job.failed', 'job.retried',
         'job.discarded', 'job.cancelled', 'job.succeeded'],
        [0, 0, 1, 2, 3, 4, 5, 5, 5],
        1) AS rank,
    -- `stateAfter` of src/model/run.ts, as the number of the state in `runStates`, from 1; 0: none.
    transform(
        toString(event.kind),
        ['job.scheduled', 'job.enqueued', 'job.started', 'job.retried', 'job.succeeded', 'job.failed',
         'job.discarded', 'job.cancelled', 'job.lost'],
        [1, 1, 2, 3, 4, 5, 6, 7, 8],
        0) AS state,
    state > 2 AS is_end,
    -- An enqueue comes before everything else; then time decides, then rank.
    if(rank = 0, 0, bitShiftLeft(1::UInt64, 58)) + toUInt64(toUnixTimestamp64Micro(event.time)) * 8 + rank AS place,
    bitShiftLeft(toUInt128(place), 64) AS upper
SELECT
    toDate(event.time) AS day,
    cityHash64(event.run_id) AS run_hash,
    event.run_id AS run_id,
    min(event.time) AS first_time,
    max(event.time) AS last_time,
    max(if(state = 0, 0::UInt128, upper + toUInt128(ifNull(event.source_seq, 0)) * 16 + state)) AS life,
    max(if(state = 0, 0::UInt64, place * 16 + state)) AS changed,
    groupUniqArrayIf(cityHash64(event.id), event.kind = 'job.started') AS starts,
    min(if(rank = 0, event.time, NULL)) AS enqueued_time,
    max(if(event.kind = 'job.started', event.time, NULL)) AS started_time,
    max(if(is_end, event.time, NULL)) AS ended_time,
    max(if(is_end AND event.duration_ms IS NOT NULL,
        upper + reinterpretAsUInt64(assumeNotNull(event.duration_ms)), 0::UInt128)) AS duration_ms,
    max(if(event.kind = 'job.started' AND event.wait_ms IS NOT NULL,
        upper + reinterpretAsUInt64(assumeNotNull(event.wait_ms)), 0::UInt128)) AS wait_ms,
    max(if(event.job = '', 0::UInt128, upper + cityHash64(event.job))) AS job_mark,
    max(if(event.service = '', 0::UInt128, upper + cityHash64(event.service))) AS service_mark,
    max(if(event.environment = '', 0::UInt128, upper + cityHash64(event.environment))) AS environment_mark,
    max(if(event.trace_id = '', 0::UInt128, upper + cityHash64(event.trace_id))) AS trace_mark,
    argMaxState(toString(event.job), if(event.job = '', 0::UInt64, place)) AS job,
    argMaxState(toString(event.service), if(event.service = '', 0::UInt64, place)) AS service,
    argMaxState(toString(event.environment), if(event.environment = '', 0::UInt64, place)) AS environment,
    argMaxState(toString(event.runtime), if(event.runtime = '', 0::UInt64, place)) AS runtime,
    argMaxState(toString(event.queue), if(event.queue = '', 0::UInt64, place)) AS queue,
    argMaxState(toString(event.host), if(event.host = '', 0::UInt64, place)) AS host,
    argMaxState(toString(event.worker), if(event.worker = '', 0::UInt64, place)) AS worker,
    argMaxState(toString(event.actor), if(event.actor = '', 0::UInt64, place)) AS actor,
    argMaxState(toString(event.release), if(event.release = '', 0::UInt64, place)) AS release,
    argMaxState(toString(event.trace_id), if(event.trace_id = '', 0::UInt64, place)) AS trace_id,
    argMaxState(toString(event.parent_run_id), if(event.parent_run_id = '', 0::UInt64, place)) AS parent_run_id,
    argMaxState(toString(event.error_class), if(event.error_class = '', 0::UInt64, place)) AS error_class,
    -- Of the event that gave the class. The whole message stands in the event.
    argMaxState(leftUTF8(event.error_message, 1000), if(event.error_class = '', 0::UInt64, place)) AS error_message,
    max(startsWith(event.service, 'sample:')) AS sample,
    max(event.expires) AS expires
FROM events AS event
WHERE event.run_id != '' AND startsWith(event.kind, 'job.')
GROUP BY day, event.run_id;
