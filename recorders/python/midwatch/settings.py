"""What can be set, by call or by environment variable, under the same names as in Ruby."""

import difflib
import os

_ARGUMENTS = ("redacted", "shape", "digest", "none")
_LEVELS = ("debug", "info", "warn", "error")


class Settings:
    """Read once from the environment, then changed only by `configure`."""

    #: name -> (environment variable, default)
    NAMES = {
        "service": ("MIDWATCH_SERVICE", None),
        "environment": ("MIDWATCH_ENVIRONMENT", None),
        "release": ("MIDWATCH_RELEASE", None),
        "spool": ("MIDWATCH_SPOOL", "/var/spool/midwatch"),
        "host": ("MIDWATCH_HOST", None),
        # How much of a task's arguments is recorded: redacted, shape, digest or none.
        "arguments": ("MIDWATCH_ARGUMENTS", "redacted"),
        # The same by task name: {"billing.charge": "digest"}.
        "arguments_by_job": (None, None),
        # Least severe log record that becomes an event.
        "log_level": ("MIDWATCH_LOG_LEVEL", "info"),
        # Also hide arguments from the text that Celery puts beside the message in the broker.
        "redact_broker": ("MIDWATCH_REDACT_BROKER", "1"),
        "enabled": ("MIDWATCH_ENABLED", "1"),
        # Key for digests and fingerprints; the same on all hosts lets values be compared.
        "digest_key": ("MIDWATCH_DIGEST_KEY", None),
    }

    def __init__(self, environment=os.environ):
        for name, (variable, default) in self.NAMES.items():
            setattr(self, name, environment.get(variable, default) if variable else default)

    def change(self, values):
        """Applies all of `values`, or raises ValueError and applies none."""
        for name, value in values.items():
            if name not in self.NAMES:
                near = difflib.get_close_matches(name, self.NAMES, 1)
                hint = ", did you mean %r?" % near[0] if near else "; known are %s" % ", ".join(self.NAMES)
                raise ValueError("midwatch: unknown setting %r%s" % (name, hint))
            if name == "arguments" and value not in _ARGUMENTS:
                raise ValueError("midwatch: arguments must be one of %s, not %r" % (", ".join(_ARGUMENTS), value))
            if name == "log_level" and value not in _LEVELS:
                raise ValueError("midwatch: log_level must be one of %s, not %r" % (", ".join(_LEVELS), value))
        for name, value in values.items():
            setattr(self, name, value)

    def is_on(self, name):
        return str(getattr(self, name)).lower() not in ("0", "false", "no", "off", "none", "")

    def arguments_of(self, job):
        mode = (self.arguments_by_job or {}).get(job, self.arguments)
        return mode if mode in _ARGUMENTS else "none"
