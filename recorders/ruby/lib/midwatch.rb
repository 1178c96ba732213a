# frozen_string_literal: true

require_relative "midwatch/recording"
require_relative "midwatch/railtie" if defined?(::Rails::Railtie)
