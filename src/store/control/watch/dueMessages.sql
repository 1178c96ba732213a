-- What an incident's earlier message says must be heard before the later one.
SELECT * FROM messages AS message
WHERE state IN ('waiting', 'sending') AND due_ms <= :now_ms
    AND NOT EXISTS (
        SELECT 1 FROM messages AS earlier
        WHERE earlier.incident_id = message.incident_id AND earlier.channel = message.channel
            AND earlier.number < message.number AND earlier.state IN ('waiting', 'sending'))
ORDER BY due_ms
LIMIT :limit
