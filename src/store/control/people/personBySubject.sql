SELECT document FROM people WHERE provider_subject = :provider_subject LIMIT 1
