-- How often each job ran in one hour, and in the same hours of the weeks before.
SELECT
    job,
    service,
    environment,
    toUnixTimestamp(min(hour)) AS first_hour,
    sumIf(runs, is_now) AS runs_now,
    sumMapIf(map(toUnixTimestamp(hour), runs), NOT is_now AND week_hour = {week_hour:UInt8}) AS week_volumes
FROM
(
    SELECT
        job,
        service,
        environment,
        hour,
        toUInt64(greatest(enqueued, started)) AS runs,
        hour = fromUnixTimestamp({hour_seconds:Int64}) AS is_now,
        (toDayOfWeek(hour, 0, {time_zone:String}) - 1) * 24 + toHour(hour, {time_zone:String}) AS week_hour
    FROM job_hours FINAL
    WHERE hour >= fromUnixTimestamp({from_seconds:Int64}) AND hour <= fromUnixTimestamp({hour_seconds:Int64})
)
GROUP BY job, service, environment
ORDER BY job, service, environment
LIMIT {limit:UInt32}
