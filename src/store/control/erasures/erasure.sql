SELECT document FROM erasures WHERE id = :id LIMIT 1
