# frozen_string_literal: true

# Delayed::Job as it is, on a database in a file. Each word is done in turn:
#   jobs.rb DATABASE prepare Fine work
# asks for a job by its name, works until told to stop (`work`) or until nothing is left (`drain`).
require "logger"
require "active_record"
require "delayed_job"
require "delayed_job_active_record"
$LOAD_PATH.unshift File.expand_path("../../../recorders/ruby/lib", __dir__)
require "midwatch"

ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ARGV.shift, timeout: 20_000)
Delayed::Worker.logger = Logger.new(File::NULL)
Delayed::Worker.sleep_delay = 0.1
Delayed::Worker.max_run_time = Float(ENV.fetch("JOB_SECONDS_MAX", "3600"))
Midwatch.configure { |config| config.service = "matrix" }
Midwatch.install

# A place where a job waits until the story goes on.
def hold(name)
  File.write(File.join(ENV.fetch("STAGE"), "#{name}.#{Process.pid}"), "")
  signs = ["go", "go.#{Process.pid}"].map { |sign| File.join(ENV.fetch("STAGE"), sign) }
  sleep 0.02 until signs.any? { |sign| File.exist?(sign) }
end

Job = Class.new do
  def max_attempts = 1
end
class Fine < Job
  def perform; end
end
class Broken < Job
  def perform = raise(IOError, "the gateway is closed")
  def max_attempts = 2
  def reschedule_at(now, _attempts) = now
end
# Waits where the story wants it to be found.
class Waits < Job
  def perform = hold("waits")
end
# Takes no order to stop, as code in C does not.
class Deaf < Job
  def perform = Thread.handle_interrupt(Object => :never) { hold("deaf") }
  def max_attempts = 2
end
class Hungry < Job
  def perform
    hold("hungry")
    kept = []
    loop { kept << ("x" * 1_000_000) }
  end
end
class Sleeps < Job
  def perform = sleep(60)
end
# Fills the disk that the spool is on, says something, and frees it again.
class FillsTheDisk < Job
  def perform
    filler = File.join(ENV.fetch("MIDWATCH_SPOOL"), "filler")
    File.open(filler, "w") { |file| loop { file.syswrite("x" * 4096) } }
  rescue Errno::ENOSPC
    20.times { |number| Midwatch.record("log", { "message" => "line #{number} #{"x" * 500}" }) }
    File.delete(filler)
  end
end

ARGV.each do |word|
  case word
  when "prepare" then require_relative "../../../recorders/ruby/test/delayed_jobs_table"
  when "work" then Delayed::Worker.new.start
  when "drain" then Delayed::Worker.new(exit_on_complete: true).start
  when "rolled-back"
    ActiveRecord::Base.transaction do
      Delayed::Job.enqueue(Fine.new)
      raise ActiveRecord::Rollback
    end
  else Delayed::Job.enqueue(Object.const_get(word).new)
  end
end
