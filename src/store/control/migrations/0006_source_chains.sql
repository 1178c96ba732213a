-- migration: 0006
-- about: the newest link of every sender's chain of batches
-- breaking: no

CREATE TABLE source_chains (
    source TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    previous TEXT NOT NULL,
    head TEXT NOT NULL
) STRICT, WITHOUT ROWID;
