#!/usr/bin/env python3
"""Verifies a bundle of Midwatch's ledger with Python's standard library alone.

It shares no code with Midwatch and is written from README.md beside it, so that two
implementations must agree. Reads what `midwatch ledger export` wrote:

    python3 verify.py BUNDLE --key "host/midwatch/1a2b3c4d+9f8e7d6c+AQ..." [--checkpoint FILE]... [--print]

Exit code 0: intact. 1: not. 2: wrong usage.
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import struct
import sys

WIDTH = 256
SILENCE_MICROS = 180_000_000
BACKWARDS_MICROS = 60_000_000
STREAMS = ["jobs", "logs", "http", "audit"]
SEVERITIES = [None, "trace", "debug", "info", "warn", "error", "fatal"]
FIELDS = {
    1: "service", 2: "environment", 3: "host", 4: "release", 5: "runtime", 6: "job", 7: "run_id",
    8: "attempt", 9: "parent_run_id", 10: "trace_id", 11: "queue", 12: "priority", 13: "worker",
    14: "actor", 15: "outcome", 16: "duration_ms", 17: "wait_ms", 18: "cpu_ms", 19: "max_rss_bytes",
    20: "exit_code", 21: "signal", 22: "error_class", 23: "error_message", 24: "error_stack",
    25: "fingerprint", 26: "message", 27: "source", 28: "source_seq",
}
NUMBERS = {8, 12, 16, 17, 18, 19, 20, 28}
ATTRIBUTES = 127


class Broken(Exception):
    """What was read cannot be judged any further."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- Ed25519 (RFC 8032), verification only ---------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign else x


