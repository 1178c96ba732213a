-- Rewrites the parts that hold it, so that nothing of it stays on the disk; the segment as well, so
-- that no other event of the same id is meant.
ALTER TABLE events
DELETE WHERE id = {id:UUID} AND segment = {segment:UInt64} AND segment_index = {index:UInt32}
SETTINGS mutations_sync = 2
