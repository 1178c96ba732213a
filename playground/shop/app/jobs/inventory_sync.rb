# frozen_string_literal: true

# Hangs until Delayed::Job's own limit stops it.
InventorySync = Struct.new(:warehouse) do
  def perform
    sleep 30
  end

  def max_run_time
    2
  end

  def max_attempts
    1
  end
end
