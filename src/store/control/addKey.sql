INSERT INTO keys (id, name, scopes, secret_sha256, created_ms, expires_ms, last_used_ms, revoked_ms, source, addresses)
VALUES (
    :id, :name, :scopes, :secret_sha256, :created_ms, :expires_ms, :last_used_ms, :revoked_ms, :source, :addresses
)
