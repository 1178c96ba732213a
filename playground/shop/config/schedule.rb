# frozen_string_literal: true

# What the shop does by the clock: each minute here, so that something is to be seen.
require "midwatch/whenever"

Midwatch.configure { |config| config.service = "shop" }
recorders = File.expand_path("../../..", __dir__)
set :midwatch_run, "#{recorders}/recorders/cron/midwatch-run"
set :midwatch_program, "#{recorders}/bin/midwatch"
set :environment, "playground"
set :environment_variable, "SHOP_STAGE"
set :path, File.expand_path("..", __dir__)
set :output, ENV.fetch("SHOP_CRON_OUTPUT", "/dev/null")
# Not the login files of whoever runs this: what is stopped in them may leave its locks behind.
env :HOME, ENV.fetch("SHOP_HOME", "/nonexistent")
ENV.each { |name, value| env(name, value) if name.match?(/\A(SHOP_|EXPORT_|MIDWATCH_SPOOL)/) }
job_type :program, "cd :path && bin/:task :output"

every(1.minute) { command "date > #{ENV.fetch("SHOP_HEARTBEAT", "/dev/null")}", output: nil, midwatch: "heartbeat" }
# Works off what billing left word of, and says in whose name.
every(1.minute) { rake "exports:send", midwatch_asked: ENV["EXPORT_ASKED"] }
every(2.minutes) { program "stock_report", midwatch: "stock report", midwatch_output: true }
every(2.minutes) { program "sync_stock", midwatch: "stock sync" }
