"""Reads the settings file: lines `name = value`, and sections for an environment, a service, a job."""

import os
import re

VARIABLE = "MIDWATCH_SETTINGS"
DEFAULT = "/etc/midwatch/recorder.conf"
_BYTES_MAX = 256 * 1024
_SECTION = re.compile(r"\[\s*(\S+)\s+(.*?)\s*\]\Z")
_KINDS = ("environment", "service", "job")


class SettingsFile:
    """`pairs` of (section, name, text, line number); a section is None or a kind and a name."""

    def __init__(self, text=""):
        self.pairs = []
        self.complaints = []
        self.path = None
        section = None
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                section = self._section(line, number)
            elif "=" not in line:
                self.complaints.append("line %d: expected name = value" % number)
            elif section is not False:
                name, _, value = line.partition("=")
                self.pairs.append((section, name.strip(), value.strip(), number))

    def _section(self, line, number):
        match = _SECTION.match(line)
        if match and match.group(1) in _KINDS:
            return match.group(1), match.group(2)
        known = ", ".join("[%s NAME]" % kind for kind in _KINDS)
        self.complaints.append("line %d: unknown section %s; known are %s" % (number, line[:100], known))
        return False


def read_settings_file(environment):
    """The file that the environment names, or the usual one; empty where there is none."""
    path = environment.get(VARIABLE) or DEFAULT
    try:
        with open(path, encoding="utf-8") as file:
            read = SettingsFile(file.read(_BYTES_MAX))
    except (OSError, ValueError) as error:
        read = SettingsFile()
        if VARIABLE in environment or os.path.exists(path):
            read.complaints.append("cannot be read: %s" % error)
    read.path = path
    read.complaints = ["%s %s" % (path, complaint) for complaint in read.complaints]
    return read
