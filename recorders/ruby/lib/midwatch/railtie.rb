# frozen_string_literal: true

require_relative "error_reports"

module Midwatch
  # In a Rails application: the middleware goes first, the hooks after everything is loaded. What
  # Rails knows of the application stands in for what nobody has set.
  class Railtie < ::Rails::Railtie
    initializer "midwatch.rack" do |application|
      application.middleware.insert_before(0, Midwatch::RackMiddleware)
    end

    config.after_initialize do |application|
      Midwatch.safely { Railtie.fill(application) }
      Midwatch.install
      Midwatch.safely { ErrorReports.install } if Midwatch.settings.on?(:enabled)
      Midwatch.log_from(::Rails.logger)
      Midwatch.log_from(::Delayed::Worker.logger) if defined?(::Delayed::Worker)
    end

    def self.fill(application)
      known = Midwatch.settings
      revision = application.root.join("REVISION")
      Midwatch.configure do |config|
        config.service ||= application.class.name.deconstantize.underscore.presence
        config.environment ||= ::Rails.env.to_s
        config.release ||= (revision.read.strip[0, 40] if known.release.nil? && revision.file?)
      end
    end
  end
end
