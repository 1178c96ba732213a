-- How many values were hidden in the last hour, and in the hours before in which any was; since when
-- the job is known, and under which release it ran before and runs now.
SELECT
    leaking_service,
    leaking_job,
    rule,
    sumIf(hidden, is_now) AS hidden_now,
    sumIf(hidden, NOT is_now) AS hidden_before,
    toUnixTimestamp64Micro(min(time)) AS first_micros,
    any(known.known_seconds) AS known_seconds,
    any(known.release_before) AS release_before,
    any(latest.release_now) AS release_now
FROM
(
    SELECT
        time,
        time >= fromUnixTimestamp64Micro({now_micros:Int64}, 'UTC') - INTERVAL 1 HOUR AS is_now,
        trim(BOTH '"' FROM attributes['leaking_service']) AS leaking_service,
        trim(BOTH '"' FROM attributes['leaking_job']) AS leaking_job,
        trim(BOTH '"' FROM attributes['rule']) AS rule,
        toUInt64OrZero(attributes['count']) AS hidden
    FROM events
    WHERE stream = 'logs' AND kind = 'redaction.summary' AND NOT startsWith(attributes['leaking_service'], {sample:String}) AND /* range */
) AS hidden_values
LEFT JOIN
(
    SELECT service, job, toUnixTimestamp(min(hour)) AS known_seconds, argMax(release, hour) AS release_before
    FROM job_hours FINAL
    WHERE
        hour >= fromUnixTimestamp64Micro({now_micros:Int64}, 'UTC') - INTERVAL 8 DAY
        AND hour < toStartOfHour(fromUnixTimestamp64Micro({now_micros:Int64}, 'UTC'))
    GROUP BY service, job
) AS known ON known.service = leaking_service AND known.job = leaking_job
LEFT JOIN
(
    SELECT service, job, argMax(release, time) AS release_now
    FROM events
    WHERE
        stream = 'jobs' AND kind = 'job.started'
        AND time >= fromUnixTimestamp64Micro({now_micros:Int64}, 'UTC') - INTERVAL 1 HOUR
    GROUP BY service, job
) AS latest ON latest.service = leaking_service AND latest.job = leaking_job
GROUP BY leaking_service, leaking_job, rule
ORDER BY hidden_now DESC
LIMIT {limit:UInt32}
