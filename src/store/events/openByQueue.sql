-- Runs that have not ended, by the queue they wait in. As in openRuns.sql, rows are candidates and
-- the run as a whole decides.
SELECT
    queue,
    service,
    environment,
    countIf(state = 1) AS waiting,
    countIf(state = 2) AS running,
    countIf(state = 3) AS retrying,
    toUnixTimestamp64Micro(minIf(asked, state = 1)) AS oldest_micros
FROM
(
    SELECT
        argMaxMerge(runs.queue) AS queue,
        argMaxMerge(runs.service) AS service,
        argMaxMerge(runs.environment) AS environment,
        bitAnd(toUInt64(max(life)), 15) AS state,
        ifNull(min(enqueued_time), min(first_time)) AS asked
    FROM runs
    WHERE run_hash IN (
        SELECT run_hash FROM runs
        WHERE bitAnd(changed, 15) IN (1, 2, 3) AND /* candidates */)
    GROUP BY run_hash
    HAVING state IN (1, 2, 3) AND /* filter */
)
WHERE queue != ''
GROUP BY queue, service, environment
ORDER BY waiting DESC, running DESC, queue
LIMIT 1000
