-- What became of the runs in which attempts failed, and on which attempt: of the newest 200,000.
WITH failed AS
(
    SELECT
        if(fingerprint = '', concat(job, ' ', if(error_class = '', kind, error_class)), fingerprint) AS group_key,
        cityHash64(run_id) AS run_hash
    FROM events
    WHERE stream = 'jobs' AND kind IN ('job.failed', 'job.lost') AND run_id != '' AND /* filter */
    GROUP BY group_key, run_hash
    ORDER BY max(time) DESC
    LIMIT 200000
)
SELECT group_key, state, least(attempts, 30) AS attempt, count() AS runs
FROM failed
INNER JOIN
(
    SELECT
        run_hash,
        bitAnd(toUInt64(max(life)), 15) AS state,
        length(groupUniqArrayArray(starts)) AS attempts
    FROM runs
    WHERE run_hash IN (SELECT run_hash FROM failed)
    GROUP BY run_hash
) AS ended USING (run_hash)
GROUP BY group_key, state, attempt
ORDER BY group_key, state, attempt
LIMIT 20000
