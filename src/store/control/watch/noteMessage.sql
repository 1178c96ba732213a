UPDATE messages SET state = :state, attempts = :attempts, due_ms = :due_ms, receipt = :receipt WHERE id = :id
