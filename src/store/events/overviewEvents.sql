-- Hosts first: to group by a column of few values is a fraction of the work of counting distinct ones.
SELECT
    sum(host_events) AS events,
    toUnixTimestamp64Micro(max(newest)) AS last_micros,
    countIf(host != '') AS hosts
FROM
(
    SELECT
        host,
        count() AS host_events,
        max(time) AS newest
    FROM events
    WHERE /* filter */
    GROUP BY host
)
LIMIT 1
