# frozen_string_literal: true

module Midwatch
  # One event a request, told when its body has been sent; and the trace that its jobs belong to.
  # The query is never recorded: that is where secrets travel.
  class RackMiddleware
    ID = /\A[\w.-]{1,64}\z/.freeze
    QUEUE_SECONDS_MAX = 60

    def initialize(application)
      @application = application
    end

    def call(environment)
      request = Midwatch.safely { Request.new(environment) }
      return @application.call(environment) unless request

      begin
        status, headers, body = answer = Context.with(request.context) { @application.call(environment) }
      rescue Exception => error # rubocop:disable Lint/RescueException -- raised again at once
        Midwatch.safely { request.finish(500, error) }
        raise
      end
      Midwatch.safely { [status, headers, Body.new(body, request, status, headers)] } || answer
    end

    # What is known of a request, until it is told; told once, whoever is first.
    class Request
      attr_reader :context

      def initialize(environment)
        @environment = environment
        @started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        @line = Midwatch.redact.text("#{environment["REQUEST_METHOD"]} #{environment["PATH_INFO"]}")
        @context = Context.new(
          trace_id: -> { environment["action_dispatch.request_id"] || own_id },
          actor: -> { user || @line },
          given: -> { environment["action_dispatch.request.parameters"] || environment["rack.request.form_hash"] }
        )
        @queued = queued_ms if environment.key?("HTTP_X_REQUEST_START")
      end

      # Of an answer that was begun: how many bytes it has, if it is known, and whether whoever asked
      # was gone before its end.
      def finish(status, error, bytes = nil, aborted: false)
        return if @told

        @told = true
        number = status.to_i
        # Rails answers for an error before it comes here.
        error ||= @environment["action_dispatch.exception"] if number >= 500
        failed = number >= 500 || !error.nil?
        fields = {
          "runtime" => "rack", "trace_id" => @context.trace_id, "actor" => user,
          "outcome" => failed ? "failed" : "succeeded", "severity" => failed ? "error" : "info",
          "duration_ms" => (Process.clock_gettime(Process::CLOCK_MONOTONIC) - @started) * 1000,
          "wait_ms" => @queued, "message" => "#{@line} #{number}"
        }
        fields.merge!(Context.with(@context) { Failure.fields(error) }) if error
        told = attributes(number)
        told["response_bytes"] = bytes if bytes
        told["aborted"] = true if aborted
        Midwatch.recorder.record("http.request", fields, told)
      end

      private

      # What a proxy in front gave the request, or one of ours.
      def own_id
        @own_id ||= begin
          given = @environment["HTTP_X_REQUEST_ID"]
          given&.match?(ID) ? given : Midwatch.recorder.uuid7
        end
      end

      def attributes(number)
        method = @environment["REQUEST_METHOD"].to_s
        told = { "method" => method, "path" => @line.byteslice((method.bytesize + 1)..) }
        route = self.route
        told["route"] = route if route
        told["status"] = number
        told["remote_address"] = remote_address
        told
      end

      def route
        pattern = @environment["action_dispatch.route_uri_pattern"]
        return pattern if pattern

        controller = @environment["action_controller.instance"]
        controller && "#{controller.class.name}##{controller.action_name}"
      end

      # Rails believes forwarded addresses only behind its trusted proxies; without it, nobody is.
      # It raises where a client claims two addresses.
      def remote_address
        checked = @environment["action_dispatch.remote_ip"]
        (checked && Midwatch.safely { checked.to_s }) || @environment["REMOTE_ADDR"].to_s
      end

      def user
        hook = Midwatch.settings.user
        answer = hook && Midwatch.safely { hook.call(@environment) }
        answer && "user: #{answer}"
      end

      # Seconds, milliseconds or microseconds since 1970, as proxies write `X-Request-Start`.
      def queued_ms
        text = @environment["HTTP_X_REQUEST_START"].delete_prefix("t=")
        return unless text.match?(/\A\d{10,16}(\.\d+)?\z/)

        value = text.to_f
        value /= 1000 while value > 1e11
        waited = Time.now.to_f - value
        waited * 1000 if waited >= 0 && waited <= QUEUE_SECONDS_MAX
      end
    end

    # Tells the end when the server closes the body; passes everything else on, so that a body that
    # is called, or names a file, is still seen to be one. What the application does while its body
    # is sent belongs to the request, and so does an error there, though the status has long gone.
    class Body
      LENGTHS = %w[Content-Length content-length].freeze

      def initialize(body, request, status, headers)
        @body = body
        @request = request
        @status = status
        @bytes = nil
        @length = headers && LENGTHS.filter_map { |name| headers[name] }.first
      end

      def each
        @bytes = 0
        sending = false
        Context.with(@request.context) do
          @body.each do |part|
            @bytes += part.bytesize
            sending = true
            yield part
            sending = false
          end
        end
      rescue Exception => error # rubocop:disable Lint/RescueException -- raised again at once
        # While it is sent it is the connection that ends.
        sending ? @aborted = true : @error = error
        raise
      end

      def close
        @body.close if @body.respond_to?(:close)
      ensure
        Midwatch.safely { @request.finish(@status, @error, bytes, aborted: @aborted == true) }
      end

      # An array is asked for in place of `each`, and then the body is done with (Rack 3).
      def to_ary
        parts = @body.to_ary
        @bytes = parts.sum(&:bytesize)
        parts
      ensure
        close
      end

      def respond_to?(name, include_private = false)
        %i[each to_ary].include?(name) ? @body.respond_to?(name) : super
      end

      def respond_to_missing?(name, include_private = false)
        name != :to_str && @body.respond_to?(name, include_private)
      end

      def method_missing(name, *words, &block)
        return super unless respond_to_missing?(name)

        @body.public_send(name, *words, &block)
      end

      private

      # Counted, else as the answer says.
      def bytes
        @bytes || (@length && Integer(@length.to_s, 10, exception: false))
      end
    end
  end
end
