"""The verdict on a key: is what stands under ``X-API-Key`` or ``userPassword`` secret?

Words and pairs of words are looked up; a negative list keeps ``token_count`` readable.
"""

import re

_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]")
_CACHE_SIZE = 4096
_RANK = {"any": 2, "line": 2, "text": 1, "unlikeWord": 1}


class Rule:
    __slots__ = ("id", "class_name", "when", "rank")

    def __init__(self, id, class_name, when):
        self.id = id
        self.class_name = class_name
        self.when = when
        self.rank = _RANK.get(when, 0)


def split_key(key):
    """Words in lower case.

    Where more than one of ``_-. `` stands between two words, an empty word keeps them from being
    read as a pair.
    """
    words = []
    last_end = 0
    for match in _WORD.finditer(key):
        first = match.start()
        if words and first > last_end and not (first == last_end + 1 and key[last_end : last_end + 1] in b"_-. "):
            words.append("")
        words.append(match.group().lower().decode("ascii"))
        last_end = match.end()
    return words


class Keys:
    def __init__(self, rules):
        self._phrases = {}
        self._endings = []
        for id, entry in rules["keys"].items():
            rule = Rule(id, entry.get("class", id), entry["when"])
            for word in entry["words"]:
                self._phrases[word] = rule
            for ending in rules["endings"].get(id, ()):
                self._endings.append((ending, rule))
        self._negative = frozenset(rules["negativeWords"])
        self._negative_last = frozenset(rules["negativeLast"])
        self._allowed = frozenset(rules.get("allowedKeys", ()))
        self._key_bytes_max = rules["limits"]["keyBytesMax"]
        self._cache = {}

    def verdict(self, key):
        """The rule for a key given as bytes, or None."""
        try:
            return self._cache[key]
        except KeyError:
            pass
        rule = self._decide(key)
        if len(self._cache) >= _CACHE_SIZE:
            self._cache = {}
        self._cache[key] = rule
        return rule

    def ends_harmless(self, key):
        """Whether a key ends in a word that makes it harmless, such as ``token_count``."""
        words = split_key(key)
        return bool(words) and words[-1] in self._negative_last

    def _decide(self, key):
        if len(key) > self._key_bytes_max:
            return None
        words = split_key(key)
        if self._allowed and " ".join(words) in self._allowed:
            return None
        found = None
        found_end = covered = 0
        for at in range(len(words)):
            for count in range(min(3, len(words) - at), 0, -1):
                phrase = words[at] if count == 1 else " ".join(words[at : at + count])
                if phrase in self._negative:
                    covered = max(covered, at + count)
                if at + count <= covered:
                    continue
                rule = self._phrases.get(phrase) or (self._by_ending(phrase) if count == 1 else None)
                if rule is None or (found and found.rank > rule.rank):
                    continue
                if found is None or at + count > found_end or rule.rank > found.rank:
                    found = rule
                    found_end = at + count
        if found and found_end < len(words) and words[-1] in self._negative_last:
            return None
        return found

    def _by_ending(self, word):
        for ending, rule in self._endings:
            if word.endswith(ending):
                return rule
        return None
