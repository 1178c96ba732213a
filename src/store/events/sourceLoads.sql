-- How regularly each sender spoke: in how many stretches of ten minutes, from when to when.
SELECT
    service,
    host,
    stream,
    uniq(toStartOfTenMinutes(time)) AS stretches,
    toUnixTimestamp64Micro(min(time)) AS first_micros,
    toUnixTimestamp64Micro(max(time)) AS last_micros
FROM events
WHERE host != '' AND runtime NOT IN ('midwatch', 'midwatch-agent') AND NOT startsWith(service, {sample:String}) AND /* range */
GROUP BY service, host, stream
ORDER BY stretches DESC
LIMIT {limit:UInt32}
