# frozen_string_literal: true

require_relative "environment"
require "midwatch/error_reports"

class RackTest < Minitest::Test
  def call(path, query: "", status: 200, headers: {}, &application)
    application ||= ->(_environment) { [status, {}, ["ok"]] }
    environment = { "REQUEST_METHOD" => "POST", "PATH_INFO" => path, "QUERY_STRING" => query, "REMOTE_ADDR" => "10.0.0.9" }.merge(headers)
    _, _, body = Midwatch::RackMiddleware.new(application).call(environment)
    body.each { |part| part }
    body.close
    body.close
    Told.newest("http.request")
  end

  def test_a_request_is_told_once_without_its_query
    before = Told.events.count { |event| event["kind"] == "http.request" }
    event = call("/orders", query: "card=4111111111111111")
    assert_equal before + 1, Told.events.count { |one| one["kind"] == "http.request" }
    assert_equal ["http", "POST /orders 200", "succeeded"], event.values_at("stream", "message", "outcome")
    assert_equal({ "method" => "POST", "path" => "/orders", "status" => 200, "remote_address" => "10.0.0.9", "response_bytes" => 2 }, event["attributes"])
    refute_includes event.to_json, "4111"
  end

  def test_jobs_asked_for_in_a_request_share_its_trace_and_name_it_as_actor
    event = call("/checkout", headers: { "HTTP_X_REQUEST_ID" => "req-42" }) do |_environment|
      Delayed::Job.enqueue(Jobs::Fine.new(1))
      [202, {}, ["queued"]]
    end
    asked = Told.newest("job.enqueued")
    assert_equal ["req-42", "POST /checkout"], asked.values_at("trace_id", "actor")
    assert_equal "req-42", event["trace_id"]
    Delayed::Worker.new.work_off(5)
    assert_equal ["POST /checkout"] * 3, Told.of(asked["run_id"]).map { |one| one["actor"] }
  end

  def test_an_error_within_the_body_is_told_though_the_status_has_gone
    streamed = Class.new do
      def each
        Delayed::Job.enqueue(Jobs::Fine.new(1))
        yield "half"
        raise IOError, "gateway"
      end
    end
    assert_raises(IOError) { call("/report", headers: { "HTTP_X_REQUEST_ID" => "req-7" }) { |_| [200, {}, streamed.new] } }
    assert_equal "req-7", Told.newest("job.enqueued")["trace_id"]
    # The server closes what it could not send.
    body = Midwatch::RackMiddleware.new(->(_) { [200, {}, streamed.new] }).call({ "REQUEST_METHOD" => "GET", "PATH_INFO" => "/report" })[2]
    assert_raises(IOError) { body.each { |_| nil } }
    body.close
    event = Told.newest("http.request")
    assert_equal ["failed", "IOError", 200, 4], [*event.values_at("outcome", "error_class"), *event["attributes"].values_at("status", "response_bytes")]
  end

  def test_whoever_leaves_before_the_end_is_no_fault_of_the_application
    body = Midwatch::RackMiddleware.new(->(_) { [200, {}, %w[one two]] }).call({ "REQUEST_METHOD" => "GET", "PATH_INFO" => "/left" })[2]
    assert_raises(Errno::EPIPE) { body.each { |_| raise Errno::EPIPE } }
    body.close
    event = Told.newest("http.request")
    assert_equal ["succeeded", nil, true], [*event.values_at("outcome", "error_class"), event["attributes"]["aborted"]]
  end

  def test_a_body_is_what_it_was
    file = Class.new { def to_path = "/etc/hostname" }.new
    body = Midwatch::RackMiddleware.new(->(_) { [200, { "content-length" => "12" }, file] }).call({ "REQUEST_METHOD" => "GET", "PATH_INFO" => "/file" })[2]
    assert_equal ["/etc/hostname", false, false], [body.to_path, body.respond_to?(:each), body.respond_to?(:to_ary)]
    body.close
    assert_equal 12, Told.newest("http.request")["attributes"]["response_bytes"]
  end

  def test_a_request_id_from_outside_cannot_carry_anything_else
    event = call("/", headers: { "HTTP_X_REQUEST_ID" => "x\n{\"kind\":1}" })
    assert_match(/\A\h{8}-/, event["trace_id"])
  end

  def test_an_error_is_told_and_raised
    application = ->(_environment) { raise IOError, "gateway" }
    assert_raises(IOError) { call("/boom", &application) }
    event = Told.newest("http.request")
    assert_equal [500, "IOError", "error"], [event["attributes"]["status"], event["error_class"], event["severity"]]
  end

  def test_an_error_that_rails_answered_for_is_told_as_well
    event = call("/boom", status: 500, headers: { "action_dispatch.exception" => IOError.new("gateway, token=hunter2-rack") })
    assert_equal ["IOError", "failed"], event.values_at("error_class", "outcome")
    refute_includes event.to_json, "hunter2-rack"
    missing = call("/nowhere", status: 404, headers: { "action_dispatch.exception" => KeyError.new("no route") })
    assert_nil missing["error_class"]
  end

  def test_what_the_error_reporter_hears_is_told_where_nothing_else_tells_it
    reports = Midwatch::ErrorReports.new
    report = ->(handled, message) { reports.report(IOError.new(message), handled: handled, severity: :warning, context: { order: 7, password: "hunter2-report" }, source: "application") }
    told = lambda do
      Told.events.select { |event| event["error_class"] == "IOError" && event["kind"] == "log" }.map { |event| event.values_at("severity", "message", "error_message") }
    end
    report.call(false, "outside")
    Midwatch::Context.with(Midwatch::Context.new(trace_id: "t")) do
      report.call(true, "dealt with")
      report.call(false, "told with the request")
    end
    assert_equal [["warn", "Unhandled IOError", "outside"], ["warn", "Handled IOError", "dealt with"]], told.call
    refute_includes Told.events.to_json, "hunter2-report"
  end

  def test_time_in_the_queue_is_counted_when_it_is_plausible
    assert_in_delta 500, call("/", headers: { "HTTP_X_REQUEST_START" => "t=#{Time.now.to_f - 0.5}" })["wait_ms"], 200
    assert_nil call("/", headers: { "HTTP_X_REQUEST_START" => "t=1" })["wait_ms"]
  end

  def test_the_hook_names_the_user
    Midwatch.settings.user = ->(_environment) { 88_213 }
    event = call("/") { |_environment| Delayed::Job.enqueue(Jobs::Fine.new(1)) && [200, {}, []] }
    assert_equal ["user: 88213"] * 2, [event, Told.newest("job.enqueued")].map { |one| one["actor"] }
  ensure
    Midwatch.settings.user = nil
  end

  def test_a_body_is_still_what_it_was
    wrap = lambda do |body|
      Midwatch::RackMiddleware.new(->(_environment) { [200, {}, body] }).call({ "REQUEST_METHOD" => "GET", "PATH_INFO" => "/" })[2]
    end
    assert_equal %w[a b], wrap.call(%w[a b]).to_ary
    assert_equal [false, true, false], %i[each call to_path].map { |name| wrap.call(->(stream) { stream }).respond_to?(name) }
    refute wrap.call(Enumerator.new { |out| out << "x" }).respond_to?(:to_ary)
  end

  def test_a_secret_in_a_path_is_hidden
    assert_equal "/reset/[REDACTED:jwt]", call("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")["attributes"]["path"]
  end
end
