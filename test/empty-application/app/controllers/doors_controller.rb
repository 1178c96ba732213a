# frozen_string_literal: true

class DoorsController < ActionController::API
  def show
    BellJob.perform_later
    render plain: "come in"
  end
end
