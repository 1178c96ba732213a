-- migration: 0003
-- about: segments in less room
-- breaking: no

-- Numbers of segments of one batch stand side by side: a few low bits differ.
ALTER TABLE events MODIFY COLUMN segment UInt64 CODEC(T64('bit'), ZSTD(1));
