DELETE FROM debug_requests WHERE id = :id AND until_ms > :now_ms RETURNING document
