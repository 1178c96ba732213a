# frozen_string_literal: true

# Microseconds a Delayed::Job job costs, without and with the recorder; prints one JSON object.
#   ruby bench/recorder.rb SPOOL JOBS with|without
#
# A job is worked through the worker's own `run` on a row that is never saved, so that what is
# measured is Delayed::Job and the recorder, not a database. An event is measured on its own too.

require "json"
require "logger"
require "active_record"
require "delayed_job"
require "delayed_job_active_record"

spool, jobs, mode = ARGV
jobs = Integer(jobs)
recorded = mode == "with"
rounds = 15

ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:")
require_relative "../recorders/ruby/test/delayed_jobs_table"
Delayed::Worker.logger = Logger.new(File::NULL)
Charge = Struct.new(:order, :password) { def perform; end }

if recorded
  $LOAD_PATH.unshift File.expand_path("../recorders/ruby/lib", __dir__)
  require "midwatch"
  Midwatch.configure { |config| config.spool = spool; config.service = "bench" }
  Midwatch.install
end

worker = Delayed::Worker.new
job = Delayed::Job.new(payload_object: Charge.new(42, "p"), run_at: Time.now)
job.handler += "# midwatch1 0193c2e5-7a1b-7c3d-9e4f-5a6b7c8d9e0f req-42\n" if recorded
job.define_singleton_method(:destroy) { self }
clock = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
measure = lambda do |count, &block|
  started = clock.call
  count.times(&block)
  (clock.call - started) / count * 1e6
end
one_job = -> { Delayed::Worker.lifecycle.run_callbacks(:perform, worker, job) { worker.run(job) } }

measure.call(300) { one_job.call }
samples = Array.new(rounds) { measure.call(jobs / rounds) { one_job.call } }.sort
answer = { ruby: RUBY_VERSION, delayed_job: Gem.loaded_specs["delayed_job"]&.version.to_s, median_us: samples[rounds / 2] }
if recorded
  fields = { "runtime" => "delayed_job", "job" => "Charge", "run_id" => "0193c2e5-7a1b-7c3d-9e4f-5a6b7c8d9e0f", "attempt" => 1, "queue" => "mail", "duration_ms" => 12.5 }
  one_event = Array.new(rounds) { measure.call(jobs / rounds) { Midwatch.record("job.succeeded", fields.dup) } }.sort
  answer[:event_us] = one_event[rounds / 2]
  # What an enqueue costs beside the database: the ids in the handler, the arguments, the event.
  rows = Array.new(jobs / 5) { Delayed::Job.new(payload_object: Charge.new(42, "p"), run_at: Time.now) }
  enqueues = rows.map { |row| measure.call(1) { Midwatch::DelayedJob.asked(row); Midwatch::DelayedJob.enqueued(row) } }.sort
  answer[:enqueue_us] = enqueues[enqueues.size / 2]
  answer[:events] = Dir[File.join(spool, "*")].sum { |path| File.foreach(path).count { |line| line.size > 1 } }
end
puts JSON.generate(answer)
