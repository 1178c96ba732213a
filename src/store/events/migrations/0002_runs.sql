-- migration: 0002
-- about: one row a run, folded from its events as src/model/run.ts does
-- breaking: no

-- Each value stands behind the place of its event in the life of the run, so that the greatest
-- pair holds the newest value, in whatever order, how often and in how many parts events arrive.
-- Place 0 means that the value is absent. The hash makes grouping a million runs cheap.
CREATE TABLE runs
(
    run_hash UInt64,
    run_id String,
    first_time SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_time SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    life SimpleAggregateFunction(max, Tuple(place UInt64, source_seq Int64, state String)),
    starts SimpleAggregateFunction(groupUniqArrayArray, Array(UInt64)),
    enqueued_time SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC'))),
    started_time SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC'))),
    ended_time SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC'))),
    job SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    service SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    environment SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    runtime SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    queue SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    host SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    worker SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    actor SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    release SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    trace_id SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    parent_run_id SimpleAggregateFunction(max, Tuple(place UInt64, value String)),
    duration_ms SimpleAggregateFunction(max, Tuple(place UInt64, value Float64)),
    wait_ms SimpleAggregateFunction(max, Tuple(place UInt64, value Float64)),
    error SimpleAggregateFunction(max, Tuple(place UInt64, class String, message String)),
    sample SimpleAggregateFunction(max, UInt8),
    expires SimpleAggregateFunction(max, Date)
)
ENGINE = AggregatingMergeTree
ORDER BY (run_hash, run_id)
TTL expires
SETTINGS
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

CREATE MATERIALIZED VIEW runs_from_events TO runs AS
WITH
    -- `rankOf` and `stateAfter` of src/model/run.ts.
    transform(
        toString(event.kind),
        ['job.scheduled', 'job.enqueued', 'job.started', 'job.lost', 'job.failed', 'job.retried',
         'job.discarded', 'job.cancelled', 'job.succeeded'],
        [0, 0, 1, 2, 3, 4, 5, 5, 5],
        1) AS rank,
    transform(
        toString(event.kind),
        ['job.scheduled', 'job.enqueued', 'job.started', 'job.lost', 'job.failed', 'job.retried',
         'job.discarded', 'job.cancelled', 'job.succeeded'],
        ['waiting', 'waiting', 'running', 'lost', 'failed', 'retrying', 'discarded', 'cancelled', 'succeeded'],
        '') AS state,
    state NOT IN ('', 'waiting', 'running') AS is_end,
    -- An enqueue comes before everything else; then time decides, then rank.
    if(rank = 0, 0, bitShiftLeft(1::UInt64, 62)) + toUInt64(toUnixTimestamp64Micro(event.time)) * 8 + rank AS place
SELECT
    cityHash64(event.run_id) AS run_hash,
    event.run_id AS run_id,
    min(event.time) AS first_time,
    max(event.time) AS last_time,
    max(if(state = '', (0::UInt64, 0::Int64, ''), (place, ifNull(event.source_seq, 0), state))) AS life,
    groupUniqArrayIf(cityHash64(event.id), event.kind = 'job.started') AS starts,
    min(if(rank = 0, event.time, NULL)) AS enqueued_time,
    max(if(event.kind = 'job.started', event.time, NULL)) AS started_time,
    max(if(is_end, event.time, NULL)) AS ended_time,
    max((if(event.job = '', 0, place), toString(event.job))) AS job,
    max((if(event.service = '', 0, place), toString(event.service))) AS service,
    max((if(event.environment = '', 0, place), toString(event.environment))) AS environment,
    max((if(event.runtime = '', 0, place), toString(event.runtime))) AS runtime,
    max((if(event.queue = '', 0, place), toString(event.queue))) AS queue,
    max((if(event.host = '', 0, place), toString(event.host))) AS host,
    max((if(event.worker = '', 0, place), toString(event.worker))) AS worker,
    max((if(event.actor = '', 0, place), toString(event.actor))) AS actor,
    max((if(event.release = '', 0, place), toString(event.release))) AS release,
    max((if(event.trace_id = '', 0, place), event.trace_id)) AS trace_id,
    max((if(event.parent_run_id = '', 0, place), event.parent_run_id)) AS parent_run_id,
    max((if(is_end AND event.duration_ms IS NOT NULL, place, 0), ifNull(if(is_end, event.duration_ms, 0), 0))) AS duration_ms,
    max((if(event.kind = 'job.started' AND event.wait_ms IS NOT NULL, place, 0),
        ifNull(if(event.kind = 'job.started', event.wait_ms, 0), 0))) AS wait_ms,
    max((if(event.error_class = '', 0, place), toString(event.error_class),
        if(event.error_class = '', '', leftUTF8(event.error_message, 1000)))) AS error,
    max(startsWith(event.service, 'sample:')) AS sample,
    max(event.expires) AS expires
FROM events AS event
WHERE event.run_id != '' AND startsWith(event.kind, 'job.')
GROUP BY event.run_id;
