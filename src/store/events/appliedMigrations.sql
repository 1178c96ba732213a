SELECT number, any(sha256) AS sha256
FROM migrations
GROUP BY number
ORDER BY number
LIMIT 10000
