# frozen_string_literal: true

# Its secrets have no names where they are handed in, only where they are taken; and Rails prints
# them into its log.
class SignInJob < ActiveJob::Base
  discard_on IOError

  def perform(user, password, note, options = {})
    Rails.logger.info("signing #{user} in: #{note}")
    raise IOError, "401 for #{user}:#{password} at https://shop:#{password}@sso.example/?token=#{options["api_token"]}"
  end
end
