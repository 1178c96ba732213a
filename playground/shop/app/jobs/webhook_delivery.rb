# frozen_string_literal: true

# A job of Delayed::Job's own kind: fails, is retried after a second, and fails for good.
WebhookDelivery = Struct.new(:partner, :fails) do
  def perform
    attempt = $webhook_attempts[partner] += 1
    raise IOError, "#{partner} answers 503" if attempt <= fails
  end

  def max_attempts
    3
  end

  def reschedule_at(now, _attempts)
    now + 1
  end
end
$webhook_attempts = Hash.new(0) # rubocop:disable Style/GlobalVars -- one worker, one process
