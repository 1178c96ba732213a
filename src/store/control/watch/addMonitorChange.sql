INSERT INTO monitor_changes (key, before, after, changed_ms, changed_by)
VALUES (:key, (SELECT document FROM monitors WHERE key = :key), :after, :changed_ms, :changed_by)
