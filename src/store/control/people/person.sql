SELECT document FROM people WHERE id = :id LIMIT 1
