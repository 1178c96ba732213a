# frozen_string_literal: true

Rails.application.routes.draw do
  root to: "orders#index"
  resources :orders, only: %i[index create show]
  post "stories/:name", to: "stories#create"
end
