"""The door for Parquet: columns that are not campaigns are named."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaignkit.dataset import CampaignDataset
from campaignkit.errors import DatasetError

LISTS = pa.list_(pa.string())
FAULTS = {
    "no label": ({"geo": pa.array([["Peru"]], LISTS)}, "there is no 'label'"),
    "no modality": ({"label": ["pos"]}, "there is no modality"),
    "label is a number": (
        {"geo": pa.array([["Peru"]], LISTS), "label": [1]},
        "is int64; expected",
    ),
    "values are plain texts": (
        {"geo": ["Peru"], "label": ["pos"]},
        "column 'geo': is string; expected lists of texts",
    ),
    "values are numbers": ({"geo": [[1]], "label": ["pos"]}, "expected lists of texts"),
    "a null list": (
        {"geo": pa.array([None], LISTS), "label": ["pos"]},
        "column 'geo': contains 1 nulls (write an empty list)",
    ),
    "a null value": ({"geo": [["Peru", None]], "label": ["pos"]}, "contains 1 nulls (drop them)"),
    "a null label": (
        {"geo": [["Peru"]] * 2, "label": ["pos", None]},
        "column 'label': contains 1 nulls (label every row)",
    ),
    "a value twice": (
        {"geo": [[], ["Peru", "Peru"]], "label": ["pos", "pos"]},
        "row 1: 'geo' contains 'Peru' twice",
    ),
    "a blank value": ({"geo": [[" "]], "label": ["pos"]}, "contains a value that is blank"),
    "a blank label": ({"geo": [["Peru"]], "label": [""]}, "contains a label that is blank"),
    "a blank modality": ({" ": [["Peru"]], "label": ["pos"]}, "has a name that is blank"),
    "too many labels": (
        {"geo": [["Peru"]] * 257, "label": [str(i) for i in range(257)]},
        "contains more than 256 labels",
    ),
    "no rows": ({"geo": pa.array([], LISTS), "label": pa.array([], pa.string())}, "no campaign"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_column_that_is_not_one_is_named(tmp_path: Path, name: str) -> None:
    columns, told = FAULTS[name]
    pq.write_table(pa.table(columns), tmp_path / "bad.parquet")

    with pytest.raises(DatasetError) as caught:
        CampaignDataset.read(tmp_path / "bad.parquet")

    assert told in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"x" * 1000, b"PAR1" + b"\0" * 99 + b"PAR1"])
def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.parquet").write_bytes(data)

    with pytest.raises(DatasetError, match="is not a Parquet file that can be read"):
        CampaignDataset.read(tmp_path / "bad.parquet")


def test_plain_columns_of_other_writers_are_read(tmp_path: Path) -> None:
    import polars as pl

    frame = pl.DataFrame(
        {"label": ["neg", "pos"], "geo": [["Peru", "Chile"], []], "a": [["x"]] * 2}
    )
    frame.write_parquet(tmp_path / "rows.parquet")

    dataset = CampaignDataset.read(tmp_path / "rows.parquet")

    assert [campaign.to_dict() for campaign in dataset] == [
        {"a": ["x"], "geo": ["Chile", "Peru"], "label": "neg"},
        {"a": ["x"], "geo": [], "label": "pos"},
    ]
    assert dataset.label_names == ("neg", "pos")
