# frozen_string_literal: true

# Debian's packages instead of Bundler: what this application needs is on the load path already.
ENV["RAILS_ENV"] ||= "production"
$LOAD_PATH.unshift File.expand_path("../../../recorders/ruby/lib", __dir__)
