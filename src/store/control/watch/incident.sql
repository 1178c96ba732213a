SELECT document, revision FROM incidents WHERE id = :id
