SELECT source, batch_id, accepted, refused, received_ms
FROM receipts
WHERE source = :source AND batch_id = :batch_id
LIMIT 1
