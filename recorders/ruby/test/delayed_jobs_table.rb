# frozen_string_literal: true

# Delayed::Job's own table, as its generator makes it, on the connection at hand.
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :delayed_jobs do |t|
    t.integer :priority, default: 0, null: false
    t.integer :attempts, default: 0, null: false
    t.text :handler, null: false
    t.text :last_error
    t.datetime :run_at
    t.datetime :locked_at
    t.datetime :failed_at
    t.string :locked_by
    t.string :queue
    t.timestamps null: true
  end
end
