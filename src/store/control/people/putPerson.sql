INSERT INTO people (id, name_lower, provider_subject, document)
VALUES (:id, :name_lower, :provider_subject, :document)
ON CONFLICT (id) DO UPDATE SET
    name_lower = excluded.name_lower,
    provider_subject = excluded.provider_subject,
    document = excluded.document
