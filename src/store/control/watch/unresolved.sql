SELECT document, revision FROM incidents WHERE state != 'resolved' ORDER BY last_ms DESC LIMIT 10000
