INSERT INTO monitors (key, document, changed_ms, changed_by)
VALUES (:key, :document, :changed_ms, :changed_by)
ON CONFLICT (key) DO UPDATE SET document = :document, changed_ms = :changed_ms, changed_by = :changed_by
