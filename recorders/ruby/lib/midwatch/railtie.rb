# frozen_string_literal: true

module Midwatch
  # In a Rails application: the middleware goes first, the hooks after everything is loaded.
  class Railtie < ::Rails::Railtie
    initializer "midwatch.rack" do |application|
      application.middleware.insert_before(0, Midwatch::RackMiddleware)
    end

    config.after_initialize { Midwatch.install }
  end
end
