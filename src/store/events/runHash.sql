SELECT cityHash64({run_id:String}) LIMIT 1
