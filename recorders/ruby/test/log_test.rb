# frozen_string_literal: true

require_relative "environment"
require "active_support/tagged_logging"

class LogTest < Minitest::Test
  def setup
    @output = StringIO.new
    @logger = ActiveSupport::TaggedLogging.new(Logger.new(@output, level: Logger::INFO))
    2.times { Midwatch.log_from(@logger) }
    @before = told.size
  end

  def told
    Told.events.select { |event| event["kind"] == "log" }
  end

  def new_lines
    told.drop(@before)
  end

  def test_each_line_is_written_and_told_once
    @logger.info("order 7 paid")
    @logger.tagged("web") { @logger.warn { "late" } }
    @logger.debug { flunk "made for nobody" }
    assert_equal [["info", "order 7 paid"], ["warn", "late"]], new_lines.map { |event| event.values_at("severity", "message") }
    assert_equal "order 7 paid\n[web] late\n", @output.string
  end

  def test_a_line_belongs_to_the_run_and_the_trace_it_was_written_in
    logger = @logger
    Jobs.const_set(:Says, Struct.new(:order) { define_method(:perform) { logger.info("charging order") } }) unless Jobs.const_defined?(:Says)
    Delayed::Job.enqueue(Jobs::Says.new(1))
    asked = Told.newest("job.enqueued")
    Delayed::Worker.new.work_off(5)
    line = new_lines.find { |event| event["message"] == "charging order" }
    assert_equal asked.values_at("run_id", "trace_id", "job") + [1], line.values_at("run_id", "trace_id", "job", "attempt")
  end

  def test_what_rails_and_delayed_job_print_of_arguments_is_left_out
    @logger.info('Enqueued SignInJob (Job ID: 1) to DelayedJob(default) with arguments: "eve", "hunter2-printed"')
    @logger.info('2026-11-21T02:53:01+0000: Job SignInJob [1] from DelayedJob(default) with arguments: ["eve", "hunter2-printed"] (id=7) (queue=mail) RUNNING')
    @logger.error('FAILED permanently: Job failed to load: undefined class Gone. Handler: "--- !ruby/struct:Gone hunter2-printed"')
    @logger.info("login with password=hunter2-printed")
    refute_includes new_lines.to_json, "hunter2-printed"
    assert_equal "Job SignInJob [1] from DelayedJob(default) (id=7) (queue=mail) RUNNING", new_lines[1]["message"]
    assert_equal 4, new_lines.size
  end

  def test_an_exception_is_told_with_its_class
    @logger.error(IOError.new("gateway closed"))
    assert_equal ["IOError", "gateway closed"], new_lines.last.values_at("error_class", "message")
  end

  def test_a_logger_of_several_is_heard_once
    several = Class.new { attr_reader :broadcasts; def initialize = @broadcasts = []; def broadcast_to(one) = @broadcasts << one }.new
    2.times { Midwatch.log_from(several) }
    assert_equal 1, several.broadcasts.size
    several.broadcasts.first.warn("from Rails 7.1")
    assert_equal "from Rails 7.1", new_lines.last["message"]
  end

  def test_the_level_decides_and_off_is_off
    Midwatch.settings.log_level = "error"
    @logger.warn("not told")
    Midwatch.settings.log_level = "off"
    @logger.fatal("not told either")
    assert_empty new_lines
  ensure
    Midwatch.settings.log_level = "info"
  end
end
