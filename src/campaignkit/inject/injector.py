"""Corrupt a table on purpose, and know afterwards exactly what was changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, get_args

from campaignkit.errors import Fault, TableError
from campaignkit.inject.cells import renamed
from campaignkit.inject.corruptions import ALL_CORRUPTIONS, OTHER_NAMES, Corruption
from campaignkit.inject.corruptions.corruption import Unit
from campaignkit.inject.given import as_given, library
from campaignkit.inject.observing import observe
from campaignkit.inject.truth import GroundTruth
from campaignkit.inject.workbench import Workbench
from campaignkit.seeds import checked_seed, stream
from campaignkit.tables import (
    MARKETING,
    DatabaseTable,
    Matching,
    ReadOptions,
    open_table,
    to_arrow,
    unique_names,
)
from campaignkit.tables.read_options import checked_read, matched, without_file_options


class ErrorInjector:
    """Injects kinds of faults at a rate, the same ones for the same seed.

    Each kind draws from its own named stream and chooses rows by the clean table: which rows it
    corrupts does not depend on the other kinds. The input is never changed.

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
        faults += [
            Fault(f"{c.kind}.unit", f"is {c.unit!r}", f"known: {', '.join(get_args(Unit))}")
            for c in self.corruptions
            if c.unit not in get_args(Unit)
        ]
        if not kinds:
            faults.append(Fault("kinds", "is empty", "name at least one kind"))
        self.rates: Mapping[str, float] = _rates(rate, names, faults)
        if faults:
            raise TableError("the injector cannot work as asked", faults=faults)

    def inject(self, table: Any, **read: Unpack[ReadOptions]) -> tuple[Any, GroundTruth]:
        """Corrupt a copy of the table.

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
            raise TableError("the table has no rows to corrupt", hint="pass a table with rows")
        bench = Workbench(clean, matching)
        faults = []
        for corruption in self.corruptions:
            try:
                corruption.check(bench)
            except TableError as err:
                faults.append(Fault(corruption.kind, err.message, err.hint))
        if faults:
            raise TableError("the table lacks what some kinds need", faults=faults)
        known = {kind: at for at, kind in enumerate(ALL_CORRUPTIONS)}
        kinds = [
            (corruption, self.rates[corruption.kind])
            for corruption in sorted(
                self.corruptions, key=lambda c: (c.stage, known.get(c.kind, len(known)), c.kind)
            )
        ]
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
    rate: float | Mapping[str, float], names: Sequence[str], faults: list[Fault]
) -> Mapping[str, float]:
    given = rate if isinstance(rate, Mapping) else dict.fromkeys(names, rate)
    for name in dict.fromkeys([*names, *given]):
        where = f"rate[{name!r}]" if given is rate else "rate"
        if name not in names:
            fix = f"its kinds: {', '.join(names)}"
            faults.append(Fault(where, "is no kind of this injector", fix))
        elif name not in given:
            faults.append(Fault("rate", f"has nothing for {name!r}", "give every kind a rate"))
        elif not _is_rate(given[name]):
            found = f"is {given[name]!r}; expected above 0, at most 1"
            faults.append(Fault(where, found, "a rate of 0 injects nothing; 0.05 is 5%"))
            if given is not rate:
                break  # one number for all
    return given


def _is_rate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def opened(table: Any, **read: Unpack[ReadOptions]) -> tuple[Any, Matching, tuple[Fault, ...]]:
    """A table's cells in Arrow, what its columns mean, and what was decided when it was read."""
    if not isinstance(table, str | Path | DatabaseTable):
        asked = checked_read(read)
        without_file_options(asked, "a frame")
        arrow = to_arrow(table)
        names = unique_names(arrow.column_names)
        return renamed(arrow, names), matched(MARKETING, names, asked), ()
    read.setdefault("summary_rows", "keep")  # nothing is lost that nobody spoiled
    with open_table(table, **read) as held:
        if held.in_place:
            raise TableError(
                f"{held.name} is read in place, and a table to corrupt must be local",
                hint="read its rows into a frame or a file first",
            )
        chosen = ", ".join(column.raw for column in held.columns.values())
        query = f"SELECT {chosen} FROM {held.relation}"  # noqa: S608 - quoted names
        return held.con.sql(query).to_arrow_table(), held.matching, held.notes
