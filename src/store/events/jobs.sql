-- Names are looked up last, by the newest run of each job: numbers are what is cheap to group.
WITH jobs AS
(
    SELECT
        run_job,
        argMax(run_hash, run_last) AS newest_run,
        sumMap(map(bitAnd(toUInt64(run_life), 15), 1::UInt64)) AS runs,
        bitAnd(toUInt64(argMax(run_life, run_last)), 15) AS last_state,
        max(run_last) AS last_time,
        quantilesTDigestIf(0.5, 0.95)(reinterpretAsFloat64(toUInt64(run_duration)), run_duration > 0) AS durations,
        quantileTDigestIf(0.95)(reinterpretAsFloat64(toUInt64(run_wait)), run_wait > 0) AS wait_p95
    FROM
    (
        SELECT
            run_hash,
            toUInt64(max(job_mark)) AS run_job,
            max(life) AS run_life,
            max(duration_ms) AS run_duration,
            max(wait_ms) AS run_wait,
            max(last_time) AS run_last
        FROM /* rows */
        GROUP BY run_hash
        HAVING run_job != 0 AND /* filter */
    )
    GROUP BY run_job
    ORDER BY last_time DESC, run_job
    LIMIT {limit:UInt32}
)
SELECT
    names.job AS job,
    names.service AS service,
    names.environment AS environment,
    names.runtime AS runtime,
    jobs.runs AS runs,
    jobs.last_state AS last_state,
    toUnixTimestamp64Micro(jobs.last_time) AS last_micros,
    jobs.durations AS durations,
    jobs.wait_p95 AS wait_p95
FROM jobs
INNER JOIN
(
    SELECT
        run_hash,
        argMaxMerge(job) AS job,
        argMaxMerge(service) AS service,
        argMaxMerge(environment) AS environment,
        argMaxMerge(runtime) AS runtime
    FROM runs
    WHERE run_hash IN (SELECT newest_run FROM jobs)
    GROUP BY run_hash
) AS names ON names.run_hash = jobs.newest_run
ORDER BY last_micros DESC, job
LIMIT {limit:UInt32}
