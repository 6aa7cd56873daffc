"""Spoil a table on purpose, and know afterwards exactly what was spoiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from campaignkit.errors import Fault, TableError
from campaignkit.inject.cells import renamed
from campaignkit.inject.corruptions import ALL_CORRUPTIONS, OTHER_NAMES, Corruption
from campaignkit.inject.given import as_given, library
from campaignkit.inject.observing import observe
from campaignkit.inject.truth import GroundTruth
from campaignkit.inject.workbench import Workbench
from campaignkit.seeds import checked_seed, stream
from campaignkit.tables import (
    MARKETING,
    Column,
    DatabaseTable,
    Matching,
    OpenTable,
    ReadOptions,
    open_table,
    to_arrow,
    unique_names,
)
from campaignkit.tables.read_options import checked_read, matched, without_file_options

if TYPE_CHECKING:
    import pyarrow as pa


class ErrorInjector:
    """Injects kinds of faults at a rate, the same ones for the same seed.

    Each kind draws from its own named stream and chooses rows by the clean table: which rows it
    spoils does not depend on the other kinds. The input is never changed.

    Parameters
    ----------
    kinds : sequence of str or Corruption
        Names (:data:`campaignkit.inject.ALL_CORRUPTIONS`) or objects, each kind once.
    rate : float or mapping of str to float
        In (0, 1], for all kinds or per kind: share of cells per affected column (nulls,
        categories, types), of rows (duplicates, laws, outliers, scale, shifts), of columns
        (dropped, at least one).
    seed : int
        Names the streams.

    Raises
    ------
    TableError
        On an unknown kind, a kind given twice, or a rate outside (0, 1]; all faults at once.

    Examples
    --------
    >>> from campaignkit.tables import synthetic_table
    >>> injector = ErrorInjector(["duplicate_rows", "clicks_exceed_impressions"], rate=0.05)
    >>> dirty, truth = injector.inject(synthetic_table(1000))
    >>> truth["duplicate_rows"].count
    50
    """

    def __init__(
        self,
        kinds: Sequence[str | Corruption],
        *,
        rate: float | Mapping[str, float] = 0.05,
        seed: int = 0,
    ) -> None:
        self.seed = checked_seed(seed)
        if isinstance(kinds, str):
            kinds = [kinds]
        faults: list[Fault] = []
        chosen = [_corruption(kind, i, faults) for i, kind in enumerate(kinds)]
        self.corruptions: tuple[Corruption, ...] = tuple(c for c in chosen if c is not None)
        names = [c.kind for c in self.corruptions]
        faults += [
            Fault(f"kinds[{i}]", f"{name!r} is given more than once", "inject twice for that")
            for i, name in enumerate(names)
            if name in names[:i]
        ]
        if not kinds:
            faults.append(Fault("kinds", "is empty", "name at least one kind"))
        self.rates: Mapping[str, float] = _rates(rate, names, faults)
        if faults:
            raise TableError("the injector cannot work as asked", faults=faults)

    def inject(self, table: Any, **read: Unpack[ReadOptions]) -> tuple[Any, GroundTruth]:
        """Spoil a copy of the table.

        Parameters
        ----------
        table : frame, path or DatabaseTable
            Anything :func:`campaignkit.tables.open_table` reads.
        **read : ReadOptions
            As for :func:`campaignkit.tables.open_table`.

        Returns
        -------
        dirty : frame
            Of the kind that was given; a pyarrow table for a path.
        truth : GroundTruth
            Equal to the observed difference.

        Raises
        ------
        TableError
            If a kind lacks its columns, or the table has no rows.
        """
        if library(table) in ("polars", "narwhals") and hasattr(table, "collect"):
            dirty, truth = self.inject(table.collect(), **read)
            return dirty.lazy(), truth
        clean, matching, notes = opened(table, **read)
        if clean.num_rows == 0:
            raise TableError("the table has no rows to spoil", hint="pass a table with rows")
        bench = Workbench(clean, matching)
        faults = []
        for corruption in self.corruptions:
            try:
                corruption.check(bench)
            except TableError as err:
                faults.append(Fault(corruption.kind, err.message, err.hint))
        if faults:
            raise TableError("the table lacks what some kinds need", faults=faults)
        kinds = [(c, self.rates[c.kind]) for c in _in_order(self.corruptions)]
        for corruption, rate in kinds:
            corruption.spoil(bench, rate, stream(self.seed, "inject", corruption.kind))
        order = stream(self.seed, "inject", "duplicate places")
        spoiled, truth = observe(bench, kinds, seed=self.seed, order=order)
        return as_given(table, bench, spoiled), replace(truth, notes=notes)

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain values, for manifests."""
        return {
            "seed": self.seed,
            "kinds": {c.kind: {"rate": self.rates[c.kind], "spec": repr(c)}
                      for c in self.corruptions},
        }  # fmt: skip


