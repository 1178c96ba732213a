SELECT
    count() AS events,
    toUnixTimestamp64Micro(max(time)) AS last_micros,
    uniqExactIf(host, host != '') AS hosts
FROM events
WHERE /* filter */
LIMIT 1
