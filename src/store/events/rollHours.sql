-- What happened in some hours, a row for each job and release.
INSERT INTO job_hours
    (job, service, environment, hour, release, written, enqueued, started, succeeded, failed, retried,
     duration_ms, output_bytes, row_counts, max_rss_bytes, cpu_ms, wait_ms)
SELECT
    job,
    service,
    environment,
    toStartOfHour(time) AS hour,
    release,
    now64(3),
    countIf(kind = 'job.enqueued'),
    countIf(kind = 'job.started'),
    countIf(kind = 'job.succeeded'),
    countIf(kind = 'job.failed'),
    countIf(kind = 'job.retried'),
    groupArraySampleIf(12, 1)(toFloat32(assumeNotNull(duration_ms)), kind = 'job.succeeded' AND duration_ms IS NOT NULL),
    groupArraySampleIf(12, 1)(assumeNotNull(output), kind = 'job.succeeded' AND output IS NOT NULL),
    groupArraySampleIf(12, 1)(assumeNotNull(row_count), kind = 'job.succeeded' AND row_count IS NOT NULL),
    groupArraySampleIf(12, 1)(toFloat32(assumeNotNull(max_rss_bytes)), kind = 'job.succeeded' AND max_rss_bytes IS NOT NULL),
    groupArraySampleIf(12, 1)(toFloat32(assumeNotNull(cpu_ms)), kind = 'job.succeeded' AND cpu_ms IS NOT NULL),
    groupArraySampleIf(12, 1)(toFloat32(assumeNotNull(wait_ms)), kind = 'job.started' AND wait_ms IS NOT NULL)
FROM
(
    SELECT
        job, service, environment, release, time, kind, duration_ms, max_rss_bytes, cpu_ms, wait_ms,
        toFloat32OrNull(attributes['output_bytes']) AS output,
        toFloat32OrNull(attributes['rows']) AS row_count
    FROM events
    WHERE stream = 'jobs' AND job != '' AND NOT startsWith(service, {sample:String})
        AND kind IN ('job.enqueued', 'job.started', 'job.succeeded', 'job.failed', 'job.retried')
        AND /* range */
)
GROUP BY job, service, environment, hour, release
LIMIT 10000000
