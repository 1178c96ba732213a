-- Requests, errors of the server and how long answers took, by host and stretch.
SELECT
    service,
    environment,
    host,
    intDiv(toUnixTimestamp64Micro(time) - {from:Int64}, {step:Int64}) AS stretch,
    count() AS requests,
    countIf(outcome = 'failed' OR severity IN ('error', 'fatal')) AS errors,
    quantilesTDigest(0.5, 0.95)(ifNull(duration_ms, 0)) AS durations
FROM events
WHERE stream = 'http' AND kind = 'http.request' AND /* filter */
GROUP BY service, environment, host, stretch
ORDER BY service, environment, host, stretch
LIMIT 50000
