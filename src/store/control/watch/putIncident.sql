-- Changes nothing when somebody else has changed it since it was read.
INSERT INTO incidents (id, cause, state, last_ms, document, revision)
VALUES (:id, :cause, :state, :last_ms, :document, 1)
ON CONFLICT (id) DO UPDATE
SET state = :state, last_ms = :last_ms, document = :document, revision = incidents.revision + 1
WHERE incidents.revision = :revision
