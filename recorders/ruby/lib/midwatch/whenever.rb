# frozen_string_literal: true

require "whenever"
require_relative "recording"

module Midwatch
  # One line at the top of schedule.rb, `require "midwatch/whenever"`, records every run of every
  # job in it, and what the schedule declares. It puts the wrapper before the job's template and not
  # around the finished line, so that quoting stays at the one level that whenever gives it.
  #
  #   every(1.day) { rake "reports:daily", midwatch: "daily report" }   # a name of its own
  #   every(1.hour) { command "true", midwatch: false }                 # not recorded
  #   every(1.week) { command "dump", midwatch_output: true }           # its output and memory as well
  #   every(1.minute) { rake "export", midwatch_asked: "tmp/asked" }    # that file says who asked
  #   set :midwatch_run, "/opt/midwatch/recorders/cron/midwatch-run"     # where the wrapper is
  #   set :midwatch_program, "/opt/midwatch/bin/midwatch"                # and the program, for output
  module Schedule
    WRAPPER = "/usr/local/bin/midwatch-run"
    PROGRAM = "/opt/midwatch/bin/midwatch"
    # What needs no quotes on a command line.
    PLAIN = %r{\A[\w./:-]+\z}
    # Debian's cron refuses the whole crontab for one command of a thousand characters.
    COMMAND_LENGTH_MAX = 990
    NAME_LENGTH_MAX = 120
    # Words, then a shell with the job as one argument. A wrapper may stand before such a command.
    SIMPLE = %r{\A(?:[\w./=-]+\s+)*?\S*(?:ba|da|z|k)?sh(?:\s+-\w+)*\s+-\w*c\s+':job'\s*\z}

    class << self
      # What the schedule file that was read last declares.
      attr_accessor :declared
    end

    # Wraps one job's template.
    module Wrapped
      def initialize(options = {})
        @midwatch_name = options.delete(:midwatch)
        super
        @midwatch_plain = @job_template
        @midwatch_plain_output = @options[:output]
        return if @midwatch_name == false

        name = @midwatch_name || @options[:description] || @options[:task]
        @options[:midwatch_name] = @midwatch_name = Midwatch.redact.text(name.to_s.gsub(/\s+/, " ").strip)[0, NAME_LENGTH_MAX]
        @job_template = midwatch_template(@job_template.to_s)
      rescue StandardError => error
        warn "[midwatch] a job is not recorded: #{error.class}: #{error.message}"
        midwatch_leave_alone if @midwatch_plain
      end

      def output
        line = super
        return line if line.length <= COMMAND_LENGTH_MAX || @job_template == @midwatch_plain

        warn "[midwatch] too long to be recorded: #{@midwatch_name}"
        midwatch_leave_alone
        super
      end

      def midwatch_declares
        { name: @midwatch_name || @options[:task].to_s, environment: @options[:environment].to_s, wrapped: @job_template != @midwatch_plain, roles: roles } unless @midwatch_name == false
      end

      private

      def midwatch_leave_alone
        @job_template = @midwatch_plain
        @options[:output] = @midwatch_plain_output
      end

      def midwatch_template(plain)
        words = @options[:midwatch_output] ? midwatch_exec_words : midwatch_run_words
        "#{midwatch_before(words, plain)}#{" :midwatch_redirection" if @options[:midwatch_redirection]}"
      end

      def midwatch_before(words, plain)
        return "#{words.join(" ")} /bin/sh -c ':job'" if plain.strip == ":job"
        return "#{words.join(" ")} #{plain}" if plain.match?(SIMPLE)

        raise ArgumentError, "its job_template is no simple command"
      end

      def midwatch_run_words
        [@options[:midwatch_run] || WRAPPER, "-r whenever", *midwatch_flags("-s", "-e", "-a"), "':midwatch_name'"]
      end

      # Inside the job the redirection would swallow what is to be recorded; it goes behind it all.
      def midwatch_exec_words
        @options[:midwatch_redirection] = @options[:output].to_s
        @options[:output] = ""
        [@options[:midwatch_program] || PROGRAM, "exec --runtime whenever",
         *midwatch_flags("--service", "--environment", "--asked"), "--job ':midwatch_name' --"]
      end

      def midwatch_flags(*names)
        asked = @options[:midwatch_asked] && File.expand_path(@options[:midwatch_asked].to_s, @options[:path] || Dir.pwd)
        names.zip([Midwatch.settings.service, @options[:environment], asked])
             .filter_map { |name, value| "#{name} #{value}" if value.to_s.match?(PLAIN) }
      end
    end

    # Keeps what the file declares, as cron will be told it.
    module Listed
      def generate_cron_output
        # whenever takes jobs out of its list while it writes them.
        jobs = @jobs.dup
        super.tap { Schedule.declared = midwatch_declared(jobs) }
      end

      private

      def midwatch_declared(all)
        found = Hash.new { |hash, name| hash[name] = { schedules: [], warnings: [] } }
        all.each_value do |by_time|
          by_time.each do |time, jobs|
            jobs.each { |job| midwatch_declare(found, time, job) if roles.empty? || roles.any? { |role| job.has_role?(role) } }
          end
        end
        found
      rescue StandardError => error
        warn "[midwatch] the schedule is not recorded: #{error.class}: #{error.message}"
        {}
      end

      def midwatch_declare(found, time, job)
        says = job.midwatch_declares or return
        entry = found[says[:name]].merge!(environment: says[:environment], wrapped: says[:wrapped], roles: says[:roles].map(&:to_s))
        options = { chronic_options: defined?(@chronic_options) ? @chronic_options : {} }
        ::Whenever::Output::Cron.enumerate(time).each do |one|
          ::Whenever::Output::Cron.enumerate(job.at, false).each do |at|
            entry[:schedules] << ::Whenever::Output::Cron.new(one, nil, at, options).time_in_cron_syntax
            # whenever takes a time of day that it cannot read for midnight, and says nothing.
            unread = at.is_a?(String) && ::Chronic.parse(at, options[:chronic_options] || {}).nil?
            entry[:warnings] << "#{at.inspect} is not understood and means midnight" if unread
          end
        end
      end
    end

    # Records the declaration when the crontab is written, not when it is only shown.
    module Written
      protected

      def write_crontab(contents)
        midwatch_record(File.expand_path(@options[:file])) unless @options[:clear]
        super
      end

      private

      def midwatch_record(file)
        (Schedule.declared || {}).each do |name, entry|
          entry[:warnings].each { |warning| warn "[midwatch] #{name}: #{warning}" }
          fields = { "runtime" => "whenever", "job" => name, "environment" => entry.delete(:environment) }
          attributes = entry.transform_keys(&:to_s).merge("file" => file)
          Midwatch.record("schedule.declared", fields, attributes)
        end
      end
    end

    ::Whenever::Job.prepend(Wrapped) unless ::Whenever::Job < Wrapped
    ::Whenever::JobList.prepend(Listed) unless ::Whenever::JobList < Listed
    ::Whenever::CommandLine.prepend(Written) unless ::Whenever::CommandLine < Written
  end
end
