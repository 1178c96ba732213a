SELECT document FROM invitations WHERE id = :id AND used_ms IS NULL AND expires_ms > :now_ms LIMIT 1
