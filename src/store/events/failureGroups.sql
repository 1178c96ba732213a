-- Failed attempts that are the same: by fingerprint, or by job and class where no recorder made one.
SELECT
    if(fingerprint = '', concat(job, ' ', if(error_class = '', kind, error_class)), fingerprint) AS group_key,
    any(fingerprint) AS the_fingerprint,
    count() AS attempts,
    uniq(run_id) AS runs,
    toUnixTimestamp64Micro(min(time)) AS first_micros,
    toUnixTimestamp64Micro(max(time)) AS last_micros,
    argMax(toString(kind), time) AS newest_kind,
    argMax(toString(error_class), time) AS newest_class,
    argMax(leftUTF8(error_message, 1000), time) AS newest_message,
    argMax(leftUTF8(error_stack, 8000), time) AS newest_stack,
    argMax(toString(id), time) AS newest_event,
    argMax(run_id, time) AS newest_run,
    argMinIf(toString(release), time, release != '') AS first_release,
    argMaxIf(toString(release), time, release != '') AS last_release,
    groupUniqArray(20)(toString(job)) AS jobs,
    groupUniqArray(10)(toString(service)) AS services,
    sumMap(map(toUInt32(intDiv(toUnixTimestamp64Micro(time) - {from:Int64}, {step:Int64})), 1::UInt64)) AS by_stretch
FROM events
WHERE stream = 'jobs' AND kind IN ('job.failed', 'job.lost') AND /* filter */
GROUP BY group_key
ORDER BY last_micros DESC
LIMIT {limit:UInt32}
