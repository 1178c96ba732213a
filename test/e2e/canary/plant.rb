# frozen_string_literal: true

# Plants canaries through everything that the Ruby recorder sees of a Rails application: jobs of
# Delayed::Job and Active Job, errors, logs, requests, audited actions. Reads them as JSON from
# standard input: place to list of key, value and text.
require_relative "../../../playground/shop/config/environment"
require "rack/mock"

ActiveRecord::Schema.verbose = false
load File.expand_path("../../../playground/shop/db/schema.rb", __dir__)

PLANTED = JSON.parse($stdin.read)

def canaries(place)
  PLANTED.fetch(place).map { |one| one.values_at("key", "value", "text") }
end

def marker(place)
  "harmless-marker-#{place.gsub(/[ ,]+/, "-")}"
end

Login = Struct.new(:note, :given) do
  def perform; end
end

Failing = Struct.new(:note, :text) do
  def perform
    secret = text
    raise ArgumentError, "#{note}: #{secret}"
  end

  def max_attempts
    1
  end
end

Caused = Struct.new(:note, :text) do
  def perform
    raise IOError, text
  rescue IOError
    raise KeyError, "#{note} for another reason"
  end

  def max_attempts
    1
  end
end

Saying = Struct.new(:note, :texts) do
  def perform
    Rails.logger.info(note)
    texts.each { |text| Rails.logger.warn(text) }
  end
end

class PositionalJob < ActiveJob::Base
  def perform(note, *texts); end
end

class NamedJob < ActiveJob::Base
  def perform(note, **values); end
end

class BareJob < ActiveJob::Base
  discard_on IOError

  def perform(note, password)
    Rails.logger.info("#{note}: trying #{password}")
    raise IOError, "401 for bob:#{password}"
  end
end

def work
  Delayed::Worker.new.work_off(500)
end

def request(path, note, more = {})
  Rails.application.call(Rack::MockRequest.env_for(path, { "HTTP_X_REQUEST_ID" => note }.merge(more)))[2].tap do |body|
    body.each { nil }
    body.close if body.respond_to?(:close)
  end
rescue StandardError => error
  warn "#{note}: #{error.class}"
end

canaries("ruby struct").each { |key, value, _| Delayed::Job.enqueue(Login.new(marker("ruby struct"), { key => value })) }
canaries("ruby delayed method").each do |key, value, _|
  order = Order.create!(customer: "maria", amount_cents: 1)
  order.delay.update!(customer: "#{marker("ruby delayed method")} #{{ key.to_sym => value }.inspect}")
end
canaries("ruby positional").each_slice(6) { |some| PositionalJob.perform_later(marker("ruby positional"), *some.map(&:last)) }
canaries("ruby named").each { |key, value, _| NamedJob.perform_later(marker("ruby named"), key.to_sym => value) }
canaries("ruby bare").each { |_, value, _| BareJob.perform_later(marker("ruby bare"), value) }
canaries("ruby error").each { |_, _, text| Delayed::Job.enqueue(Failing.new(marker("ruby error"), text)) }
canaries("ruby cause").each { |_, _, text| Delayed::Job.enqueue(Caused.new(marker("ruby cause"), text)) }
Delayed::Job.enqueue(Saying.new(marker("ruby log"), canaries("ruby log").map(&:last)))
canaries("ruby unloadable").each do |key, value, _|
  job = Delayed::Job.new(payload_object: Login.new(marker("ruby unloadable"), { key => value }))
  job.handler = job.handler.sub("Login", "Removed")
  job.queue = marker("ruby unloadable")
  job.save!
end
work

request("/#{marker("rack path")}", "path")
canaries("rack path").each { |_, _, text| request("/#{ERB::Util.url_encode(text)}", "path") }
canaries("rack query").each { |key, value, _| request("/#{marker("rack query")}?#{{ key => value }.to_query}", "query") }
canaries("rack headers").each do |key, value, _|
  one_line = value.delete("\n")
  header = "HTTP_#{key.upcase.tr("-", "_")}"
  request("/#{marker("rack headers")}", "headers",
          header => one_line, "HTTP_USER_AGENT" => one_line, "HTTP_REFERER" => one_line, "HTTP_COOKIE" => "session_id=#{one_line}")
end
canaries("rack form").each do |key, value, _|
  request("/#{marker("rack form")}", "form", method: "POST", params: { user: { key => value } })
end

canaries("ruby audit").each do |key, value, text|
  Midwatch.audit(marker("ruby audit"), subject: text, key.downcase.to_sym => value)
end
canaries("ruby guard").each do |_, _, text|
  Midwatch.guard(marker("ruby guard"), subject: text) { raise text }
rescue RuntimeError
  next
end
