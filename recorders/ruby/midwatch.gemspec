# frozen_string_literal: true

require_relative "lib/midwatch/version"

Gem::Specification.new do |spec|
  spec.name = "midwatch"
  spec.version = Midwatch::VERSION
  spec.summary = "Records Delayed::Job, requests and audited actions for Midwatch"
  spec.description = "Appends one line an event to a file; opens no connection, starts no thread, never raises."
  spec.authors = ["The Midwatch contributors"]
  spec.license = "Apache-2.0"
  spec.homepage = "https://github.com/midwatch/midwatch"
  spec.required_ruby_version = ">= 2.7"
  spec.files = Dir["lib/**/*.rb", "README.md"]
end
