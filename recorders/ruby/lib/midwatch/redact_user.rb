# frozen_string_literal: true

require "json"
require_relative "redact_key"

module Midwatch
  class Redact
    # The rules of the user, as `midwatch redact rules --json` has checked and written them. Patterns
    # in that file mean the same to every engine and are bounded; none other may stand in it.
    class UserRules
      BYTES_MAX = 4 * 1024 * 1024
      NOTHING = [false, [].freeze].freeze

      # Raises ArgumentError, or an error of the system.
      def self.read(path, service)
        text = File.binread(path, BYTES_MAX + 1)
        raise ArgumentError, "has more than #{BYTES_MAX} bytes" if text.bytesize > BYTES_MAX

        new(JSON.parse(text.force_encoding(Encoding::UTF_8)), service)
      rescue JSON::ParserError
        raise ArgumentError, "is no JSON; `midwatch redact rules --json` makes it of YAML"
      end

      def initialize(compiled, service)
        raise ArgumentError, "is no file of `midwatch redact rules --json`" unless compiled.is_a?(Hash) && compiled["version"] == 1

        @keys, @patterns, @jobs = %w[keys patterns jobs].map { |name| of_service(compiled.fetch(name), service.to_s) }
        @classes = compiled.fetch("classes").transform_values { |verdict| { "verdict" => verdict } }
        @allowed_keys = compiled.fetch("allow").fetch("keys").map { |key| Keys.split(key.b).join(" ") }
        @allowed_values = compiled.fetch("allow").fetch("values").to_h { |value| [value.b, true] }
        @patterns.each { |entry| Regexp.new(entry.fetch("pattern"), Regexp::NOENCODING) }
        @scoped = (@keys + @patterns).select { |entry| entry.key?("jobs") }
      rescue KeyError, TypeError, NoMethodError, RegexpError => error
        raise ArgumentError, "is damaged: #{error.class}"
      end

      # What tells jobs apart for which different rules hold.
      def scope(job)
        @scoped.map { |entry| holds?(entry, "jobs", job.to_s) }
      end

      # The built-in rules with those that hold for the job.
      def added_to(rules, job)
        keys = of_job(@keys, job).to_h { |entry| [entry["id"], { "when" => "any", "class" => entry["class"], "words" => entry["words"] }] }
        rules.merge(
          "classes" => rules["classes"].merge(@classes), "keys" => rules["keys"].merge(keys),
          "allowedKeys" => @allowed_keys, "allowedValues" => @allowed_values, "patterns" => of_job(@patterns, job)
        )
      end

      # Whether only a digest of the job's arguments is kept, and the names and positions that go.
      def arguments_of(job)
        found = @jobs.find { |entry| holds?(entry, "jobs", job.to_s) }
        found ? [found["digest"], found["hide"]] : NOTHING
      end

      private

      def of_service(entries, service)
        entries.select { |entry| holds?(entry, "services", service) }
      end

      def of_job(entries, job)
        entries.select { |entry| holds?(entry, "jobs", job.to_s) }
      end

      def holds?(entry, name, text)
        entry[name].nil? || entry[name].any? { |pattern| matches?(pattern, text) }
      end

      # `*` stands for any text; linear in the text for each part between two stars.
      def matches?(pattern, text)
        first, *parts = pattern.split("*", -1)
        return text == pattern if parts.empty?

        last = parts.pop
        return false if !text.start_with?(first) || text.length < first.length + last.length

        at = first.length
        parts.each do |part|
          found = text.index(part, at) or return false
          at = found + part.length
        end
        text.length - last.length >= at && text.end_with?(last)
      end
    end

    # A Redact for each set of jobs that the rules tell apart; the block builds one from a job.
    class ByJob
      SCOPES_MAX = 64

      def initialize(user, &make)
        @user = user
        @make = make
        @known = {}
      end

      def of(job)
        scope = @user ? @user.scope(job) : nil
        known = @known
        known[scope] || begin
          # Written anew and replaced whole: two threads may be here.
          made = @make.call(job)
          @known = (known.size >= SCOPES_MAX ? {} : known).merge(scope => made)
          made
        end
      end
    end
  end
end
