"""What a model is told about pairs, and how it says their signs: wording, facts and scales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Protocol, runtime_checkable

from campaignkit.catalogue import Attribute, Key
from campaignkit.checks import checked_count
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.edges.scorers.protocols import Pair
from campaignkit.errors import Fault, GraphError, SettingError
from campaignkit.graph import read_sign
from campaignkit.llm import Prompt

Reading = tuple[int, float | None]
"""A sign, and its strength where the scale has one."""

# What models write where a mark was asked for, and means nothing else.
_WORDS = {"positive": 1, "plus": 1, "negative": -1, "minus": -1, "neutral": 0}
_LONGEST = 20  # characters; no answer of a scale is longer


@runtime_checkable
class Scale(Protocol):
    """Tells a model how to answer, and reads one answer.

    Examples
    --------
    >>> scale: Scale = SignScale()
    >>> scale.read("+")
    (1, None)
    """

    @property
    def instruction(self) -> str:
        """The sentence of the prompt that says which answers there are."""

    @property
    def schema(self) -> dict[str, Any]:  # a JSON schema
        """The JSON schema of one answer."""

    def read(self, answer: object) -> Reading | None:
        """The sign and its strength; None where it is no answer. It never raises."""


@dataclass(frozen=True, slots=True)
class SignScale:
    """Answers are "+", "-" and "0"; other ways of writing a sign are read too.

    Examples
    --------
    >>> [SignScale().read(said) for said in (-1, "\uff0b", "Positive", "+1", "maybe", True)]
    [(-1, None), (1, None), (1, None), (1, None), None, None]
    """

    instruction: ClassVar[str] = 'Each value is "+", "-" or "0".'
    schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "enum": ["+", "-", "0"],
    }

    def read(self, answer: object) -> Reading | None:
        """The sign of one answer: a mark, a word for it, or 1, -1, 0."""
        said = answer.strip(" \t\n'\"().").casefold() if isinstance(answer, str) else answer
        sign = _WORDS[said] if isinstance(said, str) and said in _WORDS else read_sign(said)
        return None if sign is None else (sign, None)


@dataclass(frozen=True, slots=True)
class ScoreScale:
    """Answers are whole points; high ones are +, low ones are -, those between are neutral.

    Attributes
    ----------
    top : int
        The most points; the least are 0.
    positive_from, negative_to : int
        So many points and more are +, so many and fewer are -.

    Raises
    ------
    SettingError
        If they are no whole numbers, or out of order.

    Examples
    --------
    >>> ScoreScale().read(8), ScoreScale().read("3"), ScoreScale().read(5), ScoreScale().read(11)
    ((1, 8.0), (-1, 3.0), (0, 5.0), None)
    """

    top: int = 10
    positive_from: int = 7  # the bands of the published cluster scores
    negative_to: int = 3

    def __post_init__(self) -> None:
        for name in ("top", "positive_from", "negative_to"):
            checked_count(getattr(self, name), name, least=0)
        if not self.negative_to < self.positive_from <= self.top:
            raise SettingError(
                f"the bands are 0-{self.negative_to} and {self.positive_from}-{self.top}; "
                "expected 0 <= negative_to < positive_from <= top"
            )

    @property
    def instruction(self) -> str:
        """The sentence of the prompt that says which answers there are."""
        return (
            f"Each value is a whole number from 0 to {self.top}: "
            f"0 to {self.negative_to} for -, {self.positive_from} to {self.top} for +, "
            "those between for 0."
        )

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of one answer."""
        return {"type": "integer", "minimum": 0, "maximum": self.top}

    def read(self, answer: object) -> Reading | None:
        """The sign of one answer, its points as strength."""
        points = _whole(answer)
        if points is None or not 0 <= points <= self.top:
            return None
        return (points >= self.positive_from) - (points <= self.negative_to), float(points)


def _whole(answer: object) -> int | None:
    """A whole number, or text that is one; None for anything else, however large or odd."""
    if isinstance(answer, str) and len(answer) <= _LONGEST and answer.strip().isdecimal():
        return int(answer)
    if isinstance(answer, bool) or not isinstance(answer, Real) or not abs(answer) < 1e9:  # type: ignore[operator]
        return None
    return int(answer) if int(answer) == answer else None  # type: ignore[call-overload]


