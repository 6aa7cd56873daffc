"""What the columns of a campaign table mean: roles, their aliases, and which belong together.

The other names a column goes by are data: ``tables/aliases/*.toml``, one file a platform and one a
language.

>>> MARKETING.match(["Date", "Impr.", "link clicks", "colour"]).found["impressions"]
'Impr.'
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, TableError
from campaignkit.tables.conventions import conventions


class Role(StrEnum):
    """What kind of column it is: it decides which faults the column can have.

    A rate is computed from other columns (a share, or a cost of one thing): it cannot be summed.

    Examples
    --------
    >>> Role("count") is Role.COUNT
    True
    """

    ID = "id"
    DATE = "date"
    DIMENSION = "dimension"
    COUNT = "count"
    MONEY = "money"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column the schema knows: its name, its role and the other names it goes by.

    Parameters
    ----------
    name : str
        The standard name.
    role : Role
        What kind of column it is.
    aliases : tuple of str
        Other spellings; case, spaces and punctuation do not matter.
    step : int or None
        Place in the funnel, 0 the widest (impressions); None outside of it.
    group : str
        Columns that come together: one missing from a group that is otherwise there was dropped.
        A column of no group may be empty where there is nothing to tell.
    parts : tuple of str
        Of a rate: the standard columns whose quotient it is, numerator first.
    times : float
        Of a rate: by what the quotient is multiplied (1,000 in cost per thousand).
    is_share : bool
        Of a rate: whether it can never exceed 1 (100%).
    beside : str
        Standard column without which the names mean something else ("Results" is what Meta's
        result indicator says, and without one stands for conversions).

    Examples
    --------
    >>> ColumnSpec("clicks", Role.COUNT, ("link clicks",), step=1).is_metric
    True
    """

    name: str
    role: Role
    aliases: tuple[str, ...] = ()
    step: int | None = None
    group: str = ""
    parts: tuple[str, ...] = ()
    times: float = 1.0
    is_share: bool = False
    beside: str = ""

    @property
    def is_metric(self) -> bool:
        """Whether it holds amounts (counts or money)."""
        return self.role in (Role.COUNT, Role.MONEY)


@dataclass(frozen=True, slots=True)
class Matching:
    """Which columns of a table the schema recognised.

    Attributes
    ----------
    found : dict
        Standard name -> the table's own name for it.
    unknown : tuple of str
        Columns of the table that the schema does not know.
    missing : tuple of str
        Standard names that the table does not have.
    rivals : dict
        Columns that mean a standard name another column already took -> that name.
    platforms : tuple of str
        Platforms whose export the columns give away: by several names that are telling, or by one
        that no other platform uses.
    stand_ins : tuple of str
        Standard names that a column stands for in want of a better one, and is defined otherwise.

    Examples
    --------
    >>> MARKETING.match(["clicks"]).unknown
    ()
    """

    found: Mapping[str, str]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    rivals: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> tuple[str, ...]:
        """Columns that mean a standard name another column already took."""
        return tuple(self.rivals)

    def standard(self, column: str) -> str | None:
        """The standard name of a column of the table, or None.

        Examples
        --------
        >>> MARKETING.match(["Impr."]).standard("Impr.")
        'impressions'
        """
        return next((name for name, own in self.found.items() if own == column), None)

    def notes(self) -> list[Fault]:
        """What was decided about the columns' meaning, and how to overrule it.

        Examples
        --------
        >>> print(MARKETING.match(["Cost", "Media cost", "clicks"]).notes()[0].found)
        'Cost' is spend; 'Media cost' may be spend too
        """
        read = {own: name for name, own in self.found.items() if plain(own) != plain(name)}
        by = f", in an export of {' or '.join(self.platforms)}" if self.platforms else ""
        said = [", ".join(f"{own!r} is {name}" for own, name in read.items()) + by] if read else []
        said += [f"{own!r} may be {name} too" for own, name in self.rivals.items()]
        first = next(iter([*read, *self.rivals]), "")
        return [Fault("columns", "; ".join(said), f'columns={{"{first}": ...}} overrules it')][
            : len(said)
        ]


