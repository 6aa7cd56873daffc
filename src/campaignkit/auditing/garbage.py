"""Is a value a category or garbage: placeholders, variants of known values, broken text, noise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from campaignkit.auditing.near_words import deletions, one_slip

PLACEHOLDER = frozenset(
    ["n/a", "na", "#n/a", "nan", "null", "none", "nil", "-", "--", "—", "?", "??", "???", "tbd",
     "missing", "undefined", "#value!", "#ref!", "#div/0!", "(null)", "<na>", ".", "invalid",
     "error", "test", "xxx", "asdf", "foo", "bar", "dummy", "placeholder", "garbage", "bad",
     "0", "n.a.", "#name?", "todo", "void", "corrupt", "corrupted"]
)  # fmt: skip
# Some sources deliver these on purpose: garbage only beside other garbage.
SOFT = frozenset(["unknown", "other", "others", "(not set)", "unspecified", "not set", "default"])
_MARKED = re.compile(
    r"^(test|invalid|error|garbage|dummy|bad|unknown|temp|tmp|fake|corrupt)[ _-]?\w*$"
    r"|^(xx+|zz+)\w*$"
)
_BROKEN = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf\u2018-\u203a]|Ã|\ufffd|[\x00-\x08\x0e-\x1f]|&[a-z]+;|�"
)
_SYMBOLS = re.compile(r"^[\W_]+$")


def garbage_values(
    counts: Mapping[str | None, int] | Mapping[str, int], known: Iterable[str] | None = None
) -> dict[str, str]:
    """Values of a column that are no category, each with the reason.

    Parameters
    ----------
    counts : mapping of str to int
        Value -> rows.
    known : iterable of str or None
        Categories known from history; None: the table's own frequent values are the measure.

    Examples
    --------
    >>> garbage_values({"Meta": 90, "TikTok": 80, "Tiktok": 2, "???": 1})
    {'Tiktok': "reads like 'TikTok'", '???': 'is a placeholder'}
    """
    words = {v: n for v, n in counts.items() if v is not None}
    trusted = set(known) if known is not None else set()
    out: dict[str, str] = {}
    soft: dict[str, str] = {}
    shape = _usual_shape(trusted or _frequent(words))
    index = _Variants(words, trusted)
    for word, count in words.items():
        if word in trusted:
            continue
        if word.strip().lower() in SOFT:
            soft[word] = "is a placeholder"
            continue
        reason = _reason(word, shape) or index.variant_of(word, count)
        if reason:
            out[word] = reason
    return out | soft if out else out


def _reason(word: str, shape: set[str]) -> str:
    text = word.strip()
    low = text.lower()
    if not text:
        return "is blank"
    if low in PLACEHOLDER or _MARKED.match(low):
        return "is a placeholder"
    if _SYMBOLS.match(text):
        return "has no letter or digit"
    if _BROKEN.search(text):
        return "has broken characters"
    if looks_random(text) and "random" not in shape:
        return "reads like random characters"
    return ""


def looks_random(text: str) -> bool:
    """Whether a word mixes letters and digits, or lacks vowels, as no name does.

    Examples
    --------
    >>> looks_random("x7f3k2a1"), looks_random("Women 18-34"), looks_random("Qxzvtr")
    (True, False, True)
    """
    if " " in text.strip() or len(text) < 5:
        return False
    vowels = sum(c in "aeiouyäöüéèáíóúAEIOUYÄÖÜ" for c in text)
    letters = sum(c.isalpha() for c in text)
    if text.isalnum() and text.isascii() and letters:
        changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(text))
        if changes >= 3 or (changes == 2 and vowels < 0.3 * letters):
            return True
    plain = letters == len(text) and text.isascii() and len(text) >= 6
    return plain and vowels < 0.15 * len(text)


def _usual_shape(words: Iterable[str]) -> set[str]:
    listed = list(words)
    random = sum(looks_random(w) for w in listed)
    return {"random"} if listed and random > 0.2 * len(listed) else set()


def _frequent(words: Mapping[str, int]) -> list[str]:
    total = sum(words.values())
    return [w for w, n in words.items() if n >= 0.01 * total]


class _Variants:
    """Finds the known or far more frequent value that a word is a misspelling of."""

    def __init__(self, words: Mapping[str, int], trusted: set[str]) -> None:
        self.counts = words
        self.trusted = trusted
        self.pool = trusted or set(words)
        self.folded: dict[str, list[str]] = {}
        self.deletions: dict[str, set[str]] = {}
        for word in self.pool:
            self.folded.setdefault(_fold(word), []).append(word)
            for key in deletions(word):
                self.deletions.setdefault(key, set()).add(word)

    def variant_of(self, word: str, count: int) -> str:
        same = [w for w in self.folded.get(_fold(word), ()) if self._outweighs(w, word, count)]
        if same:
            return f"reads like {same[0]!r}"
        if len(word) < 4:
            return ""
        near = set().union(*(self.deletions.get(key, set()) for key in deletions(word)))
        best = [w for w in sorted(near) if self._outweighs(w, word, count) and one_slip(w, word)]
        return f"is one letter from {best[0]!r}" if best else ""

    def _outweighs(self, known: str, word: str, count: int) -> bool:
        if known == word:
            return False
        if known in self.trusted:
            return True
        return self.counts.get(known, 0) >= 3 * count


def _fold(word: str) -> str:
    return re.sub(r"[\s_\-.]+", "", word).casefold()
