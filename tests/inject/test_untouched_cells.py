"""What nobody wrote stays what it was: cells, types, index, column order, to the last bit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from campaignkit.inject import (
    ALL_CORRUPTIONS,
    CategoricalErrors,
    Corruption,
    ErrorInjector,
    GroundTruth,
    MissingValues,
    Outliers,
)

ROWS = 40
BIG = st.integers(2**53, 2**63 - 1)
CELLS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int8(): st.integers(-128, 127),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float32(): st.floats(width=32),
    pa.float64(): st.floats(),
    pa.decimal128(9, 2): st.decimals(Decimal(-9999), Decimal(9999), places=2),
    pa.decimal128(38, 0): st.integers(-(10**37), 10**37).map(Decimal),
    pa.date32(): st.dates(),
    pa.timestamp("us", "Europe/Berlin"): st.datetimes(
        datetime(1980, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)
    ),
    pa.timestamp("ns"): st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1)),
    pa.bool_(): st.booleans(),
    pa.large_string(): st.text(max_size=5),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["a", "b", "C"]),
    pa.binary(): st.binary(max_size=4),
    pa.list_(pa.int64()): st.lists(BIG, max_size=2),
    pa.struct({"x": pa.int64()}): st.fixed_dictionaries({"x": BIG}),
}
KINDS = [
    "missing_values",
    "outliers",
    "categorical_errors",
    "type_changes",
    "duplicate_rows",
    "dropped_columns",
    "clicks_exceed_impressions",
    "negative_metrics",
    "scale_errors",
    "unit_change",
    "mixed_decimals",
    "damaged_identifiers",
    "summary_rows",
]


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A table with the columns that the kinds need, and others of any type beside them."""
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    clicks = rng.integers(1, 50, ROWS)
    columns = {
        "event_date": pa.array([date(2026, 1, 1 + i % 28) for i in range(ROWS)]),
        "campaign_id": pa.array(rng.integers(10**16, 10**17, ROWS)),
        "platform": pa.array(rng.choice(["Meta", "TikTok"], ROWS)).dictionary_encode(),
        "geo": pa.array(rng.choice(["DE", "FR"], ROWS)),
        "impressions": pa.array(clicks * 9, draw(st.sampled_from([pa.int64(), pa.uint16()]))),
        "clicks": pa.array(clicks, draw(st.sampled_from([pa.uint64(), pa.int32()]))),
        "spend": pa.array([Decimal(int(c)) / 7 for c in clicks]).cast(
            draw(st.sampled_from([pa.decimal128(12, 2), pa.float64(), pa.float32()])), safe=False
        ),
    }
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), max_size=4, unique=True))
    for at, kind in enumerate(kinds):
        few = st.lists(st.none() | CELLS[kind], min_size=6, max_size=6)
        column = pa.array((draw(few) * ROWS)[:ROWS], kind)
        columns = {f"x{at} {kind}": column} | columns if at % 2 else columns | {f"x{at}": column}
    return pa.table(columns, metadata={"made by": "a test"})


def same_bits(was: pa.Array, now: pa.Array) -> bool:
    """Equal cells of one type, NaN equal to NaN; a text equal to what it was written from."""
    now = now.cast(was.type)
    if pa.types.is_floating(was.type):
        return bool(was.to_pandas().to_numpy().tobytes() == now.to_pandas().to_numpy().tobytes())
    return bool(was.to_pylist() == now.to_pylist())


def untouched(truth: GroundTruth, column: str) -> np.ndarray[Any, Any]:
    parts = [d.cells[column] for d in truth.defects if column in d.cells]
    return np.setdiff1d(np.arange(truth.num_rows), np.concatenate([[-1], *parts]))


@given(
    clean=tables(),
    kinds=st.lists(st.sampled_from(KINDS), unique=True, min_size=1, max_size=4),
    seed=st.integers(0, 9),
)
def test_what_nobody_wrote_is_the_same_to_the_last_bit(
    clean: pa.Table, kinds: list[str], seed: int
) -> None:
    dirty, truth = ErrorInjector(kinds, rate=0.2, seed=seed).inject(clean)

    gone = truth["dropped_columns"].columns if "dropped_columns" in truth.kinds else ()
    assert dirty.column_names == [c for c in clean.column_names if c not in gone]
    assert dirty.schema.metadata == clean.schema.metadata
    written = {c for d in truth.defects for c in d.cells}
    for name in dirty.column_names:
        rows = untouched(truth, name)
        rows = rows[truth.origin[rows] >= 0]
        was = clean[name].take(pa.array(truth.origin[rows])).combine_chunks()
        now = dirty[name].take(pa.array(rows)).combine_chunks()
        assert same_bits(was, now), name
        if name not in written:
            assert dirty.schema.field(name) == clean.schema.field(name)


