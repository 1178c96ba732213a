# frozen_string_literal: true

require "etc"
require "time"

module Midwatch
  # What Puma tells of itself: `puma.stats` every few seconds, boot, restart and stop, the life of
  # its worker processes, and the errors that never reach the application.
  #
  # Runs in the thread that Puma gives to plugins, in the single process or the master. A worker
  # that is killed says nothing: its start names its process, by which the agent notices.
  class PumaWatch
    COUNTS = %i[backlog running pool_capacity busy_threads max_threads requests_count].freeze
    TICKS = Etc.sysconf(Etc::SC_CLK_TCK)
    PAGE_BYTES = Etc.sysconf(Etc::SC_PAGESIZE)
    # Of a socket that listens, where the kernel's `tcp_info` counts who was not accepted yet (tcpi_unacked).
    UNACCEPTED_AT = 24
    # What Puma says of a worker that hangs, before it kills it.
    TIMED_OUT = /\A! Terminating timed out worker (?:\((.*)\))?:? ?(\d+)\z/.freeze

    class << self
      # Both run inside the worker. Only in a cluster: without one Puma warns of them.
      def hook_workers(dsl)
        return unless dsl.get(:workers, 0).to_i.positive?

        register(dsl, %i[before_worker_boot on_worker_boot]) { |index| tell_worker("worker.started", "index" => index) }
        register(dsl, %i[before_worker_shutdown on_worker_shutdown]) { |index| tell_worker("worker.stopped", "index" => index) }
      end

      def tell_worker(kind, attributes)
        fields = { "runtime" => "puma", "worker" => Midwatch.recorder.spool.current.worker }
        Midwatch.record(kind, fields, attributes)
      end

      # What Puma prints of itself: boots, restarts, workers that do not come up.
      def printed(text)
        hung = TIMED_OUT.match(text)
        return tell_timed_out(hung[2], hung[1]) if hung

        severity = text.start_with?("!") ? ::Logger::WARN : ::Logger::INFO
        return unless LogEvents.keep?(severity, nil, "puma")

        fields = { "runtime" => "puma", "severity" => LogEvents::SEVERITIES[severity], "message" => LogEvents.safe(text) }
        Midwatch.record("log", fields, { "logger" => "puma" })
      end

      private

      # The process still lives, so that its name can be told.
      def tell_timed_out(pid, because)
        fields = {
          "runtime" => "puma", "worker" => "#{Midwatch.recorder.spool.host}:#{pid}:#{Spool.process_start(pid)}",
          "severity" => "error", "error_class" => "Puma::WorkerTimeout", "signal" => "SIGKILL",
          "message" => "Puma killed a worker (pid #{pid}) that hung#{": #{because}" if because}."
        }
        Midwatch.record("worker.lost", fields)
      end

      # Puma 7 has other names for its hooks.
      def register(dsl, names, &told)
        name = names.find { |one| dsl.respond_to?(one) }
        dsl.public_send(name) { |index| told.call(index) } if name
      end
    end

    def initialize(launcher)
      @launcher = launcher
      @cluster = launcher.options[:workers].to_i.positive?
    end

    def hook
      Context.leave_process
      events = @launcher.events
      { booted: "booted", stopped: "stopped", restart: "restarts" }.each do |name, word|
        method = %I[after_#{name} on_#{name} before_#{name}].find { |one| events.respond_to?(one) }
        events.public_send(method) { Midwatch.safely { happened(name, word) } } if method
      end
      writer = @launcher.respond_to?(:log_writer) ? @launcher.log_writer : events
      writer.singleton_class.prepend(Printed) if writer.singleton_class.ancestors.none?(Printed)
    end

    def keep_telling
      loop do
        sleep [Midwatch.settings.puma_seconds.to_f, 1.0].max
        Midwatch.safely { tell_stats }
      end
    end

    def tell_stats
      stats = ::Puma.stats_hash
      workers = (stats[:worker_status] || []).map { |status| worker_attributes(status) }
      counts = workers.empty? ? counts_of(stats) : totals(workers)
      waiting = accept_queue
      counts = counts.merge("accept_queue" => waiting, "backlog" => counts["backlog"].to_i + waiting) if waiting
      attributes = counts.merge("workers" => workers, "phase" => stats[:phase]).compact
      attributes.merge!(process_attributes(Process.pid)) unless @cluster
      fields = { "runtime" => "puma", "worker" => Midwatch.recorder.spool.current.worker, "severity" => "info" }
      Midwatch.record("puma.stats", fields, attributes)
    end

    private

    def happened(name, word)
      unless @cluster
        PumaWatch.tell_worker("worker.started", { "name" => "puma" }) if name == :booted
        PumaWatch.tell_worker("worker.stopped", { "name" => "puma" }) if name == :stopped
      end
      processes = @cluster ? " with #{@launcher.options[:workers]} workers" : ""
      Midwatch.record("log", { "runtime" => "puma", "severity" => "info", "message" => "Puma #{::Puma::Const::VERSION} #{word}#{processes}" })
    end

    def worker_attributes(status)
      age = status[:last_checkin] && ((Time.now - Time.iso8601(status[:last_checkin].to_s)) * 1000).round
      { "index" => status[:index], "pid" => status[:pid], "phase" => status[:phase], "last_checkin_ms" => age }
        .merge(counts_of(status[:last_status] || {})).merge(process_attributes(status[:pid])).compact
    end

    def counts_of(stats)
      counts = COUNTS.to_h { |name| [name.to_s, stats[name]] }.compact
      busy = stats[:max_threads] && stats[:pool_capacity] && stats[:max_threads] - stats[:pool_capacity]
      counts["busy_threads"] ||= busy if busy
      counts
    end

    def totals(workers)
      COUNTS.map(&:to_s).to_h { |name| [name, workers.sum { |worker| worker[name] || 0 }] }
    end

    # Connections that nobody has taken yet. Puma takes no more than it can work on, so that those who
    # wait for a thread stand here and not in its own backlog. nil where the kernel does not say.
    def accept_queue
      sockets = @launcher.binder.ios.map(&:to_io).grep(::TCPServer)
      return if sockets.empty?

      sockets.sum { |socket| socket.getsockopt(::Socket::IPPROTO_TCP, ::Socket::TCP_INFO).data.unpack1("L", offset: UNACCEPTED_AT) }
    rescue SystemCallError, NameError, ArgumentError
      nil
    end

    # Processor time and resident memory, as the kernel counts them.
    def process_attributes(pid)
      stat = File.binread("/proc/#{pid}/stat").rpartition(") ").last.split
      { "cpu_ms" => (stat[11].to_i + stat[12].to_i) * 1000 / TICKS, "rss_bytes" => stat[21].to_i * PAGE_BYTES }
    rescue SystemCallError
      {}
    end

    # In front of what Puma prints: of itself, and of errors outside the application: bad requests,
    # broken connections, faults of the server. The request is left out; it holds the query.
    module Printed
      def log(text)
        Midwatch.safely { PumaWatch.printed(text.to_s.strip) }
        super
      end

      { unknown_error: "error", parse_error: "warn", connection_error: "warn", ssl_error: "warn" }.each do |name, severity|
        define_method(name) do |error, *words|
          Midwatch.safely do
            fields = { "runtime" => "puma", "severity" => severity, "message" => "Puma: #{name.to_s.tr("_", " ")}: #{error.class.name}" }
            Midwatch.record("log", fields.merge!(Failure.fields(error)))
          end
          super(error, *words)
        end
      end
    end
  end
end
