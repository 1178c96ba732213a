# frozen_string_literal: true

require_relative "debug"

module Midwatch
  # Turns what happened into an event and appends it to the spool. Nothing here raises.
  class Recorder
    STREAM_OF = {
      "log" => "logs", "source.gap" => "logs", "puma.stats" => "logs", "metrics.sample" => "logs",
      "http.request" => "http", "audit.action" => "audit"
    }.freeze

    # Bytes that the server takes of the fields which an application can make long.
    BYTES_MAX = {
      "job" => 512, "queue" => 255, "actor" => 255, "run_id" => 128, "trace_id" => 128, "parent_run_id" => 128,
      "error_class" => 512, "service" => 128, "environment" => 64, "release" => 128
    }.freeze
    MESSAGE_BYTES_MAX = 8_000
    ATTRIBUTES_BYTES_MAX = 64 * 1024
    VARIANTS = "89ab"

    # By these fields a run is known; they cannot be hashed or dropped.
    KEPT = %w[job run_id attempt outcome severity runtime worker].freeze
    # Log lines that sampling left out are told this often at most.
    LEFT_OUT_SECONDS = 60

    # Of `complaints`: what was wrong with the settings and is not told yet.
    attr_reader :spool, :settings, :debug, :complaints
    attr_accessor :faults

    # `before` is the recorder of this process so far: its file ends, its numbers go on.
    def initialize(settings, before = nil)
      @settings = settings
      @faults = @faults_told = 0
      @debug = Debug.new(settings)
      @hidden = (settings.hash_fields + settings.drop_fields - KEPT)
      @complaints = (before || settings).complaints
      @user = read_user_rules
      @by_job = Redact::ByJob.new(@user) do |job|
        Redact.new(key: settings.digest_key, deny: settings.hash_fields, drop: settings.drop_fields, user: @user, job: job)
      end
      @spool = before&.spool || Spool.new(settings.spool, "ruby", settings.host)
      @spool.move(settings.spool, settings.host) if before
      @enabled = settings.on?(:enabled)
      @second = nil
      @base = {
        "service" => settings.service, "environment" => settings.environment,
        "release" => settings.release, "host" => @spool.host
      }.transform_values(&:to_s).reject { |_, value| value.empty? }
      # The same as it stands in a line, without the braces: it never changes.
      @base_text = @base.each_with_object(+"") { |(name, value), text| JsonLine.field(text, name, value) }
      @base_names = @base.keys
    end

    # By the rules that hold for a job, else for the one that runs now.
    def redact(job = @user && Context.current&.job)
      @by_job.of(job)
    end

    # Whether only a digest of the job's arguments is kept, and the names and positions that go. All
    # of them where the rules cannot be read: what the user has forbidden is not known then.
    def rule_of(job)
      return [true, []] if @rules_failed

      @user ? @user.arguments_of(job) : Redact::UserRules::NOTHING
    end

    # How the job's arguments are recorded.
    def arguments_of(job)
      mode = @settings.arguments_of(job)
      return "none" if @rules_failed

      mode != "none" && rule_of(job)[0] ? "digest" : mode
    end

    # Appends one event; true when it is written. `fields` are those of an event, nil meaning
    # absent, and `attributes` any plain structure.
    def record(kind, fields, attributes = nil, sync: false)
      return false unless @enabled

      spool = @spool.current
      tell_complaints(spool) unless @complaints.empty?
      tell_left_out(spool, kind) if spool.left_out.positive?
      tell_gap(spool) if spool.open? && (spool.dropped.positive? || @faults > @faults_told)
      spool.append(line(spool, kind, fields, attributes), sync: sync)
    end

    # Counts a log line that sampling left out; the number is told with a later event.
    def leave_out
      spool.current.leave_out
    end

    # RFC 3339 in UTC with microseconds, of now or of a Time.
    def time_text(time = nil)
      micros = time ? ((time.to_r * 1_000_000).floor) : Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)
      second, rest = micros.divmod(1_000_000)
      # Read once and replaced whole: two threads may be here.
      known = @second
      @second = known = [second, Time.at(second).utc.strftime("%Y-%m-%dT%H:%M:%S")] if known.nil? || known[0] != second
      format("%s.%06dZ", known[1], rest)
    end

    # UUIDv7 (RFC 9562).
    def uuid7
      id = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond).to_s(16).rjust(12, "0")
      id << "7" << Random.urandom(10).unpack1("H*").byteslice(0, 19)
      id.setbyte(16, VARIANTS.getbyte(id.getbyte(16) & 3))
      id.insert(8, "-").insert(13, "-").insert(18, "-").insert(23, "-")
    end

    private

    def read_user_rules
      path = @settings.redaction_rules.to_s
      path.empty? ? nil : Redact::UserRules.read(path, @settings.service)
    rescue SystemCallError, ArgumentError => error
      @rules_failed = true
      why = error.is_a?(SystemCallError) ? "cannot be read: #{error.class}" : error.message
      complaint = "redaction_rules: #{path} #{why}; no arguments are recorded"
      $stderr.puts "midwatch: #{complaint}"
      @complaints += [complaint]
      nil
    end

    # Written straight away, in the order of the contract: this is done for every event.
    def line(spool, kind, fields, attributes)
      text = +"{\"id\":\"" << uuid7 << "\",\"time\":\"" << (fields["time"] || time_text)
      text << "\",\"stream\":\"" << (STREAM_OF[kind] || "jobs") << "\",\"kind\":\"" << kind << "\","
      if @base_names.any? { |name| fields.key?(name) }
        @base.each { |name, value| JsonLine.field(text, name, value) unless fields.key?(name) }
      else
        text << @base_text
      end
      fields.each do |name, value|
        next if value.nil? || name == "time"

        value = hide(name, value) if @hidden.include?(name)

        JsonLine.field(text, name, value.is_a?(String) && value.bytesize > 64 ? cut(name, value) : value)
      end
      text << spool.source_text << spool.next_sequence.to_s
      return text << "}" if attributes.nil? || attributes.empty?

      append_attributes(text << ",\"attributes\":", attributes) << "}"
    end

    # Without the largest ones, until the server takes them: it would refuse the whole event for
    # them, and say so to nobody who runs the application.
    def append_attributes(text, attributes)
      before = text.bytesize
      JsonLine.append(text, attributes)
      return text if text.bytesize - before <= ATTRIBUTES_BYTES_MAX

      sizes = attributes.to_h { |name, value| [name, JsonLine.append(+"", value).bytesize + name.to_s.bytesize + 4] }
      too_long = []
      while sizes.any? && sizes.values.sum + 40 * too_long.size > ATTRIBUTES_BYTES_MAX
        too_long << sizes.max_by { |_, bytes| bytes }.first
        sizes.delete(too_long.last)
      end
      JsonLine.append(text.byteslice(0, before), attributes.slice(*sizes.keys).merge("too_long" => too_long.sort))
    end

    # What stands in a field that is to be hashed; nothing where it is to be dropped.
    def hide(name, value)
      @settings.drop_fields.include?(name) ? nil : redact.value(value, key: name)
    end

    def cut(name, value)
      max = BYTES_MAX[name] || (name == "error_stack" ? value.bytesize : MESSAGE_BYTES_MAX)
      value.bytesize > max ? "#{JsonLine.utf8(value).byteslice(0, max - 3).scrub("")}…" : value
    end

    def tell_complaints(spool)
      complaints = @complaints
      @complaints = []
      complaints.each do |complaint|
        fields = { "severity" => "warn", "message" => "A setting is passed over: #{redact.text(complaint)}", "runtime" => "ruby" }
        spool.append(line(spool, "log", fields, { "logger" => "midwatch" }))
      end
    end

    def tell_left_out(spool, kind)
      count = spool.take_left_out(kind == "worker.stopped" ? 0 : LEFT_OUT_SECONDS) or return
      fields = { "severity" => "info", "message" => "#{count} log lines were left out by log_sample", "runtime" => "ruby" }
      spool.append(line(spool, "log", fields, { "logger" => "midwatch", "left_out" => count })) || spool.restore_left_out(count)
    end

    def tell_gap(spool)
      count = spool.take_dropped
      faults = @faults - @faults_told
      message = "#{count} events could not be written to the spool"
      message += "; the recorder itself failed #{faults} times" if faults.positive?
      attributes = { "dropped" => count }
      attributes["faults"] = faults if faults.positive?
      if spool.append(line(spool, "source.gap", { "severity" => "warn", "message" => message }, attributes))
        @faults_told += faults
      else
        # The line that says so has counted itself.
        spool.restore_dropped(count - 1)
      end
    end
  end
end
