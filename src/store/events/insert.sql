-- Spool files of one group, as one block and so in one step: the token is its name.
-- Long retentions expire on Mondays, so that partitions stay few. Words are indexed by the first
-- merge, which would write their index again anyway; until then a search reads these rows as they are.
INSERT INTO events (/* columns */, expires)
SETTINGS exclude_materialize_skip_indexes_on_insert = 'message_words,error_message_words,attribute_items_index'
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
