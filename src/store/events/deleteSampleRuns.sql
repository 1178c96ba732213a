ALTER TABLE runs DELETE WHERE sample = 1 SETTINGS mutations_sync = 1
