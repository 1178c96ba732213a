SELECT document FROM people WHERE name_lower = :name_lower LIMIT 1
