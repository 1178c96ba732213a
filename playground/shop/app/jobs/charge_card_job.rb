# frozen_string_literal: true

# Heals on its second attempt whenever the first one times out.
class ChargeCardJob < ActiveJob::Base
  class GatewayTimeout < StandardError; end

  queue_as :payments
  retry_on GatewayTimeout, wait: 1, attempts: 3

  def perform(order_id, card_number:, fails: (order_id % 4).zero? ? 1 : 0)
    sleep rand(0.02..0.1)
    raise GatewayTimeout, "the bank's gateway did not answer for order #{order_id}" if executions <= fails
  end
end
