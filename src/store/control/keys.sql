SELECT id, name, scopes, secret_sha256, created_ms, expires_ms, last_used_ms, revoked_ms, source, addresses
FROM keys
ORDER BY created_ms, id
LIMIT 10000
