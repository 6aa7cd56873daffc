"""What a word of a column may be: a category, garbage, or a slip for another word."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median

# No category reads like these.
PLACEHOLDER = frozenset(
    ["n/a", "#n/a", "n.a.", "nan", "null", "(null)", "<na>", "undefined", "#value!", "#ref!",
     "#div/0!", "#name?"]
)  # fmt: skip
# A brand, an audience or a country may: garbage only beside other garbage.
SOFT = frozenset(
    ["unknown", "other", "others", "(not set)", "unspecified", "not set", "default", "na", "none",
     "nil", "tbd", "todo", "missing", "invalid", "error", "test", "xxx", "asdf", "foo", "bar",
     "dummy", "placeholder", "garbage", "bad", "0", "void", "corrupt", "corrupted"]
)  # fmt: skip
_MARKED = re.compile(
    r"(test|invalid|error|garbage|dummy|unknown|temp|tmp|fake|corrupt)([_-]\w*|\d*)|(xx+|zz+)\d*"
)
_BROKEN = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf\u2018-\u203a]|Ã|\ufffd|[\x00-\x08\x0e-\x1f]|&[a-z]+;|�"
)
_SYMBOLS = re.compile(r"^[\W_]+$")
_BETWEEN_NUMBERS = re.compile(r"(?<=\d)[\s_\-./,]+(?=\d)")
_BETWEEN = re.compile(r"[\s_\-./,'’()]+")
_SHORTEST_PLURAL = 5
_LONGEST = 60  # letters of a word that may be the one that is missing
# Columns of what people type: "Search term", "keyword_text", "Suchbegriff", "mot-clé".
_TYPED = re.compile(
    r"(?i)(search[ _]?(term|quer(y|ie))|keyword|quer(y|ie)|such(begriff|anfrage|wort)|"
    r"schl(ü|ue)sselw(o|ö)rt|mots?[ _-]cl[ée]|termes? de recherche|palabras?[ _]clave|"
    r"t[ée]rminos? de b[úu]squeda|zoek(term|woord)|parol[ae][ _]chiave|termin[ei] di ricerca|"
    r"palavras?[ _-]chave|termos? de pesquisa|検索語句|キーワード)(s|n|e|er|en)?([ _.]?info)?"
    r"([ _.]?text)?$|^info_text$"
)
_MATCH_TYPE = re.compile(r'(^|\s)\+\w|^\[[^\]]+\]$|^"[^"]+"$')
_MARKED_FRAC = 0.1
_TOKEN = re.compile(r"[^\W_]+")
# A doubtful word is garbage beside this many forms that no category has, if it is as rare as they
# are; beside fewer, if it is this much rarer than the words nothing speaks against.
_SURE_FORMS = 2
_AS_RARE = 3
_RARER = 5
_SURELY_A_SLIP = 50  # times as frequent a word one letter away
# Inside a long word fewer are enough: few names of things are that near to each other.
_SLIP_IN_LONG_WORD = 8
_LONG_WORD = 7
_MANY_ROWS = 10


def garbage_values(
    counts: Mapping[str | None, int] | Mapping[str, int], known: Iterable[str] | None = None
) -> dict[str, str]:
    """Values of a column that are no category, each with the reason.

    Placeholders, broken characters and other spellings of a far more frequent word are garbage
    by themselves. Words that could be names (``Void``, ``Schwartz``, ``NA``) are so only where
    they are rare and stand beside such garbage.

    Parameters
    ----------
    counts : mapping of str to int
        Value -> rows.
    known : iterable of str or None
        Categories known from history; None: the table's own frequent values are the measure.

    Examples
    --------
    >>> garbage_values({"Meta": 90, "TikTok": 80, "Tiktok": 2, "???": 1})
    {'Tiktok': "reads like 'TikTok'", '???': 'has no letter or digit'}
    >>> garbage_values({"Void": 10, "Schwartz": 9, "Foo": 10, "Test Valley": 2})
    {}
    """
    words = {v: n for v, n in counts.items() if v is not None}
    trusted = set(known) if known is not None else set()
    sure: dict[str, str] = {}
    doubtful: dict[str, str] = {}
    total = sum(words.values())
    listed = trusted or [w for w, n in words.items() if n >= 0.01 * total]
    is_usual = sum(map(looks_random, listed)) > 0.2 * len(listed)
    codes = 2 * sum(len(w) == 2 and w.isupper() for w in words) > len(words)
    index = _Variants(words, trusted)
    for word, count in words.items():
        if word in trusted or (codes and word == "NA"):  # Namibia, or North America
            continue
        reason = _sure_reason(word) or index.reads_like(word, count)
        if reason:
            sure[word] = reason
            continue
        slip, is_sure = index.slip_of(word, count)
        reason = _doubtful_reason(word, random_is_usual=is_usual) or slip
        if slip and is_sure:
            sure[word] = slip
        elif reason:
            doubtful[word] = reason
    if not sure:
        return {}
    rare = _AS_RARE * median(words[w] for w in sure) if len(sure) >= _SURE_FORMS else 0
    usual = [n for w, n in words.items() if w not in sure and w not in doubtful]
    rare = max(rare, median(usual) / _RARER if usual else 0)
    return sure | {w: why for w, why in doubtful.items() if words[w] <= rare}


def _sure_reason(word: str) -> str:
    text = word.strip()
    if not text:
        return "is blank"
    if text.lower() in PLACEHOLDER:
        return "is a placeholder"
    if _SYMBOLS.match(text):
        return "has no letter or digit"
    return "has broken characters" if _BROKEN.search(text) else ""


def _doubtful_reason(word: str, *, random_is_usual: bool) -> str:
    text = word.strip()
    if text.lower() in SOFT or _MARKED.fullmatch(text.lower()):
        return "is a placeholder"
    return "" if random_is_usual or not looks_random(text) else "reads like random characters"


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


class NearWords:
    """Finds the words that are one slip of the keyboard away from another.

    Examples
    --------
    >>> NearWords(["TikTok", "Meta"]).to("TiktTok")
    ['TikTok']
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._shorter: dict[str, list[str]] = {}
        for word in words:
            for key in deletions(word):
                self._shorter.setdefault(key, []).append(word)

    def to(self, word: str) -> list[str]:
        """The words one slip away, in alphabetic order."""
        near = {w for key in deletions(word) for w in self._shorter.get(key, ())}
        return sorted(w for w in near if one_slip(w, word))


