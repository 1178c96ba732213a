SELECT /* columns */
FROM runs
WHERE run_hash = cityHash64({run_id:String}) AND run_id = {run_id:String}
GROUP BY run_hash, run_id
LIMIT 1
