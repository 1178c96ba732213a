# frozen_string_literal: true

# Every ending that a job can have, by name.
module Stories
  module_function

  # Told to look like the real ones; found nowhere if all is well.
  PLANTED = {
    password: "hunter2-planted-Tr0ub4dor",
    api_token: "sk_live_plantedplantedplanted01",
    card_number: "4111111111111111",
    dsn: "postgres://shop:planted-pg-secret@db.example/shop"
  }.freeze
  # Harmless, and must be found: so that a search for the others is seen to see.
  MARKER = "harmless-marker-8841"

  ALL = {
    "succeeds" => -> { InvoiceJob.perform_later(1, "maria") },
    "heals" => -> { ChargeCardJob.perform_later(2, card_number: PLANTED[:card_number], fails: 1) },
    "fails" => -> { Delayed::Job.enqueue(WebhookDelivery.new("partner-down", 99), queue: "webhooks") },
    "recovers" => -> { Delayed::Job.enqueue(WebhookDelivery.new("partner-slow", 1), queue: "webhooks") },
    "is discarded" => -> { NewsletterJob.perform_later("eve") },
    "is delayed" => -> { Order.first_or_create!(customer: "eve", amount_cents: 1).delay.make_thumbnail(100) },
    "hangs" => -> { Delayed::Job.enqueue(InventorySync.new("north")) },
    "leaks" => -> { Delayed::Job.enqueue(AccountImport.new("maria", *PLANTED.values_at(:password, :api_token, :card_number, :dsn))) },
    "leaks without names" => -> { SignInJob.perform_later("maria", PLANTED[:password], MARKER, "api_token" => PLANTED[:api_token]) },
    "asks for others" => -> { Delayed::Job.enqueue(MonthEnd.new([11, 12])) },
    "crosses all four" => -> { ExportJob.perform_later(77) },
    "is unloadable" => -> { unloadable },
    "never existed" => -> { rolled_back },
    "kills its worker" => -> { Delayed::Job.enqueue(NightlyExport.new(Date.today.to_s), queue: "exports") }
  }.freeze

  def known?(name)
    ALL.key?(name)
  end

  def enqueue(name)
    ALL.fetch(name).call
  end

  # As after a deploy that removed the class while its jobs were waiting.
  def unloadable
    job = Delayed::Job.new(payload_object: InventorySync.new(PLANTED[:password]))
    job.handler = job.handler.sub("InventorySync", "LegacyImport")
    job.save!
  end

  def rolled_back
    Order.transaction do
      InvoiceJob.perform_later(999, "nobody")
      raise ActiveRecord::Rollback
    end
  end
end
