# frozen_string_literal: true

require "json"
require "minitest/autorun"
require "net/http"
require "fileutils"
require "socket"
require "tmpdir"

# A real Puma in each of its modes, with the plugin, in a process of its own.
class PumaTest < Minitest::Test
  def setup
    @folder = Dir.mktmpdir("midwatch-puma")
    @spool = File.join(@folder, "spool")
    Dir.mkdir(@spool)
    @port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
    File.write(File.join(@folder, "config.ru"), <<~APPLICATION)
      run(lambda do |environment|
        raise IOError, "past everything" if environment["PATH_INFO"] == "/boom"

        sleep 0.05 until environment["PATH_INFO"] != "/slow" || File.exist?("go")
        [200, {}, ["fine"]]
      end)
    APPLICATION
  end

  def teardown
    # Whoever is still in the middle of a request would keep Puma from ending.
    File.write(File.join(@folder, "go"), "")
    stop
    FileUtils.rm_rf(@folder)
  end

  def start(workers, more = "")
    File.write(File.join(@folder, "puma.rb"), "workers #{workers}\nworker_shutdown_timeout 5\nthreads 1, 3\nbind 'tcp://127.0.0.1:#{@port}'\nplugin :midwatch\n#{more}")
    environment = { "MIDWATCH_SPOOL" => @spool, "MIDWATCH_PUMA_SECONDS" => "1", "MIDWATCH_SERVICE" => "shop", "RUBYLIB" => File.expand_path("../lib", __dir__) }
    @pid = spawn(environment, "puma", "-C", "puma.rb", chdir: @folder, out: File.join(@folder, "out"), err: %i[child out])
  end

  # Whether it ended when it was told to. On a busy machine Puma 6 sometimes hangs then, without this
  # plugin too: a thread that closes a pipe waits for ever for the one that has just written to it.
  def stop
    return true unless @pid

    pid = @pid
    @pid = nil
    Process.kill(:TERM, pid)
    150.times do
      return true if Process.wait(pid, Process::WNOHANG)

      sleep 0.1
    end
    Process.kill(:KILL, pid)
    Process.wait(pid)
    false
  end

  def events
    Dir[File.join(@spool, "*")].flat_map { |path| File.readlines(path) }.map(&:strip).reject(&:empty?).map { |line| JSON.parse(line) }
  end

  def until_told(kind, count = 1)
    400.times do
      found = events.select { |event| event["kind"] == kind && (!block_given? || yield(event)) }
      return found if found.size >= count

      sleep 0.1
    end
    flunk "no #{kind}: #{events.map { |event| event.values_at("kind", "message") }} #{File.read(File.join(@folder, "out"))}"
  end

  def test_a_single_process
    start(0)
    stats = until_told("puma.stats") { |event| event["attributes"]["running"].to_i.positive? }.last
    assert_equal ["shop", "puma", "logs"], stats.values_at("service", "runtime", "stream")
    assert_equal [3, 0], stats["attributes"].values_at("max_threads", "busy_threads")
    assert_operator stats["attributes"]["rss_bytes"], :>, 10_000_000
    TCPSocket.open("127.0.0.1", @port) { |socket| socket.write("nonsense?password=hunter2\r\n\r\n"); socket.read }
    until_told("log") { |event| event["error_class"].to_s.include?("HttpParserError") }
    assert_equal "500", Net::HTTP.get_response(URI("http://127.0.0.1:#{@port}/boom?password=hunter2")).code
    until_told("log") { |event| event.values_at("error_class", "error_message", "severity") == ["IOError", "past everything", "error"] }
    refute_includes events.to_json, "hunter2"
    assert(3.times.any? { start(0) unless @pid; ends_well? }, "Puma hung three times")
  end

  # A process that ends as it should tells its beginning and its end, once each.
  def ends_well?
    of_this = ":#{@pid}:"
    until_told("puma.stats") { |event| event["worker"].include?(of_this) && event["attributes"]["running"].to_i.positive? }
    return false unless stop

    life = events.select { |event| event["kind"].start_with?("worker.") && event["worker"].include?(of_this) }
    assert_equal %w[worker.started worker.stopped], life.sort_by { |event| event["source_seq"] }.map { |event| event["kind"] }
  end

  def test_a_cluster_whose_worker_is_killed_starts_another
    start(2)
    first = until_told("worker.started", 2)
    master = @pid
    until_told("puma.stats") { |event| event["attributes"]["workers"].count { |worker| worker["max_threads"] == 3 } == 2 }
    killed = first.first["worker"].split(":")[1].to_i
    Process.kill(:KILL, killed)
    until_told("worker.started", 3)
    # One that is told to stop while it boots says nothing more.
    until_told("puma.stats") do |event|
      ready = event["attributes"]["workers"].select { |worker| worker["max_threads"] == 3 }.map { |worker| worker["pid"] }
      ready.size == 2 && !ready.include?(killed)
    end
    stop
    # One that hangs is killed as well.
    stopped = until_told("worker.stopped").map { |event| event["worker"].split(":")[1].to_i }
    refute_includes stopped, killed
    refute_includes stopped, master
    assert_includes events.map { |event| event["message"] }.compact.join("\n"), "booted with 2 workers"
  end

  # Older Pumas leave them with the kernel, newer ones take them all: they wait either way.
  def test_who_waits_is_counted_wherever_they_stand
    start(0)
    until_told("puma.stats") { |event| event["attributes"]["running"].to_i.positive? }
    asking = Array.new(12) { Thread.new { Net::HTTP.get_response("127.0.0.1", "/slow", @port).code } }
    full = until_told("puma.stats") { |event| event["attributes"]["backlog"].to_i >= 9 }.last["attributes"]
    assert_includes 0..full["backlog"], full["accept_queue"]
    File.write(File.join(@folder, "go"), "")
    assert_equal ["200"] * 12, asking.map(&:value)
    until_told("puma.stats") { |event| event["attributes"]["requests_count"] == 12 && event["attributes"].values_at("accept_queue", "backlog") == [0, 0] }
  end

  # A worker that cannot speak is killed by its master, which says so before the worker is gone.
  def test_a_worker_that_hangs_is_told_by_its_master
    start(1, "worker_timeout 6\n")
    hung = until_told("worker.started").first["worker"]
    until_told("puma.stats") { |event| event["attributes"]["running"].to_i.positive? }
    Process.kill(:STOP, hung.split(":")[1].to_i)
    lost = until_told("worker.lost").first
    assert_equal [hung, "Puma::WorkerTimeout", "SIGKILL", "error"], lost.values_at("worker", "error_class", "signal", "severity")
    assert_includes lost["message"], "within 6 seconds"
    until_told("worker.started", 2)
  end

  def test_a_phased_restart_replaces_one_worker_after_the_other
    start(2)
    until_told("puma.stats") { |event| event["attributes"]["workers"].count { |worker| worker["max_threads"] == 3 } == 2 }
    Process.kill(:USR1, @pid)
    until_told("puma.stats") do |event|
      event["attributes"]["phase"] == 1 && event["attributes"]["workers"].count { |worker| worker["phase"] == 1 && worker["max_threads"] == 3 } == 2
    end
    assert_equal 4, until_told("worker.started", 4).map { |event| event["worker"] }.uniq.size
    until_told("worker.stopped")
    assert_includes until_told("log") { |event| event["message"].to_s.include?("phased worker restart") }.first["message"], "phase: 1"
  end
end
