INSERT INTO declarations (origin, item, reading, document) VALUES (:origin, :item, :reading, :document)
ON CONFLICT (origin, item) DO UPDATE SET reading = :reading, document = :document