class _Variants:
    """Finds the known or far more frequent value that a word is a misspelling of."""

    def __init__(self, words: Mapping[str, int], trusted: set[str]) -> None:
        self.counts = words
        self.trusted = trusted
        self.near = NearWords(trusted or words)
        self.folded: dict[str, list[str]] = {}
        for word in trusted or words:
            self.folded.setdefault(_fold(word), []).append(word)

    def reads_like(self, word: str, count: int) -> str:
        same = [w for w in self.folded.get(_fold(word), ()) if self._outweighs(w, word, count)]
        return f"reads like {same[0]!r}" if same else ""

    def slip_of(self, word: str, count: int) -> tuple[str, bool]:
        """Why it may be a slip of the keyboard, and whether it can hardly be another word."""
        if len(word) < 4:
            return "", False
        best = [w for w in self.near.to(word) if self._outweighs(w, word, count)]
        sure = any(w in self.trusted or self._surely_meant(w, word, count) for w in best)
        return (f"is one letter from {best[0]!r}", sure) if best else ("", False)

    def _surely_meant(self, known: str, word: str, count: int) -> bool:
        num = self.counts.get(known, 0)
        inside = num >= max(_SLIP_IN_LONG_WORD * count, _MANY_ROWS)
        return num >= _SURELY_A_SLIP * count or (inside and _differ_inside_long_word(known, word))

    def _outweighs(self, known: str, word: str, count: int) -> bool:
        return known != word and (known in self.trusted or self.counts.get(known, 0) >= 3 * count)


def _differ_inside_long_word(first: str, second: str) -> bool:
    """Whether the letter apart is within a long word: not its ending, a plural or a "Team B"."""
    a, b = first.casefold(), second.casefold()
    if codes_differ(a, b) or a[:-1] in (b, b[:-1]) or a == b[:-1]:
        return False
    differing = set(_TOKEN.findall(a)) ^ set(_TOKEN.findall(b))
    return max(map(len, differing), default=0) >= _LONG_WORD


def _fold(word: str) -> str:
    """A word without case, accents, spaces and punctuation, but for what parts two numbers."""
    letters = unicodedata.normalize("NFKD", word.replace("ß", "ss").casefold())
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    return _BETWEEN.sub("", _BETWEEN_NUMBERS.sub("|", bare))


