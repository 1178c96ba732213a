SELECT
    intDiv(toUnixTimestamp64Micro(time) - {from:Int64}, {step:Int64}) AS bucket,
    severity,
    count() AS count
FROM events
WHERE /* filter */
GROUP BY bucket, severity
LIMIT 10000
