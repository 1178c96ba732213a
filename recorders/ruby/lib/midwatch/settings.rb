# frozen_string_literal: true

require_relative "settings_file"

module Midwatch
  # What can be set, under the same names as in Python: by `Midwatch.configure`, by an environment
  # variable, by the file. What the code sets wrongly raises, with a suggestion; what a variable or
  # the file sets wrongly is told and passed over: no application shall stop for its recorder.
  class Settings
    CHOICES = { arguments: %w[redacted shape digest none], log_level: %w[debug info warn error off] }.freeze

    # name => [environment variable, type, default]; contract/settings/settings.json holds the same.
    NAMES = {
      service: ["MIDWATCH_SERVICE", :text, nil],
      environment: ["MIDWATCH_ENVIRONMENT", :text, nil],
      release: ["MIDWATCH_RELEASE", :text, nil],
      host: ["MIDWATCH_HOST", :text, nil],
      spool: ["MIDWATCH_SPOOL", :text, "/var/spool/midwatch"],
      enabled: ["MIDWATCH_ENABLED", :switch, "1"],
      arguments: ["MIDWATCH_ARGUMENTS", :choice, "redacted"],
      arguments_by_job: [nil, :map, {}],
      hash_fields: ["MIDWATCH_HASH_FIELDS", :list, []],
      drop_fields: ["MIDWATCH_DROP_FIELDS", :list, []],
      redaction_rules: ["MIDWATCH_REDACTION_RULES", :text, nil],
      digest_key: ["MIDWATCH_DIGEST_KEY", :text, nil],
      log_level: ["MIDWATCH_LOG_LEVEL", :choice, "info"],
      log_sample: ["MIDWATCH_LOG_SAMPLE", :share, 1],
      user: [nil, :function, nil],
      tag_handler: ["MIDWATCH_TAG_HANDLER", :switch, "1"],
      puma_seconds: ["MIDWATCH_PUMA_SECONDS", :number, 10]
    }.freeze
    VARIABLES = NAMES.filter_map { |name, (variable, _)| [variable, name] if variable }.to_h.freeze
    SWITCHED_OFF = ["0", "false", "no", "off", "none", ""].freeze

    attr_reader(*NAMES.keys)
    # What was passed over, in sentences.
    attr_reader :complaints

    def initialize(environment = ENV, file = nil)
      @file = file ? SettingsFile.new(file) : SettingsFile.of(environment)
      @code = {}
      @complaints = @file.complaints.dup
      @of_file = @file.pairs.filter_map { |pair| read_pair(pair) }
      @of_variables = VARIABLES.each_with_object({}) { |(variable, name), read| read_variable(read, name, variable, environment[variable]) }
      misspelt(environment)
      apply
    end

    def initialize_copy(other)
      super
      @code = @code.dup
    end

    NAMES.each_key do |name|
      define_method(:"#{name}=") do |value|
        @code[name] = read(name, value)
        apply
      rescue ArgumentError => error
        raise ArgumentError, "midwatch: #{error.message}"
      end
    end

    def on?(name)
      !SWITCHED_OFF.include?(public_send(name).to_s.downcase)
    end

    def arguments_of(job)
      mode = (arguments_by_job[job] || arguments).to_s
      CHOICES[:arguments].include?(mode) ? mode : "none"
    end

    def method_missing(name, *)
      raise ArgumentError, "midwatch: unknown setting #{name.to_s.chomp("=")}#{suggestion(name.to_s.chomp("="), NAMES.keys)}"
    end

    def respond_to_missing?(*)
      false
    end

    private

    # The layers on each other; the service and the environment first, for they choose sections.
    def apply
      of_all = section(nil)
      chosen = of_all.merge(@of_variables, @code)
      layers = [of_all, section(["environment", chosen[:environment]]), section(["service", chosen[:service]]), @of_variables, @code]
      NAMES.each { |name, (_, _, default)| instance_variable_set(:"@#{name}", default) }
      layers.each { |layer| layer.each { |name, value| instance_variable_set(:"@#{name}", value) } }
      by_job = @of_file.filter_map { |at, _, value| [at[1], value] if at && at[0] == "job" }.to_h
      @arguments_by_job = by_job.merge(@arguments_by_job || {})
    end

    def section(wanted)
      @of_file.filter_map { |at, name, value| [name, value] if at == wanted }.to_h
    end

    # [section, name, value], or nil and a complaint.
    def read_pair(pair)
      known = pair.section && pair.section[0] == "job" ? [:arguments] : VARIABLES.values
      name = known.find { |one| one.to_s == pair.name }
      raise ArgumentError, "unknown setting #{pair.name[0, 60]}#{suggestion(pair.name, known)}" unless name

      [pair.section, name, read(name, pair.text)]
    rescue ArgumentError => error
      @complaints << "#{@file.path} line #{pair.number}: #{error.message}"
      nil
    end

    def read_variable(read, name, variable, text)
      read[name] = read(name, text) unless text.nil? || text.empty?
    rescue ArgumentError => error
      @complaints << "$#{variable}: #{error.message}"
    end

    # The value of a setting from its text, or from what the code gave.
    def read(name, value)
      value = value.to_s if value.is_a?(Symbol)
      case NAMES.fetch(name)[1]
      when :choice then CHOICES[name].include?(value) ? value : refuse(name, "one of #{CHOICES[name].join(", ")}", value)
      when :share then number(value)&.between?(0, 1) ? number(value) : refuse(name, "a number from 0 to 1", value)
      when :number then number(value)&.positive? ? number(value) : refuse(name, "a number above 0", value)
      when :list then value.is_a?(String) ? value.split(",").map(&:strip).reject(&:empty?) : Array(value).map(&:to_s)
      when :function then value.nil? || value.respond_to?(:call) ? value : refuse(name, "something that can be called", value)
      else value
      end
    end

    def refuse(name, wanted, value)
      raise ArgumentError, "#{name} must be #{wanted}, not #{value.inspect[0, 40]}"
    end

    def number(value)
      Float(value, exception: false)
    end

    # Only what is nearly one of ours: the server and the agent have variables too.
    def misspelt(environment)
      return unless defined?(DidYouMean::Levenshtein)

      (environment.keys.grep(/\AMIDWATCH_/) - VARIABLES.keys - [SettingsFile::VARIABLE]).each do |name|
        near = VARIABLES.keys.find { |one| DidYouMean::Levenshtein.distance(name, one) <= 2 }
        @complaints << "$#{name}: there is no such variable, did you mean $#{near}?" if near
      end
    end

    def suggestion(name, known)
      near = defined?(DidYouMean::SpellChecker) && DidYouMean::SpellChecker.new(dictionary: known).correct(name).first
      near ? ", did you mean #{near}?" : "; known are #{known.join(", ")}"
    end
  end
end
