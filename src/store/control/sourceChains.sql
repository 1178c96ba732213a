SELECT source, count, previous, head FROM source_chains LIMIT 100000
