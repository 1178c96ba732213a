INSERT INTO source_chains (source, count, previous, head) VALUES (:source, :count, :previous, :head)
ON CONFLICT (source) DO UPDATE SET count = excluded.count, previous = excluded.previous, head = excluded.head
