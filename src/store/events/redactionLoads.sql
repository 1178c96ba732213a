-- How many values were hidden in the last hour, and in the hours before in which any was.
SELECT
    leaking_service,
    leaking_job,
    rule,
    sumIf(hidden, is_now) AS hidden_now,
    sumIf(hidden, NOT is_now) AS hidden_before,
    toUnixTimestamp64Micro(min(time)) AS first_micros
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
)
GROUP BY leaking_service, leaking_job, rule
ORDER BY hidden_now DESC
LIMIT {limit:UInt32}
