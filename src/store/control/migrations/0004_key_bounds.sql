-- migration: 0004
-- about: the source a key sends as, and the addresses it may be used from
-- breaking: no

ALTER TABLE keys ADD COLUMN source TEXT;

ALTER TABLE keys ADD COLUMN addresses TEXT;
