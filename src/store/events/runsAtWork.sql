-- A run counts in each stretch that it touches: one more where it begins, one less after its end.
SELECT change.1 AS stretch, sum(change.2) AS runs
FROM
(
    SELECT arrayJoin([
        (greatest(0, intDiv(began - {from:Int64}, {step:Int64})), 1),
        (intDiv(ended - {from:Int64}, {step:Int64}) + 1, -1)]) AS change
    FROM
    (
        SELECT
            toUnixTimestamp64Micro(max(started_time)) AS began,
            if(bitAnd(toUInt64(max(life)), 15) = 2, {now:Int64}, toUnixTimestamp64Micro(max(ended_time))) AS ended
        FROM /* rows */
        GROUP BY run_hash
        HAVING began IS NOT NULL AND ended IS NOT NULL AND /* filter */
    )
    WHERE assumeNotNull(ended) >= assumeNotNull(began) AND assumeNotNull(ended) >= {from:Int64}
        AND assumeNotNull(began) < {until:Int64}
)
GROUP BY stretch
ORDER BY stretch
LIMIT 2000
