# frozen_string_literal: true

require_relative "boot"
require "rails"
require "active_record/railtie"
require "active_job/railtie"
require "action_controller/railtie"
require "delayed_job"
require "delayed_job_active_record"
require "midwatch"

module Shop
  # A small shop whose background jobs do everything that background jobs do.
  class Application < Rails::Application
    config.root = File.expand_path("..", __dir__)
    config.load_defaults 6.1
    config.eager_load = true
    config.consider_all_requests_local = false
    config.secret_key_base = "playground-only-0123456789abcdef0123456789abcdef"
    config.active_job.queue_adapter = :delayed_job
    config.log_level = :info
    config.logger = ActiveSupport::TaggedLogging.new(Logger.new(ENV.fetch("SHOP_LOG", File::NULL)))
    config.hosts.clear
  end
end
