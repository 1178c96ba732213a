DELETE FROM receipts WHERE received_ms < :at_ms
