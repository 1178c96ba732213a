-- Runs {first} to {first} + {count}, two events each: every job once an hour on the hour, and a few
-- runs left out, left open or failed, so that a tick has something to find. Made from numbers alone.
INSERT INTO events
    (id, time, received_time, stream, kind, service, environment, host, release, runtime, job, run_id,
     attempt, queue, worker, outcome, duration_ms, wait_ms, error_class, error_message, severity, source,
     source_seq, attributes, segment, segment_index, expires)
WITH
    number AS n,
    intDiv(n, 2) AS run,
    n % 2 AS is_end,
    run % {jobs:UInt64} AS job_number,
    intDiv(run, {jobs:UInt64}) AS hour,
    sipHash64(run) AS hash,
    hour + 1 = {hours:UInt64} AS is_last_hour,
    1000 + hash % 60000 AS duration,
    {from_micros:Int64} + toInt64(hour) * 3600000000 + hash % 20000000 + if(is_end, toInt64(duration) * 1000, 0) AS micros
SELECT
    reinterpretAsUUID(bitShiftLeft(toUInt128(sipHash64(n, 1)), 64) + n),
    fromUnixTimestamp64Micro(micros, 'UTC'),
    fromUnixTimestamp64Micro(micros, 'UTC') + INTERVAL 1 SECOND,
    'jobs',
    multiIf(NOT is_end, 'job.started', job_number % 1000 = 7, 'job.failed', 'job.succeeded'),
    concat('service-', toString(job_number % 20)),
    'production',
    concat('host-', toString(job_number % 50)),
    concat('v', toString(intDiv(hour, 100))),
    'cron',
    concat('Job', toString(job_number)),
    concat('run-', toString(run)),
    1,
    'default',
    concat('host-', toString(job_number % 50), ':', toString(1000 + run % 8), ':1'),
    if(is_end, 'ok', ''),
    if(is_end, toFloat64(duration), NULL),
    if(is_end, NULL, toFloat64(hash % 5000) / 10),
    if(is_end AND job_number % 1000 = 7, 'Net::ReadTimeout', ''),
    if(is_end AND job_number % 1000 = 7, 'no answer within 30 s', ''),
    if(is_end AND job_number % 1000 = 7, 'error', ''),
    concat('host-', toString(job_number % 50), '/agent'),
    n,
    CAST(map(), 'Map(String, String)'),
    1 + intDiv(n, 10000),
    n % 10000,
    toDate('2100-01-01')
FROM numbers({first:UInt64}, {count:UInt64})
-- Of the last hour: one job in a hundred did not run, and one in a thousand has not ended.
WHERE NOT (is_last_hour AND (job_number % 100 = 3 OR (is_end AND job_number % 1000 = 5)))
