-- Processes that ran jobs or said that they are there; the newest first.
SELECT
    worker,
    argMaxIf(host, time, host != '') AS newest_host,
    argMaxIf(service, time, service != '') AS newest_service,
    argMaxIf(environment, time, environment != '') AS newest_environment,
    argMaxIf(release, time, release != '') AS newest_release,
    argMaxIf(runtime, time, runtime != '') AS newest_runtime,
    toUnixTimestamp64Micro(max(time)) AS last_micros,
    toUnixTimestamp64Micro(minIf(time, kind = 'worker.started')) AS started_micros,
    toUnixTimestamp64Micro(maxIf(time, kind IN ('worker.started', 'worker.heartbeat'))) AS heard_micros,
    argMax(toString(kind), (time, kind IN ('worker.stopped', 'worker.lost'))) AS newest_kind,
    countIf(kind = 'job.started') AS runs
FROM events
WHERE stream = 'jobs' AND worker != '' AND runtime NOT IN ('puma', 'midwatch', 'midwatch-agent', 'cron')
    AND kind IN ('worker.started', 'worker.heartbeat', 'worker.stopped', 'worker.lost', 'job.started', 'job.succeeded', 'job.failed')
    AND /* filter */
GROUP BY worker
ORDER BY last_micros DESC
LIMIT 2000
