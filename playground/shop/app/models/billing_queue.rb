# frozen_string_literal: true

require "redis"

# Asks billing, which is written in Python, for work: a message of Celery's protocol 2 in Redis.
# Our header on it carries the trace and the run that asks.
module BillingQueue
  QUEUE = "celery"

  module_function

  def ask(task, *arguments)
    id = SecureRandom.uuid
    link = Midwatch.hand_over(task, run_id: id, runtime: "celery", queue: QUEUE)
    Redis.new(url: ENV.fetch("BILLING_BROKER")).lpush(QUEUE, JSON.generate(message(task, id, arguments, link)))
    id
  end

  def message(task, id, arguments, link)
    {
      "body" => [JSON.generate([arguments, {}, {}])].pack("m0"),
      "content-encoding" => "utf-8", "content-type" => "application/json",
      "headers" => {
        "lang" => "rb", "task" => task, "id" => id, "root_id" => id, "parent_id" => nil, "retries" => 0,
        "argsrepr" => "()", "kwargsrepr" => "{}", "midwatch" => link
      },
      "properties" => {
        "correlation_id" => id, "delivery_mode" => 2, "delivery_tag" => SecureRandom.uuid, "body_encoding" => "base64",
        "delivery_info" => { "exchange" => "", "routing_key" => QUEUE }
      }
    }
  end
end
