"""The data set: records, frames, selections and equality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import strategies
from campaignkit.dataset import Block, Campaign, CampaignDataset, Provenance, Vocabulary
from campaignkit.errors import CampaignkitError, DatasetError

VOCABULARY = Vocabulary.of([("brand", "<b>"), ("geo", "Chile"), ("geo", "Peru")])
DATASET = CampaignDataset(
    Block.of_rows([[0, 1, 2], [0], [1]], labels=[0, 1, 1]),
    VOCABULARY,
    ["pos", "neg"],
    provenance=Provenance(seed=7, quality={"mode": "rejection"}),
)


def test_a_campaign_groups_its_values_by_modality() -> None:
    assert DATASET[0] == Campaign({"brand": ("<b>",), "geo": ("Chile", "Peru")}, "pos")
    assert DATASET[-1].to_dict() == {"brand": [], "geo": ["Chile"], "label": "neg"}
    assert len({*DATASET, *DATASET}) == 3


def test_positions_outside_are_errors() -> None:
    with pytest.raises(IndexError):
        DATASET[3]
    with pytest.raises(IndexError):
        DATASET[-4]


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_a_frame_holds_the_records(backend: str) -> None:
    frame = DATASET.to_frame(backend=backend)

    if backend == "pandas":
        records = frame.to_dict("records")
    else:
        records = frame.to_dicts() if backend == "polars" else frame.to_pylist()

    assert records == [campaign.to_dict() for campaign in DATASET]


@settings(max_examples=25)
@given(strategies.datasets())
def test_frames_of_any_data_set_hold_its_records(dataset: CampaignDataset) -> None:
    records = [campaign.to_dict() for campaign in dataset]

    assert dataset.to_frame(backend="polars").to_dicts() == records
    assert dataset.to_frame(backend="pandas").to_dict("records") == records


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(DatasetError, match="expected one of pandas, polars, pyarrow"):
        DATASET.to_frame(backend="excel")


def test_a_selection_says_what_it_is_and_drops_the_samplers_report() -> None:
    part = DATASET.select([2, -3])

    assert [campaign.label for campaign in part] == ["neg", "pos"]
    assert part.provenance.steps == ("select: 2 rows",)
    assert (part.provenance.seed, part.provenance.quality) == (7, {})
    assert DATASET.select(DATASET.labels == "neg").label_counts == {"pos": 0, "neg": 2}
    assert DATASET[1:] == DATASET.select([1, 2])
    assert len(DATASET.select([])) == 0


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([3], "expected -3 to 2"),
        ([True, False], "expected \\(3,\\)"),
        ([0.5], "not a list of positions"),
        ([[0]], "not a list of positions"),
    ],
)
def test_a_selection_that_is_none_is_refused(rows: object, error: str) -> None:
    with pytest.raises(DatasetError, match=error):
        DATASET.select(np.array(rows))


def test_equality_is_about_campaigns_not_about_codes() -> None:
    wider = Vocabulary.of([*VOCABULARY.keys, ("geo", "Bolivia")])
    rows = [[0, 2, 3], [0], [2]]
    same = CampaignDataset(Block.of_rows(rows, labels=[2, 1, 1]), wider, ["x", "neg", "pos"])
    other = CampaignDataset(Block.of_rows(rows, labels=[1, 1, 1]), wider, ["x", "neg", "pos"])

    assert same == DATASET
    assert other != DATASET
    assert DATASET[:2] != DATASET
    assert DATASET.select([0, 1, 1]) != DATASET
    assert DATASET != "a data set"


def test_html_is_escaped() -> None:
    html = DATASET._repr_html_()

    assert "&lt;b&gt;" in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ((("geo", "Peru"), ("geo", "Chile")), "code-point order"),
        ((("geo", "Peru"), ("geo", "Peru")), "twice"),
        ((("label", "pos"),), "called 'label'"),
    ],
)
def test_a_vocabulary_is_sorted_and_without_repeats(
    keys: tuple[tuple[str, str], ...], error: str
) -> None:
    with pytest.raises(CampaignkitError, match=error):
        Vocabulary(keys)


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ([], "at least one"),
        (["a", "a"], "twice"),
        ([" "], "not a text"),
        ([f"{i}" for i in range(257)], "at most 256"),
    ],
)
def test_label_names_are_few_and_different(names: list[str], error: str) -> None:
    with pytest.raises(DatasetError, match=error):
        CampaignDataset(Block.empty(), VOCABULARY, names)


def test_a_block_of_another_vocabulary_is_refused() -> None:
    with pytest.raises(DatasetError, match="node codes run from 3 to 3; expected 0 to 2"):
        CampaignDataset(Block.of_rows([[3]], labels=[0]), VOCABULARY, ["pos"])
