# frozen_string_literal: true

# Hands its work on to another program.
class ExportJob < ActiveJob::Base
  def perform(order_id)
    BillingQueue.ask("billing.export", order_id)
  end
end
