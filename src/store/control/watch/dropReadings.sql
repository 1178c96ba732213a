DELETE FROM declarations WHERE origin = :origin AND reading != :reading
