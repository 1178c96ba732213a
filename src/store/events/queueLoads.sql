-- Of each queue: runs that were asked for, are due and have not begun; how fast runs come and go.
WITH fromUnixTimestamp64Micro({now_micros:Int64}, 'UTC') AS moment
SELECT
    run_queue AS queue,
    run_service AS service,
    run_environment AS environment,
    countIf(NOT is_taken AND due <= moment) AS waiting_runs,
    toUnixTimestamp64Micro(minIf(due, NOT is_taken AND due <= moment)) AS oldest_micros,
    countIf(due > moment - INTERVAL 15 MINUTE AND due <= moment) AS asked_runs,
    countIf(taken > moment - INTERVAL 15 MINUTE) AS taken_runs
FROM
(
    SELECT
        any(queue) AS run_queue,
        any(service) AS run_service,
        any(environment) AS run_environment,
        max(kind NOT IN ('job.enqueued', 'job.scheduled')) AS is_taken,
        maxIf(time, kind = 'job.started') AS taken,
        max(ifNull(parseDateTime64BestEffortOrNull(trim(BOTH '"' FROM attributes['due_time']), 6, 'UTC'), time)) AS due_given,
        if(countIf(kind IN ('job.enqueued', 'job.scheduled')) = 0, toDateTime64('2100-01-01', 6, 'UTC'), due_given) AS due
    FROM events
    WHERE stream = 'jobs' AND queue != '' AND run_id != ''
        AND kind IN ('job.enqueued', 'job.scheduled', 'job.started', 'job.discarded', 'job.cancelled')
        AND NOT startsWith(service, {sample:String}) AND /* range */
    GROUP BY run_id
)
GROUP BY run_queue, run_service, run_environment
ORDER BY waiting_runs DESC
LIMIT {limit:UInt32}
