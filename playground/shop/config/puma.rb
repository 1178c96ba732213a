# frozen_string_literal: true

threads 1, 4
bind ENV.fetch("SHOP_BIND")
environment "production"
