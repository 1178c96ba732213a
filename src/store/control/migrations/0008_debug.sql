-- migration: 0008
-- about: wishes for more log lines for a while
-- breaking: no

CREATE TABLE debug_requests (
    id TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