def _corruption(kind: str | Corruption, at: int, faults: list[Fault]) -> Corruption | None:
    if not isinstance(kind, str):
        return kind
    found = ALL_CORRUPTIONS.get(kind) or OTHER_NAMES.get(kind)
    if found is None:
        names = ", ".join([*ALL_CORRUPTIONS, *OTHER_NAMES])
        faults.append(Fault(f"kinds[{at}]", f"{kind!r} is no known kind", f"known: {names}"))
    return found


def _rates(
    rate: float | Mapping[str, float], names: Iterable[str], faults: list[Fault]
) -> dict[str, float]:
    names = list(names)
    if isinstance(rate, Mapping):
        given = dict(rate)
        faults += [
            Fault(f"rate[{k!r}]", "is no kind of this injector", f"its kinds: {', '.join(names)}")
            for k in given
            if k not in names
        ]
        faults += [
            Fault("rate", f"has nothing for {name!r}", "give every kind a rate")
            for name in names
            if name not in given
        ]
    else:
        given = dict.fromkeys(names, rate)
    for name in given if isinstance(rate, Mapping) else names[:1]:
        value = given[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            where = f"rate[{name!r}]" if isinstance(rate, Mapping) else "rate"
            fix = "a rate of 0 injects nothing; 0.05 is 5%"
            faults.append(Fault(where, f"is {value!r}; expected above 0, at most 1", fix))
    return given


def _in_order(corruptions: Sequence[Corruption]) -> list[Corruption]:
    known = list(ALL_CORRUPTIONS)

    def place(corruption: Corruption) -> tuple[int, int, str]:
        kind = corruption.kind
        at = known.index(kind) if kind in known else len(known)
        return corruption.stage, at, kind

    return sorted(corruptions, key=place)


def opened(
    table: Any, **read: Unpack[ReadOptions]
) -> tuple[pa.Table, Matching, tuple[Fault, ...]]:
    """A table's cells in Arrow, what its columns mean, and what was decided when it was read."""
    if not isinstance(table, str | Path | DatabaseTable):
        asked = checked_read(read)
        without_file_options(asked, "a frame")
        arrow = to_arrow(table)
        names = unique_names(arrow.column_names)
        return renamed(arrow, names), matched(MARKETING, names, asked), ()
    with open_table(table, **read) as held:
        chosen = ", ".join(
            f"{c.sql} AS {c.raw}" if _lossless(held, c) else c.raw for c in held.columns.values()
        )
        query = f"SELECT {chosen} FROM {held.relation}"  # noqa: S608 - quoted names
        return held.con.sql(query).to_arrow_table(), held.matching, held.notes


def _lossless(held: OpenTable, column: Column) -> bool:
    if not column.is_text or column.kind != "number":
        return False
    (lost,) = held.row(
        f"SELECT count({column.raw}) - count({column.sql}) FROM {held.relation}"  # noqa: S608
    )
    return bool(lost == 0)
