SELECT document FROM incidents WHERE id = :id
