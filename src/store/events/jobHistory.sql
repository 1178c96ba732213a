-- What was usual of some jobs in the weeks before an hour: samples of the same hour of the week, of
-- the hours around it in the weeks before, of the same hour of any day, and of all, the newest of each;
-- of the wider ones a few of each hour, so that those of a busy job reach back over days and weeks.
SELECT
    job,
    service,
    environment,
    toUnixTimestamp(min(hour)) AS first_hour,
    count() AS hours,
    groupArrayLastArrayIf(60)(duration_ms, same_week_hour) AS week_durations,
    groupArrayLastArrayIf(60)(arraySlice(duration_ms, 1, 3), near_week_hour) AS near_durations,
    groupArrayLastArrayIf(60)(arraySlice(duration_ms, 1, 3), near_week_hour AND hour >= fromUnixTimestamp({until_seconds:Int64} - 8 * 86400)) AS last_week_durations,
    groupArrayLastArrayIf(60)(duration_ms, same_day_hour) AS day_durations,
    groupArrayLastArray(480)(arraySlice(duration_ms, 1, 3)) AS all_durations,
    groupArrayLastArray(60)(output_bytes) AS outputs,
    groupArrayLastArray(60)(row_counts) AS row_count_samples,
    groupArrayLastArray(60)(max_rss_bytes) AS memories,
    groupArrayLastArray(60)(cpu_ms) AS processor_times,
    groupArrayLastArray(60)(wait_ms) AS waits,
    sum(succeeded) AS succeeded_runs,
    sum(failed) AS failed_attempts,
    sumIf(succeeded, same_day_hour) AS day_succeeded_runs,
    sumIf(failed, same_day_hour) AS day_failed_attempts,
    -- Hours of the week in which it ever ran.
    groupUniqArrayIf(168)(week_hour, started > 0 OR enqueued > 0) AS active_hours,
    minMap(map(release, toUnixTimestamp(hour))) AS releases,
    arraySlice(arrayReverseSort(groupArrayIf((toUnixTimestamp(hour), release, duration_ms[1]), notEmpty(duration_ms))), 1, 60) AS newest_durations
FROM
(
    SELECT
        *,
        (toDayOfWeek(hour, 0, {time_zone:String}) - 1) * 24 + toHour(hour, {time_zone:String}) AS week_hour,
        week_hour = {week_hour:UInt8} AS same_week_hour,
        (week_hour + 168 - {week_hour:UInt8} + 2) % 168 <= 4
            AND hour < fromUnixTimestamp({until_seconds:Int64} - 86400) AS near_week_hour,
        week_hour % 24 = {week_hour:UInt8} % 24 AS same_day_hour
    FROM job_hours FINAL
    WHERE job IN {jobs:Array(String)}
        AND hour >= fromUnixTimestamp({from_seconds:Int64}) AND hour < fromUnixTimestamp({until_seconds:Int64})
    ORDER BY hour
)
GROUP BY job, service, environment
LIMIT {limit:UInt32}