@dataclass(frozen=True)
class TableSchema:
    """The columns a family of tables is made of.

    Parameters
    ----------
    columns : tuple of ColumnSpec
        The standard columns, in order.
    alias_folder : Path or None
        Folder of TOML files with further names, one a platform or a language.

    Examples
    --------
    >>> schema = TableSchema((ColumnSpec("clicks", Role.COUNT, ("taps",)),))
    >>> dict(schema.match(["Taps"]).found)
    {'clicks': 'Taps'}
    """

    columns: tuple[ColumnSpec, ...]
    alias_folder: Path | None = None
    _by_name: dict[str, ColumnSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {c.name: c for c in self.columns})

    def __getitem__(self, name: str) -> ColumnSpec:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        """Standard names, in order."""
        return tuple(self._by_name)

    def knows(self, column: str) -> bool:
        """Whether a column of this name would be recognised.

        Examples
        --------
        >>> MARKETING.knows("Impr."), MARKETING.knows("1 March")
        (True, False)
        """
        names = _names(self)
        return any(names.by_key.get(key) for key in _keys(column, names.namespaces))

    def match(
        self, columns: Iterable[str], *, stated: Mapping[str, str | None] | None = None
    ) -> Matching:
        """Find the standard columns among a table's own names.

        Of several candidates the best wins: stated by the user, the standard name itself, a name
        from the platform whose export this is, a general name, a name from another platform, a
        name below a namespace (``metrics.clicks``). Of two equally good ones the first wins; the
        other is a rival. A stand-in (a campaign's name for its id) is taken where nothing better
        is there, and is otherwise a column of its own. So is a city (for a place) in a table of
        which nothing else is recognised.

        Parameters
        ----------
        columns : iterable of str
            The table's own names.
        stated : mapping of str to str or None
            Own name -> standard name, as the user says; None says that the column means none.

        Examples
        --------
        >>> MARKETING.match(["imps", "Amount spent (EUR)"]).found["spend"]
        'Amount spent (EUR)'
        """
        own = list(columns)
        told = dict(stated or {})
        names = _names(self)
        keys = {c: _keys(c, names.namespaces) for c in own if c not in told}
        all_keys = {key for forms in keys.values() for key in forms}
        here = names.platforms(all_keys)
        candidates = [(-1.0, 0, own.index(c), c, name) for c, name in told.items() if name]
        for place, (column, forms) in enumerate(keys.items()):
            for key, weakness in forms.items():
                known = names.by_key.get(key, ())
                # What the platform itself says of a name outdoes what others say of it.
                own_words = [e for e in known if e[1] in here or e[1] == "standard"]
                said = own_words if any(e[1] in here for e in own_words) else known
                for name, source, order, stands_in in said:
                    rank = _RANKS.get(source, 1.0 if source in here else _OTHER_PLATFORM)
                    rank += weakness + _STAND_IN * stands_in
                    candidates.append((rank, order, place, column, name))
        means = {name for *_, name in candidates}
        found: dict[str, str] = {}
        rivals: dict[str, str] = {}
        stand_ins = []
        for rank, _, _, column, name in sorted(candidates):
            if self[name].beside and self[name].beside not in means:
                continue
            if column not in found.values() and name not in found:
                found[name] = column
                stand_ins += [name] * (rank >= _STAND_IN)
            elif rank < _OTHER_PLATFORM:
                rivals.setdefault(column, name)
        # A city in a table of which nothing else is known is a city, and no campaign's place.
        if all(n in stand_ins and self[n].role is Role.DIMENSION for n in found):
            found, stand_ins = {}, []
        rivals = {c: name for c, name in rivals.items() if c not in found.values()}
        return Matching(
            found={name: found[name] for name in self.names if name in found},
            unknown=tuple(c for c in own if c not in found.values() and c not in rivals),
            missing=tuple(name for name in self.names if name not in found),
            rivals=rivals,
            platforms=tuple(p for p in here if names.are_proof(names.tells[p] & all_keys)),
            stand_ins=tuple(stand_ins),
        )


# Ranks add up. The names of the platform whose export it is have 1.
_RANKS = {"standard": 0.0, "general": 2.0}
_OTHER_PLATFORM = 50.0  # from here on, a column whose standard name is taken is one of its own
_STAND_IN = 100.0
_BELOW_NAMESPACE = 5.0
_WITHOUT_UNIT = 1.5
_CURRENCIES = "usd|eur|gbp|jpy|chf|cad|aud|brl|inr|cny|mxn|sek|nok|dkk|pln|czk|krw|sgd|nzd|zar"
# A unit at the end of a name: "(EUR)", "[US$]", "(%)", "(in local currency)", "_usd".
_UNIT = re.compile(
    r"\s*[(\[](?:[A-Z]{3}|[A-Z]{0,3}[^\w\s]{1,2}|in .*|.*(?:currency|micro).*)[)\]]$"
    rf"|[\s_](?i:{_CURRENCIES})$"
)


