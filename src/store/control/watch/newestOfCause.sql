SELECT document, revision FROM incidents WHERE cause = :cause ORDER BY last_ms DESC LIMIT 1
