-- What happened to each job in a stretch, in one row: counts, the shortest and longest run, the
-- extremes of what runs used and wrote, and by whom, where and with what arguments they were begun.
SELECT
    job,
    service,
    environment,
    countIf(kind = 'job.enqueued') AS enqueued_runs,
    countIf(kind = 'job.started') AS started_runs,
    countIf(kind = 'job.succeeded') AS succeeded_runs,
    countIf(kind = 'job.failed') AS failed_attempts,
    countIf(kind = 'job.retried') AS retried_attempts,
    toUnixTimestamp64Micro(max(time)) AS last_micros,
    any(runtime) AS the_runtime,
    argMin((run_id, release, duration_ms), if(is_measured, duration_ms, inf)) AS shortest,
    argMax((run_id, release, duration_ms), if(is_measured, duration_ms, -1)) AS longest,
    argMin((run_id, release, output), if(is_end AND output IS NOT NULL, output, inf)) AS least_output,
    argMax((run_id, release, output), if(is_end AND output IS NOT NULL, output, -1)) AS most_output,
    argMin((run_id, release, row_count), if(is_end AND row_count IS NOT NULL, row_count, inf)) AS least_rows,
    argMax((run_id, release, max_rss_bytes), if(is_end, ifNull(max_rss_bytes, -1), -1)) AS most_memory,
    argMax((run_id, release, cpu_ms), if(is_end, ifNull(cpu_ms, -1), -1)) AS most_processor_time,
    groupUniqArrayIf(8)(host, kind = 'job.started' AND host != '') AS hosts,
    groupUniqArrayIf(8)(actor, kind = 'job.enqueued' AND actor != '') AS actors,
    groupUniqArrayIf(8)(queue, kind = 'job.enqueued' AND queue != '') AS queues,
    groupUniqArrayIf(8)(
        if(startsWith(arguments, '{'),
            concat('{', arrayStringConcat(arraySort(JSONExtractKeys(arguments)), ', '), '}'),
            concat('[', arrayStringConcat(arrayMap(item -> toString(JSONType(item)), JSONExtractArrayRaw(arguments)), ', '), ']')),
        kind = 'job.enqueued' AND arguments != '') AS argument_shapes,
    anyIf(run_id, kind IN ('job.started', 'job.enqueued')) AS some_run,
    groupUniqArrayIf(4)(release, release != '') AS releases
FROM
(
    SELECT
        job, service, environment, kind, time, run_id, release, runtime, host, actor, queue, duration_ms,
        max_rss_bytes, cpu_ms,
        kind = 'job.succeeded' AS is_end,
        is_end AND duration_ms IS NOT NULL AS is_measured,
        toFloat64OrNull(attributes['output_bytes']) AS output,
        toFloat64OrNull(attributes['rows']) AS row_count,
        attributes['arguments'] AS arguments
    FROM events
    WHERE stream = 'jobs' AND job != ''
        AND kind IN ('job.enqueued', 'job.started', 'job.succeeded', 'job.failed', 'job.retried')
        AND /* range */
)
GROUP BY job, service, environment
ORDER BY last_micros DESC
LIMIT {limit:UInt32}
