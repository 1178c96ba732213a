# frozen_string_literal: true

# Microseconds a request costs on Puma, without and with the recorder; prints one JSON object.
#   ruby bench/rack_request.rb SPOOL CALLS REQUESTS
#
# First the application alone is called CALLS times, with the environment that Puma makes of such a
# request. Then Puma itself is asked REQUESTS times over one kept connection on loopback. Both ways
# the two applications take turns, so that whatever else the machine does hits both.

require "json"
require "socket"
require "puma"
require "puma/server"

$LOAD_PATH.unshift File.expand_path("../recorders/ruby/lib", __dir__)
require "midwatch"

spool = ARGV[0]
calls, requests = ARGV[1, 2].map { |count| Integer(count) }
rounds = 75
Midwatch.configure { |config| config.spool = spool; config.service = "bench" }

bare = ->(_environment) { [200, { "Content-Type" => "text/plain", "Content-Length" => "5" }, ["fine\n"]] }
applications = { bare: bare, recorded: Midwatch::RackMiddleware.new(bare) }

now = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
# What a process had of the processors, in seconds: it knows no neighbours and no waiting.
own_time = -> { Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) }
time_of = ->(pid) { Dir["/proc/#{pid}/task/*/schedstat"].sum { |path| File.read(path).to_i } / 1e9 }
median = ->(samples) { samples.sort[samples.size / 2] }
# Of each application the median over all rounds, and of what the one costs more than the other in
# the same round.
compare = lambda do |count, processor_time, &work|
  each = [count / rounds, 1].max
  applications.each_key { |name| work.call(name, [each, 200].min) }
  pairs = Array.new(rounds) do
    applications.to_h do |name, _|
      clocks = [now, processor_time]
      started = clocks.map(&:call)
      work.call(name, each)
      [name, clocks.map(&:call).zip(started).map { |till, from| (till - from) / each * 1e6 }]
    end
  end
  elapsed, processor = [0, 1].map { |kind| pairs.map { |pair| pair.transform_values { |figures| figures[kind] } } }
  added = ->(samples) { median.call(samples.map { |pair| pair[:recorded] - pair[:bare] }) }
  { bare_us: median.call(elapsed.map { |pair| pair[:bare] }), recorded_us: median.call(elapsed.map { |pair| pair[:recorded] }),
    added_us: added.call(elapsed), added_cpu_us: added.call(processor) }
end

serve = lambda do |application|
  events = Puma::Events.respond_to?(:null) ? Puma::Events.null : Puma::Events.new
  Puma::Server.new(application, events, min_threads: 1, max_threads: 1)
end
request = "GET /orders/42?page=2 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" \
          "Accept: text/html\r\nX-Request-Id: 0193c2e57a1b7c3d9e4f5a6b7c8d9e0f\r\n\r\n"
ask = lambda do |socket, count|
  count.times do
    socket.write(request)
    answer = socket.readpartial(4096)
    answer << socket.readpartial(4096) until answer.end_with?("fine\n")
    raise "answered #{answer.inspect}" unless answer.start_with?("HTTP/1.1 200")
  end
end
connect = lambda do |port|
  TCPSocket.new("127.0.0.1", port).tap { |socket| socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1) }
end

# The environment is taken from Puma itself, once.
seen = nil
first = serve.call(->(environment) { seen = environment.dup; bare.call(environment) })
port = first.add_tcp_listener("127.0.0.1", 0).addr[1]
thread = first.run
connect.call(port).tap { |socket| ask.call(socket, 1); socket.close }
first.stop(true)
thread.join

alone = compare.call(calls, own_time) do |name, count|
  application = applications[name]
  count.times do
    _, _, body = application.call(seen.dup)
    body.each { |part| part }
    body.close if body.respond_to?(:close)
  end
end

# Puma in a process of its own, or it and the client would take turns at Ruby's one lock.
listening = applications.transform_values do |application|
  server = serve.call(application)
  [server, server.add_tcp_listener("127.0.0.1", 0).addr[1]]
end
child = fork { listening.each_value.map { |server, _| server.run }.each(&:join) }
begin
  sockets = listening.transform_values { |_, port| connect.call(port) }
  asked = compare.call(requests, -> { time_of.call(child) }) { |name, count| ask.call(sockets[name], count) }
ensure
  Process.kill(:KILL, child)
  Process.wait(child)
end

events = Dir[File.join(spool, "*")].sum { |path| File.foreach(path).count { |line| line.include?('"http.request"') } }
puts JSON.generate(ruby: RUBY_VERSION, puma: Puma::Const::VERSION, events: events, alone: alone, asked: asked)
