DELETE FROM debug_requests WHERE until_ms <= :now_ms
