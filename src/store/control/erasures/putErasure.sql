INSERT INTO erasures (id, asked_ms, document) VALUES (:id, :asked_ms, :document)
ON CONFLICT (id) DO UPDATE SET document = excluded.document
