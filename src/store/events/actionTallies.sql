-- Which sensitive actions were taken in a stretch, by what.
SELECT
    service,
    environment,
    trim(BOTH '"' FROM attributes['action']) AS action,
    job,
    count() AS times,
    anyLast(toString(id)) AS some_event,
    toUnixTimestamp64Micro(max(time)) AS last_micros
FROM events
WHERE stream = 'audit' AND kind = 'audit.action' AND action != '' AND service != 'midwatch'
    AND NOT startsWith(service, {sample:String}) AND /* range */
GROUP BY service, environment, action, job
ORDER BY last_micros DESC
LIMIT {limit:UInt32}
