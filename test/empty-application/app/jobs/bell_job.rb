# frozen_string_literal: true

class BellJob < ActiveJob::Base
  def perform; end
end
