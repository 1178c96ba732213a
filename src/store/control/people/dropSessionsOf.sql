DELETE FROM sessions WHERE person_id = :person_id AND id != :kept_id