def ways_of_spelling(words: Iterable[str]) -> list[list[str]]:
    """Groups of words that are one thing in several spellings.

    They differ in case, accents, spaces or punctuation, in a plural, or are names of one country
    or device (``synonyms.toml``) in a column of such.

    Examples
    --------
    >>> ways_of_spelling(["Mobile", "desktop", "mobile ", "mobiles", "tablet"])
    [['Mobile', 'mobile ', 'mobiles']]
    >>> ways_of_spelling(["US", "U.S.", "United States", "DE", "18-24", "1-824"])
    [['US', 'U.S.', 'United States']]
    """
    folded = {w: _fold(w) for w in words if w.strip() and not looks_random(w)}
    names: dict[str, str] = {}
    for table in _synonyms().values():
        if 2 * sum(f in table for f in folded.values()) >= len(folded):
            names |= table
    stems = set(folded.values())
    groups: dict[str, list[str]] = {}
    for word, fold in folded.items():
        plural = len(fold) > _SHORTEST_PLURAL and fold.endswith("s") and fold[:-1] in stems
        groups.setdefault(names.get(fold, fold[:-1] if plural else fold), []).append(word)
    return [group for key, group in groups.items() if key and len(group) > 1]


@cache
def _synonyms() -> dict[str, dict[str, str]]:
    """Table -> another name of a thing, without case and punctuation -> its first name."""
    read = tomllib.loads(Path(__file__).with_name("synonyms.toml").read_text(encoding="utf-8"))
    return {
        table: {_fold(other): name for name, others in names.items() for other in others}
        for table, names in read.items()
    }


def deletions(word: str) -> set[str]:
    """The word and every word one letter shorter: two words one slip apart share one of these.

    Examples
    --------
    >>> sorted(deletions("Abc"))
    ['ab', 'abc', 'ac', 'bc']
    """
    text = word.casefold()
    return {text} | {text[:i] + text[i + 1 :] for i in range(min(len(text), _LONGEST))}


def one_slip(first: str, second: str) -> bool:
    """Whether two words are one slip apart, letter case aside.

    Two numbers that differ in a digit are two values: "18-34" is no misspelt "18-44".

    Examples
    --------
    >>> one_slip("TikTok", "TiktTok"), one_slip("Meta", "Meat"), one_slip("18-34", "18-44")
    (True, True, False)
    """
    a, b = first.casefold(), second.casefold()
    if abs(len(a) - len(b)) > 1:
        return False
    differ = [i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    if len(a) == len(b):
        if len(differ) == 1:
            return not (a[differ[0]].isdigit() or b[differ[0]].isdigit())
        swapped = len(differ) == 2 and differ[1] == differ[0] + 1
        return swapped and a[differ[0]] == b[differ[1]] and a[differ[1]] == b[differ[0]]
    long, short = (a, b) if len(a) > len(b) else (b, a)
    at = differ[0] if differ else len(short)
    return long[:at] + long[at + 1 :] == short and not long[at].isdigit()


def typed_by_people(name: str, words: Collection[str]) -> bool:
    """Whether a column holds search terms or keywords: people type them, slips and all.

    Its name shows it, or many of its values carry the marks of match types.

    Examples
    --------
    >>> typed_by_people("Search term", []), typed_by_people("Keyword match type", [])
    (True, False)
    >>> typed_by_people("text", ["+red +shoes", "[red shoes]", "shoes"])
    True
    """
    marked = sum(bool(_MATCH_TYPE.search(w)) for w in words)
    return bool(_TYPED.search(name)) or marked >= max(2, _MARKED_FRAC * len(words))


def codes_differ(first: str, second: str) -> bool:
    """Whether the words with digits in them differ: those are codes, whose every letter counts.

    Examples
    --------
    >>> codes_differ("N317NB", "N317JB"), codes_differ("scip-inf-1", "scip-xnf-1")
    (True, False)
    """
    return _codes(first) != _codes(second)


def words_of(text: str) -> set[str]:
    """The words of a value, in lower case, without what stands between them."""
    return set(_TOKEN.findall(text.casefold()))


def _codes(text: str) -> list[str]:
    return [t for t in _TOKEN.findall(text.casefold()) if any(c.isdigit() for c in t)]
