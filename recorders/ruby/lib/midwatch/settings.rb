# frozen_string_literal: true

module Midwatch
  # What can be set, by `Midwatch.configure` or by environment variable, under the same names as in
  # Python. An unknown name or value is refused there and then, with a suggestion.
  class Settings
    ARGUMENTS = %w[redacted shape digest none].freeze
    LEVELS = %w[debug info warn error off].freeze

    # name => [environment variable, default]
    NAMES = {
      service: ["MIDWATCH_SERVICE", nil],
      environment: ["MIDWATCH_ENVIRONMENT", nil],
      release: ["MIDWATCH_RELEASE", nil],
      spool: ["MIDWATCH_SPOOL", "/var/spool/midwatch"],
      host: ["MIDWATCH_HOST", nil],
      # How much of a job's arguments is recorded: redacted, shape, digest or none.
      arguments: ["MIDWATCH_ARGUMENTS", "redacted"],
      # The same by job name: { "ChargeCardJob" => "digest" }.
      arguments_by_job: [nil, {}],
      # Least severe line of a logger that becomes an event; off: none does.
      log_level: ["MIDWATCH_LOG_LEVEL", "info"],
      # Share of the lines at info and below that is kept, from 0 to 1; all lines of a run go the same way.
      log_sample: ["MIDWATCH_LOG_SAMPLE", 1.0],
      # Whether ids travel in a comment behind Delayed::Job's handler.
      tag_handler: ["MIDWATCH_TAG_HANDLER", "1"],
      # Key for digests and fingerprints; the same on all hosts lets values be compared.
      digest_key: ["MIDWATCH_DIGEST_KEY", nil],
      # So often the Puma plugin tells how busy the server is.
      puma_seconds: ["MIDWATCH_PUMA_SECONDS", 10],
      enabled: ["MIDWATCH_ENABLED", "1"],
      # Called with the Rack environment after the request; answers who the user is, or nil.
      user: [nil, nil],
    }.freeze

    attr_reader(*NAMES.keys)

    # What the environment says. What it says wrongly is told on standard error and passed over:
    # an application must not fail to start for it.
    def self.from_environment(environment = ENV, warnings: $stderr)
      settings = new
      variables = NAMES.filter_map { |name, (variable, _)| variable && [variable, name] }.to_h
      variables.each do |variable, name|
        given = environment[variable]
        settings.public_send(:"#{name}=", given) unless given.nil? || given.empty?
      rescue ArgumentError => error
        warnings.puts "#{error.message} (#{variable})"
      end
      misspelt(environment, variables.keys).each { |wrong, near| warnings.puts "midwatch: unknown variable #{wrong}, did you mean #{near}?" }
      settings
    end

    # Only what is nearly one of ours: the server and the agent have variables too.
    def self.misspelt(environment, known)
      return [] unless defined?(DidYouMean::Levenshtein)

      (environment.keys.grep(/\AMIDWATCH_/) - known).filter_map do |name|
        near = known.find { |one| DidYouMean::Levenshtein.distance(name, one) <= 2 }
        near && [name, near]
      end
    end
    private_class_method :misspelt

    def initialize
      NAMES.each { |name, (_, default)| instance_variable_set(:"@#{name}", default) }
    end

    NAMES.each_key do |name|
      define_method(:"#{name}=") { |value| set(name, value) }
    end

    def on?(name)
      !["0", "false", "no", "off", ""].include?(public_send(name).to_s.downcase)
    end

    def arguments_of(job)
      mode = arguments_by_job[job] || arguments
      ARGUMENTS.include?(mode.to_s) ? mode.to_s : "none"
    end

    def method_missing(name, *)
      raise ArgumentError, "midwatch: unknown setting #{name.to_s.chomp("=")}#{suggestion(name)}"
    end

    def respond_to_missing?(*)
      false
    end

    private

    def set(name, value)
      value = value.to_s if value.is_a?(Symbol)
      known = { arguments: ARGUMENTS, log_level: LEVELS }[name]
      if known && !known.include?(value)
        raise ArgumentError, "midwatch: #{name} must be one of #{known.join(", ")}, not #{value.inspect}"
      end
      value = share(name, value) if name == :log_sample
      instance_variable_set(:"@#{name}", value)
    end

    def share(name, value)
      number = Float(value, exception: false)
      return number if number&.between?(0, 1)

      raise ArgumentError, "midwatch: #{name} must be a share from 0 to 1, not #{value.inspect}"
    end

    def suggestion(name)
      near = defined?(DidYouMean::SpellChecker) &&
             DidYouMean::SpellChecker.new(dictionary: NAMES.keys).correct(name.to_s.chomp("=")).first
      near ? ", did you mean #{near}?" : "; known are #{NAMES.keys.join(", ")}"
    end
  end
end
