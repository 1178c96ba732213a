DELETE FROM monitors WHERE key = :key
