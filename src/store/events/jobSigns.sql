SELECT
    kind,
    job,
    service,
    environment,
    host,
    actor,
    run_id,
    toUnixTimestamp64Micro(time) AS at_micros
FROM events
WHERE /* filter */
ORDER BY time, id
LIMIT {limit:UInt32}
