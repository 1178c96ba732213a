# frozen_string_literal: true

Delayed::Worker.sleep_delay = 0.3
# A killed worker's job is free again when this has passed; four hours where nobody says otherwise.
Delayed::Worker.max_run_time = Integer(ENV.fetch("SHOP_MAX_RUN_SECONDS", "60"))
Delayed::Worker.logger = Logger.new(ENV.fetch("SHOP_LOG", File::NULL))
Delayed::Worker.destroy_failed_jobs = true
