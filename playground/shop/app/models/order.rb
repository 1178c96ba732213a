# frozen_string_literal: true

class Order < ActiveRecord::Base
  # Called with `.delay`: a method of a record as a job.
  def make_thumbnail(size)
    sleep 0.02
    "#{id}-#{size}"
  end
end
