SELECT document, changed_ms, changed_by FROM monitors ORDER BY key LIMIT 10000
