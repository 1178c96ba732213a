SELECT document FROM invitations
WHERE used_ms IS NULL AND expires_ms > :now_ms
ORDER BY expires_ms
LIMIT 1000
