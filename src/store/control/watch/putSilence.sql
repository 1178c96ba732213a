INSERT INTO silences (id, until_ms, document) VALUES (:id, :until_ms, :document)
ON CONFLICT (id) DO UPDATE SET until_ms = :until_ms, document = :document
