-- Names are compared by their hashes, as the marks of runs hold them.
WITH
    arrayMap(name -> cityHash64(name), {jobs:Array(String)}) AS job_hashes,
    arrayMap(name -> cityHash64(name), {services:Array(String)}) AS service_hashes,
    arrayMap(name -> cityHash64(name), {environments:Array(String)}) AS environment_hashes
SELECT
    {jobs:Array(String)}[indexOf(job_hashes, run_job)] AS job,
    {services:Array(String)}[indexOf(service_hashes, run_service)] AS service,
    {environments:Array(String)}[indexOf(environment_hashes, run_environment)] AS environment,
    intDiv(began - {from:Int64}, {step:Int64}) AS stretch,
    count() AS runs,
    min(began) AS first_began,
    max(ended) AS last_ended,
    argMax(state, weight) AS worst_state,
    argMax(run_id, weight) AS worst_run,
    arraySlice(arraySort(groupArray(60)(asked)), 1, 60) AS all_asked
FROM
(
    SELECT
        run_id,
        toUInt64(max(job_mark)) AS run_job,
        toUInt64(max(service_mark)) AS run_service,
        toUInt64(max(environment_mark)) AS run_environment,
        bitAnd(toUInt64(max(life)), 15) AS state,
        toUnixTimestamp64Micro(min(first_time)) AS asked,
        -- Where it was tried again, all of its attempts are one bar.
        if(length(groupUniqArrayArray(starts)) > 1, asked,
            toUnixTimestamp64Micro(ifNull(max(started_time), min(first_time)))) AS began,
        if(state IN (1, 2, 3), {now:Int64}, toUnixTimestamp64Micro(ifNull(max(ended_time), max(last_time)))) AS ended,
        -- What needs somebody hides what does not: unknown, waiting, running, retrying, succeeded,
        -- failed, discarded, cancelled, lost.
        [3, 4, 5, 6, 1, 9, 7, 2, 8][state + 1] AS weight
    FROM runs
    WHERE run_hash IN (
        SELECT run_hash FROM runs
        WHERE toUInt64(job_mark) IN (SELECT arrayJoin(arrayMap(name -> cityHash64(name), {jobs:Array(String)})))
            AND /* candidates */)
    GROUP BY run_hash, run_id
    HAVING has(job_hashes, run_job) AND /* filter */
)
GROUP BY run_job, run_service, run_environment, stretch
ORDER BY stretch DESC, job, service, environment
LIMIT {limit:UInt32}
