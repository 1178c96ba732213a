# frozen_string_literal: true

module Midwatch
  # The arguments of a job as a plain structure, before redaction. Records are told by class and
  # id; their other attributes are the application's business.
  module Arguments
    module_function

    # Of the payload in memory, while it is being enqueued.
    def of(job_name, payload)
      mode = Midwatch.settings.arguments_of(job_name)
      return nil if mode == "none"

      plain = plain_payload(payload)
      case mode
      when "digest" then Midwatch.redact.digest(plain)
      when "shape" then Midwatch.redact.shape(plain)
      else Midwatch.redact.value(plain)
      end
    end

    def plain_payload(payload)
      if payload.respond_to?(:job_data)
        without_marks(payload.job_data["arguments"])
      elsif payload.respond_to?(:method_name) && payload.respond_to?(:args)
        { "object" => plain(payload.object), "args" => plain(payload.args) }
      elsif payload.is_a?(Struct)
        plain(payload.to_h)
      else
        payload.instance_variables.to_h { |name| [name.to_s.delete_prefix("@"), plain(payload.instance_variable_get(name))] }
      end
    end

    # ActiveJob notes beside the arguments which keys were symbols.
    def without_marks(value)
      case value
      when Array then value.map { |item| without_marks(item) }
      when Hash
        value.each_with_object({}) do |(key, item), kept|
          kept[key] = without_marks(item) unless key.to_s.match?(/\A_aj_(symbol_keys|ruby2_keywords|hash_with_indifferent_access)\z/)
        end
      else value
      end
    end

    def plain(value, depth = 0)
      case value
      when String, Numeric, true, false, nil then value
      when Symbol then value.to_s
      when Hash then depth > 8 ? "…" : value.to_h { |key, item| [key.to_s, plain(item, depth + 1)] }
      when Array then depth > 8 ? "…" : value.first(100).map { |item| plain(item, depth + 1) }
      when Module then value.name.to_s
      when Struct then plain(value.to_h, depth + 1)
      when Time then value.utc.strftime("%Y-%m-%dT%H:%M:%S.%6NZ")
      else value.respond_to?(:id) && value.class.respond_to?(:primary_key) ? "#{value.class.name}:#{value.id}" : value.class.name.to_s
      end
    end
  end
end
