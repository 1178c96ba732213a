# frozen_string_literal: true

# Delayed::Job and ActiveJob on a database in a file, as an application has them.
require "json"
require "logger"
require "tmpdir"
require "fileutils"
require "minitest/autorun"
require "active_record"
require "active_job"
require "delayed_job"
require "delayed_job_active_record"

FOLDER = Dir.mktmpdir("midwatch-ruby")
SPOOL = File.join(FOLDER, "spool")
FileUtils.mkdir_p(SPOOL)
Minitest.after_run { FileUtils.rm_rf(FOLDER) }

$LOAD_PATH.unshift File.expand_path("../lib", __dir__)
require "midwatch"

ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: File.join(FOLDER, "app.sqlite3"), timeout: 5000)
require_relative "delayed_jobs_table"
ActiveRecord::Schema.define do
  create_table(:users) { |t| t.string :name }
end

ActiveJob::Base.logger = Logger.new(File::NULL)
ActiveJob::Base.queue_adapter = :delayed_job
Delayed::Worker.logger = Logger.new(File::NULL)
Delayed::Worker.sleep_delay = 0.05

class User < ActiveRecord::Base
  include GlobalID::Identification

  def greet(word)
    "#{word} #{name}"
  end

  def sign_in(login, password)
    [login, password].size
  end
end
GlobalID.app = "shop"

module Jobs
  Fine = Struct.new(:order, :password) { def perform; end }
  Broken = Struct.new(:order) do
    def perform
      raise ArgumentError, "no price for order #{order}"
    end

    def max_attempts
      2
    end

    def reschedule_at(now, _attempts)
      now - 1
    end
  end
  # As with Delayed::Worker.raise_signal_exceptions.
  Stopped = Class.new(Broken) do
    def perform
      raise SignalException, "TERM"
    end
  end
  Gone = Struct.new(:secret_word) { def perform; end }
  Slow = Struct.new(:seconds) do
    def perform
      sleep seconds
    end

    def max_run_time
      1
    end

    def max_attempts
      1
    end
  end
  Asks = Struct.new(:order) do
    def perform
      Midwatch.audit("order.closed", subject: "order:#{order}", total: 12, password: "hunter2-audit")
      Delayed::Job.enqueue(Fine.new(order, "hunter2-child"))
    end
  end
end

class WrappedJob < ActiveJob::Base
  retry_on(ArgumentError, wait: 0, attempts: 3)
  discard_on(KeyError)

  def perform(how, **)
    raise ArgumentError, "not yet" if how == "heals" && executions < 2
    raise ArgumentError, "never" if how == "never"
    raise KeyError, "no use" if how == "useless"
  end
end

class SignInJob < ActiveJob::Base
  def perform(user, password, remember = true); end
end

class TellsJob < ActiveJob::Base
  discard_on IOError

  def perform(user, password, options)
    Midwatch.audit("login.tried", subject: "login:#{password}")
    raise IOError, "401 for #{user}:#{password} with #{options["api_token"]}"
  end
end

module Told
  module_function

  def events
    Dir[File.join(SPOOL, "*.ndjson")].flat_map { |path| File.readlines(path) }.map(&:strip).reject(&:empty?).map { |line| JSON.parse(line) }
  end

  def of(run_id)
    events.select { |event| event["run_id"] == run_id }
  end

  # The story of a run in one line: `enqueued started#1 failed#1 retried#1 …`
  def story(run_id, events = of(run_id))
    events.select { |event| event["kind"].start_with?("job.") }
              .map { |event| event["kind"].delete_prefix("job.") + (event["attempt"] ? "##{event["attempt"]}" : "") }.join(" ")
  end

  def newest(kind)
    events.select { |event| event["kind"] == kind }.max_by { |event| [event["time"], event["source_seq"]] }
  end
end

Midwatch.configure do |config|
  config.spool = SPOOL
  config.service = "shop"
  config.environment = "test"
end
Midwatch.install
