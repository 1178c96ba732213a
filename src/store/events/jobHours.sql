-- What happened in each hour of one job.
SELECT
    toUnixTimestamp(hour) AS hour_seconds,
    sum(enqueued) AS enqueued_runs,
    sum(started) AS started_runs,
    sum(succeeded) AS succeeded_runs,
    sum(failed) AS failed_attempts,
    groupArrayArray(48)(duration_ms) AS durations,
    groupUniqArray(8)(release) AS releases
FROM job_hours FINAL
WHERE job = {job:String} AND ({service:String} = '' OR service = {service:String})
    AND ({environment:String} = '' OR environment = {environment:String})
    AND hour >= fromUnixTimestamp({from_seconds:Int64}) AND hour < fromUnixTimestamp({until_seconds:Int64})
GROUP BY hour
ORDER BY hour
LIMIT {limit:UInt32}
