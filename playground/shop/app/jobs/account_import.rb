# frozen_string_literal: true

# Leaks in every way that a job can: in its arguments, in its error, in the text of its error.
AccountImport = Struct.new(:user, :password, :api_token, :card_number, :dsn) do
  def perform
    raise ArgumentError, "cannot log in with password=#{password} and token #{api_token} at #{dsn}"
  end

  def max_attempts
    1
  end
end
