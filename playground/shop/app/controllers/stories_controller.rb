# frozen_string_literal: true

class StoriesController < ActionController::API
  def create
    return head(:not_found) unless Stories.known?(params[:name])

    Stories.enqueue(params[:name])
    render json: { story: params[:name] }, status: :accepted
  end
end
