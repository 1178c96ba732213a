INSERT INTO receipts (source, batch_id, accepted, refused, received_ms)
VALUES (:source, :batch_id, :accepted, :refused, :received_ms)
ON CONFLICT DO NOTHING
