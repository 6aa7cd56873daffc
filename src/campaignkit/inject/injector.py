"""Spoil a table on purpose, and know afterwards exactly what was spoiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from campaignkit.distinct import distinct
from campaignkit.errors import Fault, TableError
from campaignkit.inject.corruptions import ALL_CORRUPTIONS, BrokenLaw, Corruption
from campaignkit.inject.observing import observe
from campaignkit.inject.truth import GroundTruth
from campaignkit.inject.workbench import Workbench
from campaignkit.seeds import checked_seed, stream
from campaignkit.tables import (
    DatabaseTable,
    ReadOptions,
    like,
    open_table,
    to_arrow,
    unique_names,
)

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
        clean = _as_arrow(table, **read)
        if clean.num_rows == 0:
            raise TableError("the table has no rows to spoil", hint="pass a table with rows")
        bench = Workbench(clean)
        faults = []
        for corruption in self.corruptions:
            try:
                corruption.check(bench)
            except TableError as err:
                faults.append(Fault(corruption.kind, err.message, err.hint))
        if faults:
            raise TableError("the table lacks what some kinds need", faults=faults)
        for corruption in _in_order(self.corruptions):
            self._spoil(corruption, bench)
        places = {c.kind: _place(c) for c in self.corruptions}
        order = stream(self.seed, "inject", "duplicate places")
        dirty, truth = observe(bench, seed=self.seed, places=places, order=order)
        return like(table, dirty), truth

    def _spoil(self, corruption: Corruption, bench: Workbench) -> None:
        kind = corruption.kind
        rate = self.rates[kind]
        bench.requested[kind] = rate
        before = len(bench.writings)
        corruption.spoil(bench, rate, stream(self.seed, "inject", kind))
        bench.picked[kind] = distinct(*(w.rows for w in bench.writings[before:]))

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
    if kind == "near_boundary":
        known = ALL_CORRUPTIONS["clicks_exceed_impressions"]
        assert isinstance(known, BrokenLaw)
        return BrokenLaw(known.laws, margin="near")
    if kind not in ALL_CORRUPTIONS:
        names = ", ".join([*ALL_CORRUPTIONS, "near_boundary"])
        faults.append(Fault(f"kinds[{at}]", f"{kind!r} is no known kind", f"known: {names}"))
        return None
    return ALL_CORRUPTIONS[kind]


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


def _place(corruption: Corruption) -> str:
    where = getattr(corruption, "where", None)
    return where.says() if where is not None else "by column"


def _as_arrow(table: Any, **read: Unpack[ReadOptions]) -> pa.Table:
    if isinstance(table, str | Path | DatabaseTable):
        with open_table(table, **read) as opened:
            chosen = ", ".join(f"{c.sql} AS {c.raw}" if _lossless(opened, c.name) else c.raw
                               for c in opened.columns.values())  # fmt: skip
            return opened.con.sql(
                f"SELECT {chosen} FROM {opened.relation}"  # noqa: S608 - quoted names
            ).to_arrow_table()
    arrow = to_arrow(table)
    return arrow.rename_columns(unique_names(arrow.column_names))


def _lossless(opened: Any, name: str) -> bool:
    column = opened.columns[name]
    if not column.is_text or column.kind != "number":
        return False
    (lost,) = opened.row(
        f"SELECT count({column.raw}) - count({column.sql}) FROM {opened.relation}"  # noqa: S608
    )
    return bool(lost == 0)
