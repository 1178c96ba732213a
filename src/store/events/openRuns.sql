-- A row that says "open" may be outdone by another row of its run: the rows are candidates, the run
-- as a whole decides. Few are outdone: by what came on a later day, or is not merged yet.
SELECT
    /* columns */
FROM runs
WHERE run_hash IN (
    SELECT run_hash
    FROM runs
    WHERE bitAnd(changed, 15) IN {states:Array(UInt8)} AND /* range */)
GROUP BY run_hash, run_id
HAVING bitAnd(toUInt64(max(life)), 15) IN {states:Array(UInt8)}
ORDER BY max(changed), run_hash
LIMIT {limit:UInt32}
