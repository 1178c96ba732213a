SELECT value FROM settings WHERE name = :name LIMIT 1