def decode_point(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def add_points(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            result = add_points(result, point)
        point = add_points(point, point)
        scalar >>= 1
    return result


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = decode_point(BASE_Y.to_bytes(32, "little"))


def verify_signature(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    key, nonce = decode_point(public), decode_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or scalar >= ORDER:
        return False
    digest = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = multiply(scalar, BASE), add_points(nonce, multiply(digest, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- Signed notes and checkpoints ------------------------------------------------------------


def parse_key(text, mark=1):
    match = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)", text.strip())
    if not match:
        raise ValueError("no public key of a ledger")
    name, key_id, data = match[1], bytes.fromhex(match[2]), base64.b64decode(match[3])
    if len(data) != 33 or data[0] != mark or sha256(name.encode(), b"\n", data)[:4] != key_id:
        raise ValueError("the key does not match its id")
    return name, key_id, data[1:]


def open_checkpoint(note, key):
    """(size, root) of a checkpoint that the key has signed, else None."""
    name, key_id, public = key
    text, middle, tail = note.rpartition("\n\n")
    if not middle or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        return None
    text += "\n"
    signed = False
    for line in tail.splitlines():
        match = re.fullmatch(r"— (\S+) ([A-Za-z0-9+/]+=*)", line)
        if not match:
            return None
        data = base64.b64decode(match[2])
        if match[1] != name or data[:4] != key_id:
            continue
        if not verify_signature(public, text.encode(), data[4:]):
            return None
        signed = True
    lines = text.split("\n")
    if not signed or len(lines) < 4 or lines[0] != name or not re.fullmatch(r"0|[1-9]\d{0,15}", lines[1]):
        return None
    root = base64.b64decode(lines[2])
    return (int(lines[1]), root) if len(root) == 32 else None


def cosigned_at(note, key):
    """Seconds at which a witness has cosigned a checkpoint (c2sp.org/tlog-cosignature), else None."""
    name, key_id, public = key
    text, middle, tail = note.rpartition("\n\n")
    times = []
    for match in re.finditer(r"^— (\S+) ([A-Za-z0-9+/]+=*)$", tail, re.M):
        data = base64.b64decode(match[2])
        if not middle or match[1] != name or data[:4] != key_id or len(data) != 76:
            continue
        (seconds,) = struct.unpack_from(">Q", data, 4)
        message = "cosignature/v1\ntime %d\n%s\n" % (seconds, text)
        if verify_signature(public, message.encode(), data[12:]):
            times.append(seconds)
    return max(times, default=None)


# --- Merkle trees (RFC 6962) -----------------------------------------------------------------


def root_of(hashes):
    """The root over leaf hashes: level by level, a last one without a partner goes up as it is."""
    if not hashes:
        return sha256()
    level = list(hashes)
    while len(level) > 1:
        above = [sha256(b"\x01", level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = above + ([level[-1]] if len(level) % 2 else [])
    return level[0]


# --- The ledger's files ----------------------------------------------------------------------


def number_path(number):
    parts = ["%03d" % (number % 1000)]
    while number >= 1000:
        number //= 1000
        parts.insert(0, "x%03d" % (number % 1000))
    return "/".join(parts)


def read_file(bundle, path):
    try:
        with open(os.path.join(bundle, path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def read_entries(bundle, number, size):
    width = min(WIDTH, size - number * WIDTH)
    path = "tile/entries/" + number_path(number)
    data = (read_file(bundle, "%s.p/%d" % (path, width)) if width < WIDTH else None) or read_file(bundle, path)
    entries, at = [], 0
    while data is not None and at + 2 <= len(data) and len(entries) < width:
        (length,) = struct.unpack_from(">H", data, at)
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if len(entries) < width or (data is not None and at > len(data)):
        raise Broken("T2: the entries from %d on are missing" % (number * WIDTH))
    return entries


def read_records(data):
    records, at = [], 0
    while data and at + 4 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 4 + length > len(data):
            break
        records.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return records


def parse_entry(data):
    lines = data.decode("utf-8").split("\n")
    match = re.fullmatch(r"midwatch/([a-z]+)/v1", lines[0])
    if not match or lines[-1] != "":
        raise ValueError("no entry")
    entry = {"type": match[1]}
    for line in lines[1:-1]:
        name, _, value = line.partition(" ")
        if name in ("root", "commitment"):
            entry[name] = base64.b64decode(value)
        elif value.startswith('"'):
            entry[name] = json.loads(value)
        else:
            entry[name] = value if name == "stream" else int(value)
    return entry


# --- Secrets: salts and tombstones -----------------------------------------------------------


class Secret:
    """The salts of a segment's events, whole or punctured, and what is left of erased ones."""

    def __init__(self, data, count):
        self.tombstones = {}
        if data[:1] == b"\x03" and len(data) > 33:
            self.depth = max(1, (count - 1).bit_length())
            self.nodes = {(0, 0): data[1:33]}
        elif data[:1] == b"\x04":
            self.depth = data[1]
            self.nodes = {}
            (count_nodes,) = struct.unpack_from(">I", data, 2)
            at = 6
            for _ in range(count_nodes):
                level, index = struct.unpack_from(">BI", data, at)
                self.nodes[(level, index)] = data[at + 5 : at + 21]
                at += 21
            (count_tombstones,) = struct.unpack_from(">I", data, at)
            at += 4
            for _ in range(count_tombstones):
                index, length = struct.unpack_from(">II", data, at)
                header = data[at + 8 : at + 8 + length]
                self.tombstones[index] = (header, data[at + 8 + length : at + 40 + length])
                at += 40 + length
        else:
            raise ValueError("no secret")

    def salt(self, index):
        """Values of inner nodes are kept, so that a whole segment costs one hash a salt."""
        return self.value(self.depth, index)

    def value(self, level, index):
        if (level, index) not in self.nodes:
            if level == 0:
                raise KeyError("erased")
            parent = self.value(level - 1, index >> 1)
            both = sha256(b"\x03" if len(parent) == 32 else b"\x04", parent)
            self.nodes[(level, index & ~1)] = both[:16]
            self.nodes[(level, index | 1)] = both[16:]
        return self.nodes[(level, index)]


# --- Events ----------------------------------------------------------------------------------


def take_length(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def take_text(data, at):
    length, at = take_length(data, at)
    return data[at : at + length].decode("utf-8"), at + length


def format_time(micros):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def read_event(header, content):
    raw = header[1:17].hex()
    time, received, stream, severity = struct.unpack_from(">QQBB", header, 17)
    event = {
        "id": "-".join([raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]]),
        "time": format_time(time),
        "received_time": format_time(received),
        "stream": STREAMS[stream],
        "kind": take_text(header, 35)[0],
    }
    if severity:
        event["severity"] = SEVERITIES[severity]
    at = 1
    while at < len(content):
        number = content[at]
        at += 1
        if number == ATTRIBUTES:
            pairs, at = take_length(content, at)
            event["attributes"] = {}
            for _ in range(pairs):
                name, at = take_text(content, at)
                value, at = take_text(content, at)
                event["attributes"][name] = json.loads(value)
        elif number in NUMBERS:
            (value,) = struct.unpack_from(">d", content, at)
            event[FIELDS[number]] = int(value) if value.is_integer() else value
            at += 8
        else:
            event[FIELDS[number]], at = take_text(content, at)
    return event


def leaf_of(header, commitment):
    return sha256(b"\x00", header, commitment)


def commitment_of(salt, content):
    return sha256(b"\x02", salt, content)


# --- Verification ----------------------------------------------------------------------------


class Verification:
    def __init__(self, bundle, key, remembered, witnesses=()):
        self.bundle, self.key, self.remembered, self.witnesses = bundle, key, list(remembered), witnesses
        self.findings, self.size, self.events, self.segments, self.erased, self.gone = [], 0, 0, 0, 0, 0
        self.erasures, self.retained, self.dropped = {}, {}, []

    def find(self, threat, because):
        self.findings.append("%s: %s" % (threat, because))

    def run(self):
        try:
            self.check()
        except Broken as broken:
            self.findings.append(str(broken))

    def check(self):
        note = read_file(self.bundle, "checkpoint")
        checkpoint = note and open_checkpoint(note.decode("utf-8", "replace"), self.key)
        if not checkpoint:
            raise Broken("T7: no checkpoint that the pinned key has signed")
        self.size, root = checkpoint
        entries, leaves = [], []
        for number in range((self.size + WIDTH - 1) // WIDTH):
            for data in read_entries(self.bundle, number, self.size):
                entries.append(data)
                leaves.append(sha256(b"\x00", data))
        if root_of(leaves) != root:
            self.find("T5", "the entries are not those that were signed at %d" % self.size)
        self.check_witnesses()
        self.check_remembered(leaves, root)
        self.check_segments(self.read_log(entries))

    def check_witnesses(self):
        """What a witness has cosigned is remembered by it, and must fit like everything remembered."""
        for witness in self.witnesses:
            path = os.path.join(self.bundle, "cosigned", witness[1].hex())
            note = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
            if cosigned_at(note, witness) is None:
                self.find("T7", "there is no checkpoint that the witness %s has cosigned" % witness[0])
            else:
                self.remembered.append(note)

    def check_remembered(self, leaves, root):
        for note in self.remembered:
            old = open_checkpoint(note, self.key)
            if not old:
                self.find("T7", "a remembered checkpoint is not signed by the pinned key")
            elif old[0] > self.size:
                self.find("T2", "a remembered checkpoint tells of %d entries, there are %d" % (old[0], self.size))
            elif root_of(leaves[: old[0]]) != old[1]:
                self.find("T4" if old[0] == self.size else "T5", "a remembered checkpoint at %d contradicts" % old[0])

    def read_log(self, entries):
        """Statements and order of the whole log; gives its segments."""
        segments, newest, last_number = [], 0, 0
        for index, data in enumerate(entries):
            try:
                entry = parse_entry(data)
            except ValueError:
                self.find("T7", "entry %d cannot be read" % index)
                continue
            moment = entry["until"] if entry["type"] == "segment" else entry["at"]
            if newest and moment < newest - BACKWARDS_MICROS:
                self.find("T3", "entry %d goes back in time" % index)
            if newest and moment - newest > SILENCE_MICROS and entry["type"] not in ("start", "gap"):
                self.find("T8", "nothing was said from %s to %s" % (format_time(newest), format_time(moment)))
            newest = max(newest, moment)
            if entry["type"] == "erase":
                self.erasures[(entry["segment"], entry["index"])] = entry["commitment"]
            elif entry["type"] == "retain":
                self.retained[entry["stream"]] = max(entry["before"], self.retained.get(entry["stream"], 0))
            elif entry["type"] == "drop":
                for part in entry["segments"].split(","):
                    first, _, until = part.partition("-")
                    self.dropped.append((int(first), int(until or first)))
            elif entry["type"] == "segment":
                if entry["number"] <= last_number:
                    self.find("T3", "segment %d comes after segment %d" % (entry["number"], last_number))
                last_number = entry["number"]
                segments.append((index, entry))
        return segments

    def stored(self, number):
        """Events of one file of the bundle, by segment and index."""
        stored = {}
        records = read_records(read_file(self.bundle, "events/" + number_path(number)))
        for at in range(0, len(records) - 2, 3):
            segment, index = struct.unpack(">QI", records[at])
            if index in stored.setdefault(segment, {}):
                self.find("T1", "segment %d has its event %d twice" % (segment, index))
            stored[segment][index] = (records[at + 1], records[at + 2])
        return stored

    def check_segments(self, segments):
        by_file, missing = {}, []
        for index, entry in segments:
            by_file.setdefault(index // WIDTH, []).append((index, entry))
        for number in range((self.size + WIDTH - 1) // WIDTH):
            stored = self.stored(number)
            secrets = read_records(read_file(self.bundle, "secrets/" + number_path(number)))
            for index, entry in by_file.get(number, []):
                events = stored.pop(entry["number"], {})
                if not events and self.may_be_gone(entry):
                    self.gone += 1
                    continue
                try:
                    secret = Secret(secrets[index % WIDTH], entry["count"])
                except (ValueError, IndexError, struct.error):
                    self.find("T7", "segment %d has no seed" % entry["number"])
                    continue
                if not events and len(secret.tombstones) < entry["count"]:
                    missing.append(entry["number"])
                    continue
                for gone in missing:
                    self.find("T1", "all events of segment %d are gone" % gone)
                missing = []
                self.check_segment(entry, secret, events)
            for segment in stored:
                self.find("T7", "the ledger knows no segment %d: its events are not sealed" % segment)
        for gone in missing:
            self.find("T2", "segment %d and all after it are gone" % gone)

    def may_be_gone(self, entry):
        if entry["until"] < self.retained.get(entry["stream"], 0):
            return True
        return any(first <= entry["number"] <= until for first, until in self.dropped)

    def check_segment(self, entry, secret, events):
        number, leaves, sound = entry["number"], [], True
        self.segments += 1
        for index in range(entry["count"]):
            grave = secret.tombstones.get(index)
            if index in events and grave:
                self.find("T9", "event %d of segment %d was erased and is still stored" % (index, number))
                sound = False
            elif index in events:
                header, content = events.pop(index)
                try:
                    leaves.append(leaf_of(header, commitment_of(secret.salt(index), content)))
                except KeyError:
                    self.find("T7", "event %d of segment %d has no salt" % (index, number))
                    sound = False
            elif grave is None:
                self.find("T1", "event %d of segment %d was deleted" % (index, number))
                sound = False
            else:
                if self.erasures.get((number, index)) != grave[1]:
                    self.find("T9", "event %d of segment %d was erased without a statement" % (index, number))
                    sound = False
                self.erased += 1
                leaves.append(leaf_of(*grave))
        for index in events:
            self.find("T1", "event %d was inserted into segment %d" % (index, number))
            sound = False
        if sound and root_of(leaves) != entry["root"]:
            self.find("T1", "an event of segment %d was changed" % number)
        self.events += len(leaves)


def check_vectors(path):
    """Replays the golden vectors; exits with 1 at the first that differs."""
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    checks = 0
    for segment in vectors["segments"]:
        seed = bytes.fromhex(segment["seed"])
        secret = Secret(b"\x03" + seed + b"\x00" * 8, len(segment["events"]))
        leaves = []
        for index, event in enumerate(segment["events"]):
            header, content = bytes.fromhex(event["header"]), bytes.fromhex(event["content"])
            assert read_event(header, content) == event["event"], event["event"]["id"]
            assert secret.salt(index).hex() == event["salt"]
            commitment = commitment_of(secret.salt(index), content)
            assert commitment.hex() == event["commitment"]
            leaves.append(leaf_of(header, commitment))
            assert leaves[-1].hex() == event["leaf"]
            checks += 4
        assert root_of(leaves).hex() == segment["root"]
        entry = parse_entry(segment["entry"].encode("utf-8"))
        assert entry["root"].hex() == segment["root"] and entry["count"] == len(leaves)
        assert sha256(b"\x00", segment["entry"].encode("utf-8")).hex() == segment["entryLeaf"]
        checks += 3
    key = parse_key(vectors["key"])
    leaves = [bytes.fromhex(segment["entryLeaf"]) for segment in vectors["segments"]]
    assert open_checkpoint(vectors["checkpoint"], key) == (len(leaves), root_of(leaves))
    print("%d values agree" % (checks + 1))


def main():
    parser = argparse.ArgumentParser(description="Verifies a bundle of Midwatch's ledger.")
    parser.add_argument("bundle", nargs="?")
    parser.add_argument("--key", help="the ledger's public key, or a file with it")
    parser.add_argument("--checkpoint", action="append", default=[], help="one that was kept elsewhere")
    parser.add_argument("--witness", action="append", default=[], help="key of a witness that must have cosigned")
    parser.add_argument("--print", action="store_true", help="print every event as a line of JSON")
    parser.add_argument("--vectors", help="replay golden vectors instead")
    options = parser.parse_args()
    if options.vectors:
        check_vectors(options.vectors)
        return 0
    if not options.bundle or not options.key:
        parser.error("a bundle and --key are needed: without a pinned key nothing is proven")
    text = options.key
    if os.path.exists(text):
        with open(text, encoding="utf-8") as file:
            text = file.read()
    remembered = []
    for path in options.checkpoint:
        with open(path, encoding="utf-8") as file:
            remembered.append(file.read())
    witnesses = [parse_key(witness, 4) for witness in options.witness]
    verification = Verification(options.bundle, parse_key(text), remembered, witnesses)
    verification.run()
    for finding in verification.findings[:100]:
        print(finding)
    if options.print:
        for number in range((verification.size + WIDTH - 1) // WIDTH):
            for events in verification.stored(number).values():
                for header, content in events.values():
                    print(json.dumps(read_event(header, content), ensure_ascii=False))
    counts = (verification.events, verification.segments, verification.erased, verification.gone)
    print(
        ("NOT INTACT: %d findings." % len(verification.findings) if verification.findings else "Intact.")
        + " %d events in %d segments, %d erased, %d segments dropped." % counts
    )
    return 1 if verification.findings else 0


if __name__ == "__main__":
    sys.exit(main())
