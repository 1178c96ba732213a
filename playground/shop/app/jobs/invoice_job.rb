# frozen_string_literal: true

class InvoiceJob < ActiveJob::Base
  queue_as :mailers

  def perform(order_id, customer)
    sleep rand(0.01..0.06)
    Midwatch.audit("invoice.sent", subject: "order:#{order_id}", customer: customer)
  end
end
