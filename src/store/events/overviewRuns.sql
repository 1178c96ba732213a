SELECT
    bitAnd(toUInt64(run_life), 15) AS state,
    count() AS count
FROM
(
    SELECT max(life) AS run_life
    FROM /* rows */
    GROUP BY run_hash
    HAVING /* filter */
)
GROUP BY state
LIMIT 100