_ROLE = (
    "You plan marketing campaigns. You judge which attributes of a campaign (brands, audiences, "
    "platforms, places and others) help each other and which harm each other."
)
_MEANINGS = (
    "+ : an obvious natural fit. The audiences overlap strongly, the brand is aligned with it, "
    "and putting the two into one campaign raises its return.\n"
    "- : friction. Spend would be wasted: demographics conflict, the brand is at odds with it, "
    "or the two cannot be had together.\n"
    "0 : unrelated, no more than the baseline, or you are not sure."
)
_GUARD = (
    "Judge what a marketer would expect of the two as they are commonly known. Do not invent edge "
    "cases: a fit that needs unconventional reasoning is a mismatch. If you are unsure, answer 0."
)
_PRIMARY_TASK = (
    "Judge the primary attribute against each numbered target: would a campaign that has "
    "both do better, worse, or neither?"
)
_PAIRS_TASK = (
    "Judge each numbered pair of attributes: would a campaign that has both do better, worse, or "
    "neither?"
)


@dataclass(frozen=True, slots=True)
class PairPrompt:
    """The wording of the prompt that judges pairs; replace any part of it.

    A call whose pairs share an attribute shows that one as primary and the others as its numbered
    targets; any other call shows numbered pairs. Names, descriptions and facts are quoted in a
    data block; your texts are taken as they stand, braces included.

    Attributes
    ----------
    role, meanings, guard : str
        Who the model is, what + - and 0 mean in campaign terms, and what to do in doubt.
    primary_task, pairs_task : str
        What is asked, in each of the two forms.
    name, version : str and int
        Of the template. Raise the version, or change the name, with the wording: both are part of
        the cache key, as the wording itself is.

    Examples
    --------
    >>> nike, athletes = Attribute("brand", "Nike"), Attribute("audience", "Athletes")
    >>> prompt = PairPrompt().render([(nike, athletes)], scale=SignScale())
    >>> print(prompt.user)
    Judge the primary attribute against each numbered target: would a campaign that has both do better, worse, or neither?
    <data>
    {"primary": ["brand", "Nike"],
    "[1]": ["audience", "Athletes"]}
    </data>
    """  # noqa: E501  # the prompt as it is sent

    role: str = _ROLE
    meanings: str = _MEANINGS
    guard: str = _GUARD
    primary_task: str = _PRIMARY_TASK
    pairs_task: str = _PAIRS_TASK
    name: str = "pairs"
    version: int = 1

    @property
    def template(self) -> str:
        """``"name@version"``."""
        return f"{self.name}@{self.version}"

    def system(self, scale: Scale) -> str:
        """The standing instruction."""
        return (
            f"{self.role}\n\n{self.meanings}\n\n{self.guard}\n\n{DATA_RULE}\n\n"
            "Answer with one JSON object and nothing else. Its keys are the numbers in brackets, "
            f"every one of them once, never a name. {scale.instruction}"
        )

    def render(
        self,
        pairs: Sequence[Pair],
        *,
        scale: Scale,
        describe: bool = False,
        context: ContextProvider | None = None,
        temperature: float | None = 0.15,
        mark: str = "",
    ) -> Prompt:
        """The prompt of one call.

        Parameters
        ----------
        pairs : sequence of (Attribute, Attribute)
            Numbered from 1 in this order.
        scale : Scale
            How answers are to be given.
        describe : bool
            Whether descriptions are shown with the names.
        context : ContextProvider, optional
            What is known of the pairs and of their attributes.
        temperature : float or None
            As in :class:`~campaignkit.llm.Prompt`.
        mark : str
            Tells this asking from others of the same words.
        """
        primary = shared_attribute(pairs)
        shown: dict[str, object] = {}
        if primary is not None:
            shown["primary"] = _shown(primary, describe=describe)
        for number, pair in enumerate(pairs, start=1):
            ends = [end for end in pair if primary is None or end.key != primary.key]
            told = [_shown(end, describe=describe) for end in ends]
            shown[f"[{number}]"] = told if primary is None else told[0]
        if context is not None:
            shown |= _facts(pairs, context)
        task = self.pairs_task if primary is None else self.primary_task
        return Prompt(
            user=f"{task}\n{data_block(shown)}",
            system=self.system(scale),
            template=f"{self.template} {mark}".strip(),
            temperature=temperature,
        )


