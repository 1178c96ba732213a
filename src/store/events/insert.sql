-- Spool files of one group, as one block and so in one step: the token is its name.
-- Long retentions expire on Mondays, so that partitions stay few.
INSERT INTO events (/* columns */, expires)
WITH
    multiIf(
        stream = 'jobs', {jobs_days:UInt16},
        stream = 'logs', {logs_days:UInt16},
        stream = 'http', {http_days:UInt16},
        {audit_days:UInt16}) AS days,
    toDate(received_time) + days AS day
SELECT
    /* columns */,
    if(days > 60, toMonday(day + 6), day) AS expires
FROM file({path:String}, 'Native', {structure:String})
