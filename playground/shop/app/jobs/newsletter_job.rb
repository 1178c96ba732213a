# frozen_string_literal: true

class NewsletterJob < ActiveJob::Base
  class Unsubscribed < StandardError; end

  discard_on Unsubscribed

  def perform(customer)
    raise Unsubscribed, "#{customer} does not want it"
  end
end