def shared_attribute(pairs: Sequence[Pair]) -> Attribute | None:
    """The attribute that all pairs have in common, the first one of a single pair; or None.

    Examples
    --------
    >>> nike, peru = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> shared_attribute([(nike, peru), (Attribute("brand", "Dior"), peru)]).value
    'Peru'
    """
    if not pairs:
        return None
    for candidate in pairs[0]:
        if all(candidate.key in (one.key, other.key) for one, other in pairs):
            return candidate
    return None


def _facts(pairs: Sequence[Pair], context: ContextProvider) -> dict[str, object]:
    """What is known of attributes and of pairs, as the data block shows it."""
    ends = {end.key: end for pair in pairs for end in pair}
    facts = {
        "facts": [[*key, *known] for key, end in ends.items() if (known := context.about(end))],
        "facts about pairs": {
            f"[{number}]": list(known)
            for number, pair in enumerate(pairs, start=1)
            if (known := context.about_pair(pair))
        },
    }
    return {name: held for name, held in facts.items() if held}


def _shown(attribute: Attribute, *, describe: bool) -> list[str]:
    named = [attribute.modality, attribute.value]
    return [*named, attribute.description] if describe and attribute.description else named


@runtime_checkable
class ContextProvider(Protocol):
    """Retrieves facts: past campaign results, expert rules, rows of a survey.

    What it gives is shown to the model as quoted data with the pair, and kept in the edge's
    ``context``. Pairs with other facts are judged anew.

    Examples
    --------
    >>> class Climate:
    ...     def about(self, attribute):
    ...         return ["no winter"] if attribute.value == "Brazil" else []
    ...     def about_pair(self, pair):
    ...         return []
    >>> provider: ContextProvider = Climate()
    """

    def about(self, attribute: Attribute) -> Sequence[str]:
        """Facts about an attribute, whatever it is paired with; may be empty."""

    def about_pair(self, pair: Pair) -> Sequence[str]:
        """Facts about a pair; may be empty. The order of the two may not matter."""


