-- migration: 0002
-- about: monitors, incidents, and the messages about them
-- breaking: no

CREATE TABLE monitors (
    key TEXT PRIMARY KEY,
    document TEXT NOT NULL, -- a Monitor, as JSON
    changed_ms INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE monitor_changes (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    before TEXT, -- absent: there was none
    after TEXT, -- absent: it was removed
    changed_ms INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;

CREATE INDEX monitor_changes_by_key ON monitor_changes (key, number);

CREATE TABLE declarations (
    origin TEXT NOT NULL,
    item TEXT NOT NULL,
    reading TEXT NOT NULL,
    document TEXT NOT NULL, -- a Declaration, as JSON
    PRIMARY KEY (origin, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    last_ms INTEGER NOT NULL,
    document TEXT NOT NULL -- an Incident, as JSON
) STRICT, WITHOUT ROWID;

-- One problem, one incident: not even a mistake of ours can open a second.
CREATE UNIQUE INDEX incidents_unresolved ON incidents (cause) WHERE state != 'resolved';
CREATE INDEX incidents_by_cause ON incidents (cause, last_ms);
CREATE INDEX incidents_by_age ON incidents (last_ms);

CREATE TABLE timeline (
    number INTEGER PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    at_ms INTEGER NOT NULL,
    act TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    because TEXT NOT NULL
) STRICT;

CREATE INDEX timeline_of_incident ON timeline (incident_id, number);

CREATE TABLE messages (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    incident_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    tiding TEXT NOT NULL,
    incident TEXT NOT NULL, -- an Incident, as JSON
    made_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    state TEXT NOT NULL,
    receipt TEXT
) STRICT;

CREATE INDEX messages_undelivered ON messages (due_ms) WHERE state IN ('waiting', 'sending');
CREATE INDEX messages_of_incident ON messages (incident_id, number);
