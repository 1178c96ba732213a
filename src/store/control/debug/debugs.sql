SELECT document FROM debug_requests WHERE until_ms > :now_ms ORDER BY until_ms LIMIT :count
