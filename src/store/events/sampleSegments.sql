-- Segments that hold events of the sample day, for the ledger's statement before they go.
SELECT DISTINCT segment
FROM events
WHERE startsWith(service, {mark:String})
ORDER BY segment
LIMIT 100000
FORMAT TSV
