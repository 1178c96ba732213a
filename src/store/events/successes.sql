SELECT
    job,
    service,
    environment,
    argMax(run_id, time) AS newest_run,
    toUnixTimestamp64Micro(max(time)) AS at_micros
FROM events
WHERE segment >= {after_segment:UInt64} AND segment <= {until_segment:UInt64}
    AND (segment, segment_index) > ({after_segment:UInt64}, {after_index:UInt32})
    AND (segment, segment_index) <= ({until_segment:UInt64}, {until_index:UInt32})
    AND kind = 'job.succeeded' AND job IN {jobs:Array(String)}
GROUP BY job, service, environment
LIMIT 100000
