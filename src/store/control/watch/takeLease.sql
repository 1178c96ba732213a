-- Changes nothing while somebody else holds it.
INSERT INTO leases (name, holder, until_ms) VALUES (:name, :holder, :until_ms)
ON CONFLICT (name) DO UPDATE SET holder = :holder, until_ms = :until_ms
WHERE leases.holder = :holder OR leases.until_ms <= :now_ms
