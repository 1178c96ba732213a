SELECT document FROM people ORDER BY name_lower LIMIT 10000
