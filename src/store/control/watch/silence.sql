SELECT document FROM silences WHERE id = :id
