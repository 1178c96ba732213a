SELECT before, after, changed_ms, changed_by FROM monitor_changes WHERE key = :key ORDER BY number DESC LIMIT 100
