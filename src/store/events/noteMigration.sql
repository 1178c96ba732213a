INSERT INTO migrations (number, name, sha256, applied_time)
SELECT {number:UInt32}, {name:String}, {sha256:String}, now64(3)
