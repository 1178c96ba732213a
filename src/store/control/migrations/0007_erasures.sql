-- migration: 0007
-- about: erasures that were asked for, agreed to, done
-- breaking: no

CREATE TABLE erasures (
    id TEXT PRIMARY KEY,
    asked_ms INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
