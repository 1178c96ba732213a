-- What each Puma said of itself last.
SELECT
    worker,
    max(time) AS last_time,
    toUnixTimestamp64Micro(last_time) AS last_micros,
    argMax(host, time) AS newest_host,
    argMax(service, time) AS newest_service,
    argMax(environment, time) AS newest_environment,
    argMax(release, time) AS newest_release,
    argMax(attributes, time) AS newest_attributes,
    -- Counted from its start, and from zero again after another: what was added in the range.
    max(toUInt64OrZero(attributes['requests_count'])) - min(toUInt64OrZero(attributes['requests_count'])) AS requests
FROM events
WHERE stream = 'logs' AND kind = 'puma.stats' AND worker != '' AND /* filter */
GROUP BY worker
ORDER BY last_micros DESC
LIMIT 500
