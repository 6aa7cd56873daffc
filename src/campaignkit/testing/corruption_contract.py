"""The contract of :class:`campaignkit.inject.Corruption`, for ours and for yours."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    import pyarrow as pa

    from campaignkit.inject import Corruption


@contract
def check_corruption(
    corruption: Corruption, *, table: pa.Table | None = None, rate: float = 0.1
) -> None:
    """Test a corruption against its contract; raises `AssertionError` on the first breach.

    It must: leave the input as it was; corrupt the same cells for the same seed and others for
    another; choose its rows whether or not other kinds are injected; report a realised rate near
    the one asked for; and record exactly the cells that differ.

    Parameters
    ----------
    corruption : Corruption
        The one under test.
    table : pyarrow.Table or None
        A clean table it applies to; None: a synthetic one of 2,000 rows whose ads have numbers of
        18 digits.
    rate : float
        In (0, 0.5].

    Examples
    --------
    >>> from campaignkit.inject import Outliers
    >>> check_corruption(Outliers())
    """
    from campaignkit.inject import ErrorInjector
    from campaignkit.tables import synthetic_table

    assert_offers(corruption, "corruption", "kind", "stage", "unit", "implies", "check", "spoil")
    clean = table if table is not None else _with_numbered_ads(synthetic_table(2000, seed=11))
    before = clean.slice(0)
    kind = corruption.kind
    dirty, truth = ErrorInjector([corruption], rate=rate, seed=5).inject(clean)
    assert clean.equals(before), f"{kind} changed its input"
    again, same = ErrorInjector([corruption], rate=rate, seed=5).inject(clean)
    assert dirty.equals(again), f"{kind} is not the same for the same seed"
    assert truth.kinds == (kind,), f"{kind} left no trace that can be seen: {truth.kinds}"
    defect = truth[kind]
    assert same[kind].count == defect.count
    assert 0.4 * rate <= defect.realised <= 1.6 * rate + 0.06, (
        f"{kind} realised {defect.realised:.3f} of {rate}"
    )
    _check_difference(clean, dirty, truth)
    _check_independence(corruption, clean, rate=rate)


def _with_numbered_ads(table: pa.Table) -> pa.Table:
    at = table.column_names.index("ad_creative_id")
    numbers = table.column(at).combine_chunks().dictionary_encode().indices.to_pylist()
    return table.set_column(at, "ad_creative_id", [[120211000000000000 + n for n in numbers]])


def _check_difference(clean: pa.Table, dirty: pa.Table, truth: object) -> None:
    from campaignkit.inject import GroundTruth

    assert isinstance(truth, GroundTruth)
    recorded = {
        (column, int(row))
        for defect in truth.defects
        for column, rows in defect.cells.items()
        for row in rows
    }
    origin = truth.origin.tolist()
    seen = set()
    for name in dirty.column_names:
        old = clean.column(name).to_pylist()
        new = dirty.column(name).to_pylist()
        retyped = clean.schema.field(name).type != dirty.schema.field(name).type
        for row, (value, source) in enumerate(zip(new, origin, strict=True)):
            if source < 0:
                continue  # a row that was not there: all of it is the fault
            was = old[source]
            if value != was and not (retyped and _same_text(value, was)):
                seen.add((name, row))
    assert seen == recorded, (
        f"{len(seen - recorded)} differing cells are not in the truth, "
        f"{len(recorded - seen)} cells of the truth do not differ"
    )


def _same_text(text: object, was: object) -> bool:
    """Whether a cell of a column that became text still holds its value: ``12`` for ``12.0``."""
    if isinstance(was, float):
        try:
            return float(str(text)) == was
        except ValueError:
            return False
    if isinstance(was, date):  # a moment at midnight may be written as its day
        return str(was).startswith(str(text))
    return was is not None and str(was) == str(text)


def _check_independence(corruption: Corruption, clean: pa.Table, *, rate: float) -> None:
    from campaignkit.distinct import distinct
    from campaignkit.inject import ErrorInjector
    from campaignkit.inject.workbench import Workbench
    from campaignkit.seeds import stream

    other = "negative_metrics" if corruption.kind != "negative_metrics" else "outliers"
    alone, beside = Workbench(clean), Workbench(clean)
    first = ErrorInjector([other], rate=rate, seed=5).corruptions[0]
    first.spoil(beside, rate, stream(5, "inject", other))
    kind = corruption.kind
    for bench in (alone, beside):
        corruption.spoil(bench, rate, stream(5, "inject", kind))
    # A need that has to be made first may touch a column more; the rows stay the same.
    one, two = (distinct(*bench.picked.get(kind, [])).tolist() for bench in (alone, beside))
    assert one == two, f"{kind} chose other rows together with {other}"
    one, two = ([a.num for a in bench.added] for bench in (alone, beside))
    assert (one, alone.dropped) == (two, beside.dropped), (
        f"{kind} did other things together with {other}"
    )
