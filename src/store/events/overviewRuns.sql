SELECT
    state,
    count() AS count
FROM
(
    SELECT max(life).state AS state
    FROM runs
    GROUP BY run_hash
    HAVING /* filter */
)
GROUP BY state
LIMIT 100
