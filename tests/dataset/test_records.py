"""Campaigns are read from whoever holds them, and what cannot be read is said with its place."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given

import strategies
from campaignkit.dataset import CampaignDataset
from campaignkit.dataset.records import read_records
from campaignkit.errors import DatasetError


def _sets(rows: object) -> list[set[tuple[str, str]]]:
    found = read_records(rows)
    keys = found.vocabulary.keys
    return [{keys[n] for n in found.block.row(i).tolist()} for i in range(len(found.block))]


@given(strategies.datasets())
def test_a_data_set_its_campaigns_and_its_records_say_the_same(dataset: CampaignDataset) -> None:
    expected = _sets(dataset)

    assert _sets(list(dataset)) == expected
    assert _sets([campaign.to_dict() for campaign in dataset]) == expected


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_of_lists_say_the_same_as_records(backend: str) -> None:
    pytest.importorskip(backend)
    rows = [{"brand": ["Nike"], "geo": ["Chile", "Peru"]}, {"brand": ["Puma"], "geo": []}]
    found = read_records(rows)
    frame = CampaignDataset(found.block, found.vocabulary, ["x"]).to_frame(backend=backend)

    assert _sets(frame) == _sets(rows)


def test_frames_of_single_values_and_missing_cells_are_read() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"brand": ["Nike", None], "geo": [10001, 94110], "label": ["pos", "neg"]})

    assert _sets(frame) == [{("brand", "Nike"), ("geo", "10001")}, {("geo", "94110")}]


def test_values_may_come_alone_in_lists_tuples_sets_and_arrays() -> None:
    rows = [{"geo": "a"}, {"geo": ("a",)}, {"geo": {"a"}}, {"geo": np.array(["a"])}]

    assert _sets(rows) == [{("geo", "a")}] * 4


def test_every_fault_comes_with_its_row_and_modality() -> None:
    rows = [{"geo": [" a", "b"]}, {"geo": 1.5}, {"geo": ["c", "c"]}, {1: "x"}, "nonsense"]

    with pytest.raises(DatasetError) as caught:
        read_records(rows)

    assert sorted(fault.where for fault in caught.value.faults) == [
        "row 0.geo", "row 1.geo", "row 2.geo", "row 3", "row 4",
    ]  # fmt: skip


def test_a_column_of_no_texts_is_one_fault_with_what_to_do() -> None:
    rows = [{"spend": 1.5 + i, "won": True, "day": date(2026, 1, 1 + i)} for i in range(20)]

    with pytest.raises(DatasetError) as caught:
        read_records(rows)

    assert [fault.where for fault in caught.value.faults] == [
        "row 0.spend", "row 0.won", "row 0.day",
    ]  # fmt: skip
    assert "contains float 1.5, and 19 values more of that type" in str(caught.value)
    assert "cut numbers and dates into bands, or leave the column out" in str(caught.value)


def test_a_separator_that_is_no_text_is_refused() -> None:
    with pytest.raises(DatasetError, match="separator is 5; expected text"):
        read_records([{"geo": "a"}], separator=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("records", [None, "text", b"bytes", {"brand": "Nike"}, 7])
def test_what_holds_no_rows_is_refused_with_what_would_do(records: object) -> None:
    with pytest.raises(DatasetError, match="expected one per row"):
        read_records(records)
