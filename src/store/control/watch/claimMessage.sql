-- Changes nothing when another server got there first.
UPDATE messages SET state = 'sending', attempts = :attempts, due_ms = :due_ms
WHERE id = :id AND attempts = :attempts - 1 AND due_ms <= :now_ms AND state IN ('waiting', 'sending')