@dataclass(frozen=True)
class _Names:
    """Key -> (standard name, source, place in its list, stands in); what gives platforms away."""

    by_key: Mapping[str, list[tuple[str, str, int, bool]]]
    tells: Mapping[str, set[str]]
    namespaces: tuple[str, ...]

    def platforms(self, keys: set[str]) -> tuple[str, ...]:
        """The platforms most of whose tell-tale names, then of whose names, are among the keys."""
        covered = Counter(s for k in keys for s in {e[1] for e in self.by_key.get(k, ())})
        scores = {p: (len(tells & keys), covered[p]) for p, tells in self.tells.items()}
        best = max(scores.values(), default=(0, 0))
        return tuple(p for p, score in scores.items() if score == best and best[0])

    def are_proof(self, tells: set[str]) -> bool:
        """Whether telling names are several, or one that no other platform or language uses."""
        return len(tells) > 1 or any(len(self._users(key)) == 1 for key in tells)

    def _users(self, key: str) -> set[str]:
        platforms = {p for p, tells in self.tells.items() if key in tells}
        return platforms | {source for _, source, *_ in self.by_key.get(key, ())}


@cache
def _names(schema: TableSchema) -> _Names:
    by_key: dict[str, list[tuple[str, str, int, bool]]] = {}
    tells: dict[str, set[str]] = {}
    namespaces: list[str] = []

    def add(name: str, source: str, aliases: Iterable[str], *, stands_in: bool = False) -> None:
        for order, alias in enumerate(aliases):
            by_key.setdefault(plain(alias), []).append((name, source, order, stands_in))

    for spec in schema.columns:
        add(spec.name, "standard", (spec.name,))
        add(spec.name, "general", spec.aliases)
    for file in sorted(schema.alias_folder.glob("*.toml")) if schema.alias_folder else ():
        read = _read_aliases(file, schema)
        source = str(read["name"]) if read["kind"] == "platform" else "general"
        for table in ("columns", "stand_in"):
            for name, aliases in read.get(table, {}).items():
                add(name, source, aliases, stands_in=table == "stand_in")
        namespaces += read.get("namespaces", ())
        if read.get("tells"):
            tells[source] = {plain(t) for t in read["tells"]} - {plain(n) for n in schema.names}
    return _Names(by_key, tells, tuple(dict.fromkeys(namespaces)))


def _read_aliases(file: Path, schema: TableSchema) -> dict[str, Any]:
    """One alias file; all its faults at once."""
    try:
        read = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise TableError(f"{file} is not TOML: {err}", hint="copy a file of its folder") from err
    faults = [
        Fault(f"{file.name}: {table}.{name}", "is no standard column")
        for table in ("columns", "stand_in")
        for name in read.get(table, {})
        if name not in schema
    ]
    faults += [
        Fault(f"{file.name}: {key}", "is missing") for key in ("name", "kind") if key not in read
    ]
    if faults:
        raise TableError("an alias file cannot be used", faults=faults)
    return read


def _keys(column: str, namespaces: tuple[str, ...]) -> dict[str, float]:
    """The keys a column may be known by -> how much weaker than the whole name each is."""
    forms = {_UNIT.sub("", column.strip()): _WITHOUT_UNIT} | {column: 0.0}
    head = re.match(rf"(?:{'|'.join(namespaces)})(?:\.|__?)(?=\w)", column) if namespaces else None
    if head:
        forms |= {form[head.end() :]: w + _BELOW_NAMESPACE for form, w in list(forms.items())}
    keys: dict[str, float] = {}
    for form, weakness in forms.items():
        keys.setdefault(plain(form), weakness)
    keys.pop("", None)
    return keys


def plain(name: str) -> str:
    """A column name without case, accents and punctuation.

    Examples
    --------
    >>> plain("Coût (EUR)"), plain("ad_group_ad.ad.id")
    ('couteur', 'adgroupadadid')
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in letters if c.isalnum())


def _specs() -> Iterable[ColumnSpec]:
    for name, said in conventions("columns").items():
        role, parts = Role(said.pop("role")), tuple(said.pop("parts", ()))
        yield ColumnSpec(name, role, parts=parts, **said)


MARKETING = TableSchema(tuple(_specs()), alias_folder=Path(__file__).parent / "aliases")