@given(clean=tables(), seed=st.integers(0, 9), kinds=st.lists(
    st.sampled_from(KINDS), unique=True, min_size=1, max_size=3))  # fmt: skip
def test_frames_of_pandas_and_polars_are_spoiled_as_arrow_is(
    clean: pa.Table, seed: int, kinds: list[str]
) -> None:
    injector = ErrorInjector(kinds, rate=0.2, seed=seed)
    frame = pl.DataFrame(pl.from_arrow(clean))

    _, truth = injector.inject(clean)
    dirty, same = injector.inject(frame)

    assert [(d.kind, d.rows.tolist()) for d in same.defects] == [
        (d.kind, d.rows.tolist()) for d in truth.defects
    ]
    written = {c for d in truth.defects for c in d.cells}
    for name in set(dirty.columns) - written:
        came = same.origin >= 0
        assert (
            dirty[name]
            .filter(came)
            .equals(
                frame[name].gather(same.origin[came]), check_dtypes="summary_rows" not in kinds
            )
        )
    assert [c for c in frame.columns if c in dirty.columns] == dirty.columns


PANDAS = pd.DataFrame(
    {
        "event_date": pd.date_range("2026-01-01", periods=ROWS, tz="Europe/Berlin"),
        "campaign_id": np.arange(ROWS) + 12021100000000001,
        "platform": pd.Categorical(["Meta", "TikTok"] * (ROWS // 2), ordered=True,
                                   categories=["TikTok", "Meta", "never seen"]),
        "brand": pd.array(["Otter", None] * (ROWS // 2), dtype="string"),
        "impressions": pd.array(np.arange(ROWS) * 9 + 2**53 + 1, dtype="Int64"),
        "clicks": pd.array(np.arange(ROWS) + 2**53 + 1, dtype="int64[pyarrow]"),
        "spend": [Decimal("1.10")] * ROWS,
        "conversions": np.arange(ROWS, dtype=np.int16),
        "anything": pd.Series([{"a": 1}, 2, "x", (1, 2)] * (ROWS // 4), dtype=object),
        7: pd.period_range("2026-01", periods=ROWS, freq="M"),
    },
    index=pd.MultiIndex.from_product([["a", "b"], range(ROWS // 2)], names=["one", None]),
)  # fmt: skip


@pytest.mark.parametrize("kind", ["missing_values", "outliers", "categorical_errors",
                                  "negative_metrics", "clicks_exceed_impressions"])  # fmt: skip
def test_a_pandas_frame_keeps_its_index_and_dtypes(kind: str) -> None:
    dirty, truth = ErrorInjector([kind], rate=0.1).inject(PANDAS)

    assert dirty.index.equals(PANDAS.index)
    assert dirty.columns.equals(PANDAS.columns)
    written = {c for d in truth.defects for c in d.cells}
    for at, name in enumerate(PANDAS.columns):
        rows = untouched(truth, str(name))
        pd.testing.assert_series_equal(
            dirty.iloc[rows, at], PANDAS.iloc[rows, at],
            check_dtype=str(name) not in written, check_categorical=str(name) not in written,
        )  # fmt: skip
        if isinstance(PANDAS.dtypes.iloc[at], pd.CategoricalDtype):
            assert list(dirty.iloc[:, at].cat.categories)[:3] == ["TikTok", "Meta", "never seen"]
        elif name != "conversions":  # whole numbers of numpy cannot be null
            assert dirty.dtypes.iloc[at] == PANDAS.dtypes.iloc[at]


def test_seventeen_digits_survive_where_others_go_missing() -> None:
    frame = pd.DataFrame({"ad": [12021100000000001 + i for i in range(50)]})

    dirty, truth = ErrorInjector([MissingValues(("ad",))], rate=0.1).inject(frame)

    changed = dirty.ad.isna() | (dirty.ad != frame.ad)
    assert (np.flatnonzero(changed).tolist(), len(truth["missing_values"].rows)) == (
        truth["missing_values"].rows.tolist(), 5,
    )  # fmt: skip


def test_copies_of_rows_keep_their_label_and_a_plain_index_is_numbered_on() -> None:
    plain = PANDAS.reset_index(drop=True)

    one, truth = ErrorInjector(["duplicate_rows"], rate=0.1).inject(PANDAS)
    two, _ = ErrorInjector(["duplicate_rows"], rate=0.1).inject(plain)

    assert one.index.equals(PANDAS.index.take(truth.origin))
    assert two.index.equals(pd.RangeIndex(44))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), two)


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["Meta", "TikTok", "X"]), pl.String])
@pytest.mark.parametrize("corruption", ALL_CORRUPTIONS.values(), ids=lambda c: c.kind)
def test_every_kind_takes_polars_categoricals(corruption: Corruption, dtype: Any) -> None:
    frame = pl.DataFrame(FUNNEL).with_columns(pl.col("platform", "geo", "device").cast(dtype))

    dirty, truth = ErrorInjector([corruption], rate=0.2).inject(frame)

    assert truth.kinds == (corruption.kind,)
    if "platform" not in truth[corruption.kind].columns:
        assert dirty.schema["platform"] == frame.schema["platform"]


FUNNEL = {
    "event_date": [date(2026, 1, 1 + i % 28) for i in range(ROWS)],
    "campaign_id": [12021100000000001 + i % 4 for i in range(ROWS)],
    "platform": ["Meta", "TikTok"] * (ROWS // 2),
    "geo": ["Meta", "X"] * (ROWS // 2),
    "device": ["TikTok", "X"] * (ROWS // 2),
    **{
        name: [100 * (9 - at) + i for i in range(ROWS)]
        for at, name in enumerate(("impressions", "clicks", "landing_page_views", "add_to_cart",
                                   "purchases", "conversions", "video_plays",
                                   "video_completions"))
    },
    "spend": [1.25 * i + 1 for i in range(ROWS)],
}  # fmt: skip


def test_new_words_go_behind_those_of_a_categorical_or_enum() -> None:
    words = ["Meta", "TikTok", "X"]
    frame = pl.DataFrame({"platform": pl.Series(words * 20, dtype=pl.Enum(words))})

    dirty, truth = ErrorInjector([CategoricalErrors(("platform",))], rate=0.2).inject(frame)

    dtype = dirty.schema["platform"]
    assert isinstance(dtype, pl.Enum)
    assert dtype.categories.to_list()[:3] == words
    assert set(dirty["platform"].gather(truth["categorical_errors"].rows)).isdisjoint(words)


def test_a_lazy_frame_is_collected_once() -> None:
    calls: list[int] = []

    def count(frame: pl.DataFrame) -> pl.DataFrame:
        calls.append(1)
        return frame

    lazy = pl.DataFrame(FUNNEL).lazy().map_batches(count)

    dirty, _ = ErrorInjector(["outliers"]).inject(lazy)

    assert (isinstance(dirty, pl.LazyFrame), len(calls)) == (True, 1)


def test_a_fault_that_a_type_cannot_hold_takes_the_next_wider_one() -> None:
    small = pa.table({"clicks": pa.array([1, 2, 3, 4], pa.uint8())})

    dirty, _ = ErrorInjector([Outliers(("clicks",))], rate=0.5).inject(small)
    negative, _ = ErrorInjector(["negative_metrics"], rate=0.5).inject(small)

    assert (dirty["clicks"].type, negative["clicks"].type) == (pa.int64(), pa.int64())


@pytest.mark.parametrize("kind", ["categorical_errors", "summary_rows", "duplicate_rows"])
def test_numbers_of_128_bits_and_records_stay_what_they_are(kind: str) -> None:
    big = pl.Series([2**100 + i for i in range(ROWS)], dtype=pl.Int128)
    frame = pl.DataFrame({"clicks": range(ROWS), "big": big, "more": [{"a": 1}] * ROWS})

    dirty, truth = ErrorInjector([kind], rate=0.1).inject(frame)

    rows = untouched(truth, "big")
    rows = rows[truth.origin[rows] >= 0]
    kept = dirty["big"].gather(rows)
    assert kept.cast(pl.Int128).equals(frame["big"].gather(truth.origin[rows]))
    assert dirty.schema["more"] == frame.schema["more"]
