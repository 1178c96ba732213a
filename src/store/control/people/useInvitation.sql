UPDATE invitations SET used_ms = :now_ms WHERE id = :id AND used_ms IS NULL AND expires_ms > :now_ms
