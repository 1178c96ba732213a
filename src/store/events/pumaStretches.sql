-- How busy each Puma was, by stretch.
SELECT
    worker,
    intDiv(toUnixTimestamp64Micro(time) - {from:Int64}, {step:Int64}) AS stretch,
    avg(toFloat64OrZero(attributes['busy_threads'])) AS busy,
    max(toFloat64OrZero(attributes['max_threads'])) AS threads,
    max(toFloat64OrZero(attributes['backlog'])) AS backlog
FROM events
WHERE stream = 'logs' AND kind = 'puma.stats' AND worker != '' AND /* filter */
GROUP BY worker, stretch
ORDER BY worker, stretch
LIMIT 50000
