-- A process says its release when it starts, and so does every run.
SELECT service, release, toUnixTimestamp64Micro(min(time)) AS first_micros
FROM events
WHERE kind IN ('worker.started', 'job.started', 'puma.stats') AND release != '' AND /* filter */
GROUP BY service, release
ORDER BY first_micros, service, release
LIMIT 500
