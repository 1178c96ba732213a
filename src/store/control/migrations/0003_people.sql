-- migration: 0003
-- about: people, invitations, sessions
-- breaking: no

CREATE TABLE people (
    id TEXT PRIMARY KEY,
    name_lower TEXT NOT NULL UNIQUE,
    provider_subject TEXT UNIQUE, -- issuer and subject at an OpenID provider
    document TEXT NOT NULL
) STRICT;

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    expires_ms INTEGER NOT NULL,
    used_ms INTEGER,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    made_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_person ON sessions (person_id);
