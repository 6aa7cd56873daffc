"""Facts for the scorer: what the user's own tables know of an attribute or a pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from campaignkit.catalogue import Attribute, Key
from campaignkit.edges.scorers.protocols import Pair
from campaignkit.errors import Fault, GraphError


@runtime_checkable
class ContextProvider(Protocol):
    """Retrieves facts: past campaign results, expert rules, rows of a survey.

    What it gives is shown to the model as quoted data beside the pair, and kept in the edge's
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
        ``other_modality`` and ``other_value``. Other columns are ignored; rows with a blank fact
        are too.
    most : int
        Facts kept for each attribute and each pair, the first ones.

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

    def __init__(self, rows: Iterable[Mapping[str, object]], *, most: int = 5) -> None:
        self._most = most
        self._single: dict[Key, list[str]] = defaultdict(list)
        self._double: dict[frozenset[Key], list[str]] = defaultdict(list)
        faults = []
        for number, row in enumerate(rows):
            fault = self._read(row)
            if fault:
                faults.append(Fault(f"row {number}", fault))
        if faults:
            raise GraphError("these rows are no facts", faults=faults)

    @classmethod
    def from_frame(cls, frame: object, *, most: int = 5) -> FactTable:
        """Read a pandas, polars or pyarrow table with these columns.

        Examples
        --------
        >>> import pyarrow as pa
        >>> table = pa.table({"modality": ["geo"], "value": ["Chile"], "fact": ["has Andes"]})
        >>> FactTable.from_frame(table).about(Attribute("geo", "Chile"))
        ('has Andes',)
        """
        import narwhals as nw

        rows = nw.from_native(frame, eager_only=True).rows(named=True)  # type: ignore[call-overload]  # checked by narwhals
        return cls(rows, most=most)

    def about(self, attribute: Attribute) -> tuple[str, ...]:
        """Facts about an attribute."""
        return tuple(self._single.get(attribute.key, ())[: self._most])

    def about_pair(self, pair: Pair) -> tuple[str, ...]:
        """Facts about a pair, in either order."""
        both = frozenset((pair[0].key, pair[1].key))
        return tuple(self._double.get(both, ())[: self._most])

    def _read(self, row: Mapping[str, object]) -> str:
        lacking = [name for name in ("modality", "value", "fact") if name not in row]
        if lacking:
            return f"lacks {', '.join(lacking)}"
        fact = _text(row["fact"])
        one = _text(row["modality"]), _text(row["value"])
        other = _text(row.get("other_modality")), _text(row.get("other_value"))
        if not all(one):
            return "has a blank modality or value"
        if bool(other[0]) != bool(other[1]):
            return "has other_modality or other_value alone; expected both or neither"
        if fact and other[0]:
            self._double[frozenset((one, other))].append(fact)
        elif fact:
            self._single[one].append(fact)
        return ""


def _text(cell: object) -> str:
    # A blank cell is None, or NaN, which alone differs from itself.
    return "" if cell is None or cell != cell else str(cell).strip()  # noqa: PLR0124


def facts_of(provider: ContextProvider | None, pair: Pair) -> tuple[str, ...]:
    """All that a provider knows of a pair and its two attributes, each fact once."""
    if provider is None:
        return ()
    found = [*provider.about(pair[0]), *provider.about(pair[1]), *provider.about_pair(pair)]
    return tuple(dict.fromkeys(found))
