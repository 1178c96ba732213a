# frozen_string_literal: true

Midwatch.configure do |config|
  config.service = "shop"
  config.environment = "playground"
  config.release = ENV.fetch("SHOP_RELEASE", "4f2c1a")
end
