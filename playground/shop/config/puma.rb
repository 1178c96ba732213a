# frozen_string_literal: true

require_relative "boot"
threads 1, 4
bind ENV.fetch("SHOP_BIND")
environment "production"
plugin :midwatch
