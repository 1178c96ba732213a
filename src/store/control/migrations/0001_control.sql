-- migration: 0001
-- about: keys, receipts of batches, settings
-- breaking: no

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL, -- JSON array
    secret_sha256 TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    last_used_ms INTEGER,
    revoked_ms INTEGER
) STRICT;

CREATE TABLE receipts (
    source TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (source, batch_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_by_age ON receipts (received_ms);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
