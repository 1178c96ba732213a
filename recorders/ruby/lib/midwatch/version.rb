# frozen_string_literal: true

module Midwatch
  VERSION = "0.1.0"
end
