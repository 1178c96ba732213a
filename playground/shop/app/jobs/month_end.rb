# frozen_string_literal: true

# Asks for a run of its own for each of its orders.
MonthEnd = Struct.new(:order_ids) do
  def perform
    order_ids.each { |id| InvoiceJob.perform_later(id, "maria") }
  end
end
