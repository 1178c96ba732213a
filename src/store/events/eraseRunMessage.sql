-- The run keeps that it failed and as what; a later failure of it says its own message again.
ALTER TABLE runs
UPDATE error_message = arrayReduce('argMaxState', ['(erased)'], [1::UInt64])
WHERE run_hash = cityHash64({run_id:String}) AND run_id = {run_id:String}
SETTINGS mutations_sync = 2
