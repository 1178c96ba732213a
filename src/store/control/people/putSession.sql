INSERT INTO sessions (id, person_id, made_ms, seen_ms, expires_ms, document)
VALUES (:id, :person_id, :made_ms, :seen_ms, :expires_ms, :document)
ON CONFLICT (id) DO UPDATE SET
    seen_ms = excluded.seen_ms,
    expires_ms = excluded.expires_ms,
    document = excluded.document
