-- migration: 0005
-- about: silences, who leads the watch, and which incident somebody else changed meanwhile
-- breaking: no

CREATE TABLE silences (
    id TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL,
    document TEXT NOT NULL -- a Silence, as JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX silences_by_end ON silences (until_ms);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts the changes: who writes must have read the newest.
ALTER TABLE incidents ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