class FactTable:
    """Facts from a table of your own, by attribute or by pair.

    Parameters
    ----------
    rows : iterable of mapping
        Each with ``modality``, ``value`` and ``fact``; a fact about a pair also has
        ``other_modality`` and ``other_value``. A ``source`` is shown before its fact. Other
        columns are ignored; rows with a blank fact are too.
    most : int
        Facts kept for each attribute and each pair, the first ones.
    max_tokens : int, optional
        Of all facts that are shown for a pair, at an estimated four bytes each: half for facts
        about the pair, a quarter for each attribute. A fact that no longer fits is passed over.

    Raises
    ------
    GraphError
        With every row that lacks a column, or names one end of a pair only.

    Examples
    --------
    >>> facts = FactTable([
    ...     {"modality": "geo", "value": "Brazil", "fact": "no skiing resorts"},
    ...     {"modality": "brand", "value": "Nike", "other_modality": "geo",
    ...      "other_value": "Brazil", "fact": "2024 campaign: return 1.8"},
    ... ])
    >>> facts.about(Attribute("geo", "Brazil"))
    ('no skiing resorts',)
    >>> facts.about_pair((Attribute("geo", "Brazil"), Attribute("brand", "Nike")))
    ('2024 campaign: return 1.8',)
    """

    def __init__(
        self, rows: Iterable[Mapping[str, object]], *, most: int = 5, max_tokens: int | None = None
    ) -> None:
        self._most = checked_count(most, "most")
        self._max_bytes = (
            None if max_tokens is None else 4 * checked_count(max_tokens, "max_tokens")
        )
        self._single: dict[Key, list[str]] = defaultdict(list)
        self._double: dict[frozenset[Key], list[str]] = defaultdict(list)
        read = enumerate(map(self._read, rows))
        if faults := [Fault(f"row {number}", found) for number, found in read if found]:
            raise GraphError("these rows are no facts", faults=faults)

    @classmethod
    def from_frame(
        cls, frame: object, *, most: int = 5, max_tokens: int | None = None
    ) -> FactTable:
        """Read a pandas, polars or pyarrow table with these columns.

        Examples
        --------
        >>> import pyarrow as pa
        >>> table = pa.table({"modality": ["geo"], "value": ["Chile"], "fact": ["has Andes"]})
        >>> FactTable.from_frame(table).about(Attribute("geo", "Chile"))
        ('has Andes',)
        """
        return cls(_rows(frame), most=most, max_tokens=max_tokens)

    @classmethod
    def from_sources(
        cls, sources: Mapping[str, object], *, most: int = 5, max_tokens: int | None = None
    ) -> FactTable:
        """Read several tables, such as results, expert rules and a survey; the first come first.

        Parameters
        ----------
        sources : mapping of str to data frame
            What each source is called, as the model is shown it.
        most, max_tokens
            As for the class.

        Examples
        --------
        >>> import pyarrow as pa
        >>> rule = {"modality": ["geo"], "value": ["Chile"], "fact": ["no billboards"]}
        >>> facts = FactTable.from_sources({"expert rule": pa.table(rule)}, max_tokens=100)
        >>> facts.about(Attribute("geo", "Chile"))
        ('expert rule: no billboards',)
        """
        rows = [row | {"source": name} for name, frame in sources.items() for row in _rows(frame)]
        return cls(rows, most=most, max_tokens=max_tokens)

    def about(self, attribute: Attribute) -> tuple[str, ...]:
        """Facts about an attribute."""
        return self._chosen(self._single.get(attribute.key, ()), parts=4)

    def about_pair(self, pair: Pair) -> tuple[str, ...]:
        """Facts about a pair, in either order."""
        both = frozenset((pair[0].key, pair[1].key))
        return self._chosen(self._double.get(both, ()), parts=2)

    def _chosen(self, facts: Sequence[str], *, parts: int) -> tuple[str, ...]:
        """The first facts that are few and short enough."""
        left = float("inf") if self._max_bytes is None else self._max_bytes // parts
        chosen: list[str] = []
        for fact in facts:
            size = len(fact.encode())
            if len(chosen) < self._most and size <= left:
                chosen.append(fact)
                left -= size
        return tuple(chosen)

    def _read(self, row: Mapping[str, object]) -> str:
        lacking = [name for name in ("modality", "value", "fact") if name not in row]
        if lacking:
            return f"lacks {', '.join(lacking)}"
        fact, source = _text(row["fact"]), _text(row.get("source"))
        told = f"{source}: {fact}" if source else fact
        one = _text(row["modality"]), _text(row["value"])
        other = _text(row.get("other_modality")), _text(row.get("other_value"))
        if not all(one):
            return "has a blank modality or value"
        if bool(other[0]) != bool(other[1]):
            return "has other_modality or other_value alone; expected both or neither"
        if fact and other[0]:
            self._double[frozenset((one, other))].append(told)
        elif fact:
            self._single[one].append(told)
        return ""


def _rows(frame: object) -> list[dict[str, object]]:
    import narwhals as nw

    table = nw.from_native(frame, eager_only=True)  # type: ignore[call-overload]  # checked by narwhals
    return table.rows(named=True)  # type: ignore[no-any-return]


def _text(cell: object) -> str:
    # A blank cell is None, or NaN, which alone differs from itself.
    return "" if cell is None or cell != cell else str(cell).strip()  # noqa: PLR0124


def facts_of(provider: ContextProvider | None, pair: Pair) -> tuple[str, ...]:
    """All that a provider knows of a pair and its two attributes, each fact once."""
    if provider is None:
        return ()
    found = [*provider.about(pair[0]), *provider.about(pair[1]), *provider.about_pair(pair)]
    return tuple(dict.fromkeys(found))
