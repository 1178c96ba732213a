"""What can be set, under the same names as in Ruby: by the code, by an environment variable, by the file.

Read once, when the recorder is imported, and changed only by `configure`. What the code sets wrongly
raises; what a variable or the file sets wrongly is told and passed over.
"""

import difflib
import os

from .settings_file import SettingsFile, read_settings_file

_CHOICES = {
    "arguments": ("redacted", "shape", "digest", "none"),
    "log_level": ("debug", "info", "warn", "error", "off"),
}
#: Variables that are nearly ours and belong to the server, the agent and the wrapper.
_OTHERS = ("MIDWATCH_SERVER", "MIDWATCH_SETTINGS", "MIDWATCH_JOB", "MIDWATCH_RUN_ID", "MIDWATCH_TRACE_ID",
           "MIDWATCH_KEY", "MIDWATCH_KEY_FILE", "MIDWATCH_STATE", "MIDWATCH_DATA", "MIDWATCH_LISTEN")
_ALIKE = 0.93


class Settings:
    #: name -> (environment variable, type, default); contract/settings/settings.json holds the same.
    NAMES = {
        "service": ("MIDWATCH_SERVICE", "text", None),
        "environment": ("MIDWATCH_ENVIRONMENT", "text", None),
        "release": ("MIDWATCH_RELEASE", "text", None),
        "host": ("MIDWATCH_HOST", "text", None),
        "spool": ("MIDWATCH_SPOOL", "text", "/var/spool/midwatch"),
        "enabled": ("MIDWATCH_ENABLED", "switch", "1"),
        "arguments": ("MIDWATCH_ARGUMENTS", "choice", "redacted"),
        "arguments_by_job": (None, "map", None),
        "hash_fields": ("MIDWATCH_HASH_FIELDS", "list", None),
        "drop_fields": ("MIDWATCH_DROP_FIELDS", "list", None),
        "redaction_rules": ("MIDWATCH_REDACTION_RULES", "text", None),
        "digest_key": ("MIDWATCH_DIGEST_KEY", "text", None),
        "log_level": ("MIDWATCH_LOG_LEVEL", "choice", "info"),
        "log_sample": ("MIDWATCH_LOG_SAMPLE", "share", "1"),
        "user": (None, "function", None),
        "trusted_proxies": ("MIDWATCH_TRUSTED_PROXIES", "list", None),
        "redact_broker": ("MIDWATCH_REDACT_BROKER", "switch", "1"),
    }

    def __init__(self, environment=os.environ, file=None):
        self.complaints = []
        self._environment = environment
        self._file = read_settings_file(environment) if file is None else SettingsFile(file)
        self._code = {}
        self._apply()
        self.complaints = self._complain()

    def change(self, values):
        """Applies all of `values`, or raises ValueError and applies none."""
        read = {}
        for name, value in values.items():
            if name not in self.NAMES:
                raise ValueError("midwatch: %s" % _unknown("setting", name, self.NAMES))
            try:
                read[name] = _read(name, self.NAMES[name][1], value)
            except ValueError as error:
                raise ValueError("midwatch: %s" % error) from None
        self._code.update(read)
        self._apply()

    def is_on(self, name):
        return str(getattr(self, name)).lower() not in ("0", "false", "no", "off", "none", "")

    def arguments_of(self, job):
        mode = (self.arguments_by_job or {}).get(job, self.arguments)
        return mode if mode in _CHOICES["arguments"] else "none"

    def _apply(self):
        """The layers on each other, the service and the environment first: they choose sections."""
        for name, (_, kind, default) in self.NAMES.items():
            setattr(self, name, None if default is None else _read(name, kind, default))
        of_file = {section: {} for section in (None, "environment", "service")}
        for name in ("environment", "service"):
            of_file[None].update(self._in_section(None))
            for layer in (of_file[None], self._variables(), self._code):
                if name in layer:
                    setattr(self, name, layer[name])
        for kind in ("environment", "service"):
            of_file[kind] = self._in_section((kind, getattr(self, kind)))
        for layer in (*of_file.values(), self._variables(), self._code):
            for name, value in layer.items():
                setattr(self, name, value)
        by_job = {section[1]: text for section, name, text, _ in self._file.pairs
                  if section and section[0] == "job" and name == "arguments" and text in _CHOICES["arguments"]}
        if by_job:
            self.arguments_by_job = {**by_job, **(self.arguments_by_job or {})}

    def _variables(self):
        return {name: value for name, value, _ in self._read_variables() if value is not None}

    def _read_variables(self):
        for name, (variable, kind, _) in self.NAMES.items():
            text = self._environment.get(variable) if variable else None
            if text:
                yield (name, *_tried(name, kind, text, "$" + variable))

    def _in_section(self, section):
        return {name: value for at, name, value, _ in self._read_file() if at == section and value is not None}

    def _read_file(self):
        for section, name, text, number in self._file.pairs:
            place = "%s line %d" % (self._file.path or "settings", number)
            known = {"arguments"} if section and section[0] == "job" else {
                known for known, (variable, _, _) in self.NAMES.items() if variable}
            if name in known:
                yield (section, name, *_tried(name, self.NAMES[name][1], text, place))
            else:
                yield section, name, None, "%s: %s" % (place, _unknown("setting", name, known))

    def _complain(self):
        told = list(self._file.complaints)
        told += [complaint for *_, complaint in self._read_file() if complaint]
        told += [complaint for *_, complaint in self._read_variables() if complaint]
        ours = [variable for variable, *_ in self.NAMES.values() if variable]
        for name in self._environment:
            if name.startswith("MIDWATCH_") and name not in ours and name not in _OTHERS:
                near = difflib.get_close_matches(name, ours, 1, _ALIKE)
                if near:
                    told.append("$%s: there is no such variable, did you mean $%s?" % (name, near[0]))
        return told


def _tried(name, kind, text, place):
    """The value, or None and a complaint."""
    try:
        return _read(name, kind, text), None
    except ValueError as error:
        return None, "%s: %s" % (place, error)


def _read(name, kind, value):
    """The value of a setting from its text, or from what the code gave."""
    if kind == "choice" and value not in _CHOICES[name]:
        raise ValueError("%s must be one of %s, not %.40r" % (name, ", ".join(_CHOICES[name]), value))
    if kind == "share":
        try:
            share = float(value)
        except (TypeError, ValueError):
            share = -1.0
        if not 0 <= share <= 1:
            raise ValueError("%s must be a number from 0 to 1, not %.40r" % (name, value))
        return share
    if kind == "list" and isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    if kind == "function" and value is not None and not callable(value):
        raise ValueError("%s must be something that can be called, not %.40r" % (name, value))
    return value


def _unknown(what, name, known):
    near = difflib.get_close_matches(name, known, 1)
    hint = ", did you mean %r?" % near[0] if near else "; known are %s" % ", ".join(sorted(known))
    return "unknown %s %.60r%s" % (what, name, hint)
