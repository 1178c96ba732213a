-- How the runs of a job went on each day of a zone, by the day on which they were asked for or began.
SELECT
    toString(toDate(began, {zone:String})) AS day,
    sumMap(map(state, 1::UInt64)) AS runs,
    quantileTDigestIf(0.5)(duration, duration IS NOT NULL AND state = 4) AS middle
FROM
(
    SELECT
        min(first_time) AS began,
        bitAnd(toUInt64(max(life)), 15) AS state,
        if(max(duration_ms) = 0, NULL, reinterpretAsFloat64(toUInt64(max(duration_ms)))) AS duration
    FROM /* rows */
    GROUP BY run_hash
    HAVING /* filter */
)
GROUP BY day
ORDER BY day
LIMIT 400
