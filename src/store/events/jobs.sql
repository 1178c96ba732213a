SELECT
    run_job AS job,
    argMax(run_service, run_last) AS service,
    argMax(run_environment, run_last) AS environment,
    argMax(run_runtime, run_last) AS runtime,
    sumMap(map(run_state, 1::UInt64)) AS runs,
    argMax(run_state, run_last) AS last_state,
    toUnixTimestamp64Micro(max(run_last)) AS last_micros,
    quantilesTDigestIf(0.5, 0.95)(run_duration.value, run_duration.place > 0) AS durations,
    quantileTDigestIf(0.95)(run_wait.value, run_wait.place > 0) AS wait_p95
FROM
(
    SELECT
        max(job).value AS run_job,
        max(service).value AS run_service,
        max(environment).value AS run_environment,
        max(runtime).value AS run_runtime,
        max(life).state AS run_state,
        max(duration_ms) AS run_duration,
        max(wait_ms) AS run_wait,
        max(last_time) AS run_last
    FROM runs
    GROUP BY run_hash
    HAVING /* filter */
)
WHERE run_job != ''
GROUP BY run_job
ORDER BY last_micros DESC, job
LIMIT {limit:UInt32}
