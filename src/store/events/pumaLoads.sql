-- What each Puma said of itself in the last minutes.
SELECT
    service,
    environment,
    host,
    worker,
    count() AS samples,
    countIf(toFloat64OrZero(attributes['backlog']) > 0) AS samples_with_backlog,
    countIf(toFloat64OrNull(attributes['pool_capacity']) = 0) AS samples_without_capacity,
    max(toFloat64OrZero(attributes['backlog'])) AS backlog_most,
    max(toFloat64OrZero(attributes['max_threads'])) AS threads,
    argMax(arrayMax(arrayConcat([0.], arrayMap(
        one -> JSONExtractFloat(one, 'last_checkin_ms'), JSONExtractArrayRaw(attributes['workers'])))), time) AS checkin_ms
FROM events
WHERE stream = 'logs' AND kind = 'puma.stats' AND NOT startsWith(service, {sample:String}) AND /* range */
GROUP BY service, environment, host, worker
ORDER BY samples_without_capacity DESC
LIMIT {limit:UInt32}
