-- How each service answers requests now, and how it did in the hour before.
SELECT
    service,
    environment,
    countIf(is_now) AS requests,
    countIf(is_now AND status >= 500) AS errors,
    quantileIf(0.95)(duration_ms, is_now) AS p95,
    quantileIf(0.99)(duration_ms, is_now) AS p99,
    countIf(NOT is_now) AS requests_before,
    countIf(NOT is_now AND status >= 500) AS errors_before,
    quantileIf(0.95)(duration_ms, NOT is_now) AS p95_before,
    quantileIf(0.99)(duration_ms, NOT is_now) AS p99_before,
    argMaxIf(route, duration_ms, is_now) AS slowest_route
FROM
(
    SELECT
        service,
        environment,
        time >= fromUnixTimestamp64Micro({now_micros:Int64}, 'UTC') - INTERVAL 5 MINUTE AS is_now,
        toUInt16OrZero(attributes['status']) AS status,
        ifNull(duration_ms, 0) AS duration_ms,
        trim(BOTH '"' FROM attributes['route']) AS route
    FROM events
    WHERE stream = 'http' AND kind = 'http.request' AND NOT startsWith(service, {sample:String}) AND /* range */
)
GROUP BY service, environment
ORDER BY requests DESC
LIMIT {limit:UInt32}
