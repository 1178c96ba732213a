# frozen_string_literal: true

class OrdersController < ActionController::API
  def index
    render json: { orders: Order.count, waiting: Delayed::Job.where(failed_at: nil).count }
  end

  def show
    render json: Order.find(params[:id])
  rescue ActiveRecord::RecordNotFound
    head :not_found
  end

  def create
    order = Order.create!(customer: params[:customer].presence || "maria", amount_cents: 12_900)
    InvoiceJob.perform_later(order.id, params[:customer].to_s)
    ChargeCardJob.perform_later(order.id, card_number: "4242424242424242")
    order.delay(queue: "images").make_thumbnail(200)
    render json: { order: order.id }, status: :created
  end
end
