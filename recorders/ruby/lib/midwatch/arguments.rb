# frozen_string_literal: true

module Midwatch
  # The arguments of a job as a plain structure of limited size. Records are told by class and id;
  # their other attributes are the application's business. Arguments without names of their own get
  # those of the method that will take them: by its name a password is known.
  module Arguments
    STRING_BYTES_MAX = 1024
    LOOKED_AT_BYTES_MAX = 16_384
    ITEMS_MAX = 200
    DEPTH_MAX = 8
    CUT = "…"

    module_function

    # Of the payload in memory, while it is being enqueued; nil where nothing is to be recorded.
    def of(job_name, payload)
      mode = Midwatch.recorder.arguments_of(job_name)
      return nil if mode == "none" || payload.nil?

      kept(job_name, structure_of(payload), mode)
    end

    # What the settings let be recorded of a structure.
    def kept(job_name, structure, mode = Midwatch.recorder.arguments_of(job_name))
      redact = Midwatch.redact(job_name)
      case mode
      when "digest" then redact.digest(structure)
      when "shape" then redact.shape(structure)
      else redact.value(redact.without(structure, Midwatch.recorder.rule_of(job_name)[1]))
      end
    end

    # The same without redaction, to know secrets by; it is never recorded.
    def given(payload)
      structure_of(payload) unless payload.nil?
    end

    def structure_of(payload)
      left = [ITEMS_MAX]
      case payload.class.name
      when /JobWrapper\z/ then active_job(payload.job_data, left)
      when "Delayed::PerformableMethod", "Delayed::PerformableMailer" then delayed_call(payload, left)
      else plain(payload.is_a?(Struct) ? payload.to_h : variables_of(payload), left)
      end
    end

    def active_job(data, left)
      job = Object.const_get(data["job_class"]) if Object.const_defined?(data["job_class"])
      named(job && job.method_defined?(:perform) ? job.instance_method(:perform) : nil, data["arguments"], left)
    end

    def delayed_call(payload, left)
      receiver = payload.object
      own = receiver.respond_to?(payload.method_name, true) ? receiver.method(payload.method_name) : nil
      { "object" => plain(receiver, left), "arguments" => named(own, payload.args, left) }
    end

    # `[["order_id", 7], ["password", …]]` as a hash, if the method gives every one a name.
    def named(method, values, left)
      names = method ? method.parameters.select { |kind, _| %i[req opt].include?(kind) }.map { |_, name| name&.to_s } : []
      last = values.last
      keywords = last if last.is_a?(Hash) && (values.size > names.size || last.key?("_aj_ruby2_keywords"))
      positional = keywords ? values[0...-1] : values
      return plain(values, left) if positional.size > names.size || names.first(positional.size).any?(&:nil?)

      plain(names.zip(positional).first(positional.size).to_h.merge(keywords || {}), left)
    end

    def variables_of(payload)
      payload.instance_variables.to_h { |name| [name.to_s.delete_prefix("@"), payload.instance_variable_get(name)] }
    end

    def plain(value, left, depth = 0)
      return CUT if (left[0] -= 1).negative? || depth > DEPTH_MAX

      case value
      when String then text(value)
      when Symbol then value.to_s
      when Numeric then value.is_a?(Integer) || value.is_a?(Float) ? value : value.to_s
      when true, false, nil then value
      when Hash then hash(value, left, depth)
      when Array then value.first(ITEMS_MAX).map { |item| plain(item, left, depth + 1) }
      when Struct then plain(value.to_h, left, depth + 1)
      when Module then value.name.to_s
      when Time then value.getutc.strftime("%Y-%m-%dT%H:%M:%S.%6NZ")
      else object(value)
      end
    end

    # ActiveJob writes records and odd types as hashes of its own.
    def hash(value, left, depth)
      return value["_aj_globalid"].to_s.sub(%r{\Agid://[^/]+/}, "").tr("/", ":") if value.key?("_aj_globalid")
      return plain(value["value"], left, depth + 1) if value.key?("_aj_serialized")

      value.first(ITEMS_MAX).each_with_object({}) do |(key, item), result|
        result[text(key.to_s)] = plain(item, left, depth + 1) unless key.to_s.start_with?("_aj_")
      end
    end

    def object(value)
      record = defined?(::ActiveRecord::Base) && value.is_a?(::ActiveRecord::Base)
      record ? "#{value.class.name}:#{value.id}" : value.class.name.to_s
    end

    # Redacted before it is cut: half a secret is not recognised as one.
    def text(string)
      string = JsonLine.utf8(string)
      return string if string.bytesize <= STRING_BYTES_MAX

      Midwatch.redact.text(string.byteslice(0, LOOKED_AT_BYTES_MAX).scrub("")).byteslice(0, STRING_BYTES_MAX).scrub("") + CUT
    end
  end
end
