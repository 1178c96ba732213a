# frozen_string_literal: true

module Midwatch
  # Sensitive actions, tied to the run, the attempt, the actor and the trace they happened in.
  #
  # On the disk before the call returns. A value whose name says that it is a secret is not taken
  # at all, and the event says which ones were refused: a masked secret would suggest that it may
  # be sent.
  module Audit
    module_function

    def write(action, subject, values, outcome)
      Midwatch.safely do
        taken = values.reject { |name, _| Midwatch.redact.sensitive?(name) }
        refused = (values.keys - taken.keys).map(&:to_s).sort
        attributes = { "action" => action.to_s[0, 200] }
        attributes["subject"] = Midwatch.redact.text(Context.hide(JsonLine.utf8(subject.to_s[0, 500]))) if subject
        attributes["values"] = Midwatch.redact.value(taken) unless taken.empty?
        attributes["refused"] = refused unless refused.empty?
        Midwatch.recorder.record("audit.action", fields(action, subject, outcome), attributes, sync: true)
      end
    end

    def fields(action, subject, outcome)
      context = Context.current
      {
        "runtime" => context&.runtime || "ruby", "job" => context&.job, "run_id" => context&.run_id,
        "attempt" => context&.attempt, "trace_id" => context&.trace_id, "actor" => context&.actor || Actor.current,
        "outcome" => outcome, "severity" => "info", "worker" => Midwatch.recorder.spool.current.worker,
        "message" => Midwatch.redact.text(Context.hide(JsonLine.utf8("#{outcome} #{action} #{subject}".strip)))
      }
    end
  end

  class << self
    # Records that `action` happened; true when it is on the disk.
    #   Midwatch.audit("customer.exported", subject: "customer:42", records: 1200)
    def audit(action, subject: nil, **values)
      Audit.write(action, subject, values, "done") == true
    end

    # Records the intent before the block and its outcome after it; answers what the block does.
    #   Midwatch.guard("customer.erased", subject: "customer:42") { customer.erase! }
    def guard(action, subject: nil, **values)
      Audit.write(action, subject, values, "intended")
      outcome = "failed"
      begin
        answer = yield
        outcome = "done"
        answer
      ensure
        Audit.write(action, subject, values, outcome)
      end
    end
  end
end
