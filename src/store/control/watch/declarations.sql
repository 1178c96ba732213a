SELECT document FROM declarations ORDER BY origin, item LIMIT 100000
