SELECT holder FROM leases WHERE name = :name LIMIT 1
