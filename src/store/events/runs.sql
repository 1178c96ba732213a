-- First which runs, from few columns; then the page's runs as a whole, through the key.
WITH page AS
(
    SELECT run_hash
    FROM /* rows */
    GROUP BY run_hash
    HAVING /* filter */
    ORDER BY /* change */ DESC, run_hash DESC
    LIMIT {limit:UInt32}
)
SELECT
    /* columns */,
    /* change */ AS change
FROM runs
WHERE run_hash IN (SELECT run_hash FROM page)
GROUP BY run_hash, run_id
ORDER BY change DESC, run_hash DESC
LIMIT {limit:UInt32}
