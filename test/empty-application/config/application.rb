# frozen_string_literal: true

require "bundler/setup"
require "rails"
require "active_job/railtie"
require "action_controller/railtie"
Bundler.require

module Empty
  class Application < Rails::Application
    config.root = File.expand_path("..", __dir__)
    config.eager_load = true
    config.secret_key_base = "of-a-test-0123456789abcdef0123456789abcdef"
    config.logger = Logger.new(File::NULL)
    config.hosts.clear
    routes.append { root to: "doors#show" }
  end
end
