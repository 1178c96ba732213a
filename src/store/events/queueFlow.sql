-- What came into each queue and what left it, by stretch. A failure that is tried again leaves nothing.
SELECT
    queue,
    service,
    environment,
    intDiv(toUnixTimestamp64Micro(time) - {from:Int64}, {step:Int64}) AS stretch,
    countIf(kind = 'job.enqueued') AS came,
    toInt64(countIf(kind IN ('job.succeeded', 'job.discarded', 'job.cancelled', 'job.failed', 'job.lost')))
        - toInt64(countIf(kind = 'job.retried')) AS went
FROM events
WHERE stream = 'jobs' AND queue != ''
    AND kind IN ('job.enqueued', 'job.succeeded', 'job.discarded', 'job.cancelled', 'job.failed', 'job.lost', 'job.retried')
    AND /* filter */
GROUP BY queue, service, environment, stretch
ORDER BY queue, service, environment, stretch
LIMIT 100000
