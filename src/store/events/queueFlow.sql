-- What came into each queue, what was taken from it to be done, and what ended, by stretch. A failure
-- that is tried again ends nothing. Who tells how long a run waited has told that it was asked for: of
-- one that nobody asked for on record, nothing came, so nothing is taken.
SELECT
    queue,
    service,
    environment,
    intDiv(toUnixTimestamp64Micro(time) - {from:Int64}, {step:Int64}) AS stretch,
    countIf(kind = 'job.enqueued') AS came,
    countIf(kind = 'job.started' AND wait_ms IS NOT NULL AND ifNull(attempt, 1) <= 1) AS taken,
    toInt64(countIf(kind IN ('job.succeeded', 'job.discarded', 'job.cancelled', 'job.failed', 'job.lost')))
        - toInt64(countIf(kind = 'job.retried')) AS went
FROM events
WHERE stream = 'jobs' AND queue != ''
    AND kind IN ('job.enqueued', 'job.started', 'job.succeeded', 'job.discarded', 'job.cancelled', 'job.failed', 'job.lost', 'job.retried')
    AND /* filter */
GROUP BY queue, service, environment, stretch
ORDER BY queue, service, environment, stretch
LIMIT 100000
