-- Only by whoever made this attempt: if it took too long, another server has begun the next.
UPDATE messages SET state = :state, due_ms = :due_ms, receipt = :receipt
WHERE id = :id AND attempts = :attempts
