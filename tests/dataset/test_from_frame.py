"""Campaigns with labels or results become a data set; thin rows are no extremes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import campaignkit as ck
from campaignkit.catalogue import ColumnsLeftOut
from campaignkit.dataset import RowsLeftOut
from campaignkit.errors import DatasetError

pytestmark = pytest.mark.filterwarnings("ignore::campaignkit.catalogue.ColumnsLeftOut")


def test_labels_of_a_frame_are_those_of_the_data_set() -> None:
    frame = pd.DataFrame({
        "brand": ["Nike", "Puma", "Nike"], "geo": ["Peru, Chile", "Peru", None],
        "label": ["pos", "neg", "avg"], "spend": [1.0, 2.0, 3.0],
    })  # fmt: skip

    with pytest.warns(ColumnsLeftOut, match="spend contains measures"):
        dataset = ck.CampaignDataset.from_frame(frame)

    assert dataset.label_names == ("neg", "avg", "pos")
    assert dataset.labels.tolist() == ["pos", "neg", "avg"]
    assert dataset[0].attributes == {"brand": ("Nike",), "geo": ("Chile", "Peru")}


def test_an_outcome_is_cut_at_its_quantiles_and_costs_the_other_way_round() -> None:
    frame = pd.DataFrame({"brand": ["Nike", "Puma"] * 6, "cpc": np.arange(12.0)})

    up = ck.CampaignDataset.from_frame(frame, outcome="cpc")
    down = ck.CampaignDataset.from_frame(frame, outcome="cpc", higher_is_better=False)

    assert up.label_counts == down.label_counts == {"neg": 4, "avg": 4, "pos": 4}
    assert up.labels.tolist() == down.labels.tolist()[::-1]


def test_rows_of_little_exposure_are_no_extremes() -> None:
    rng = np.random.default_rng(3)
    shown = rng.choice([15, 30_000], 3_000)
    rate = rng.binomial(shown, rng.beta(30, 1_500, 3_000)) / shown
    frame = pd.DataFrame({"brand": ["Nike", "Puma"] * 1_500, "ctr": rate, "impressions": shown})

    plain = ck.CampaignDataset.from_frame(frame, outcome="ctr", quantiles=(0.1, 0.9))
    shrunk = ck.CampaignDataset.from_frame(
        frame, outcome="ctr", exposure="impressions", quantiles=(0.1, 0.9)
    )

    thin = shown == 15
    assert (plain.labels[thin] != "avg").mean() > 0.7
    assert (shrunk.labels[thin] != "avg").mean() < 0.05
    assert (shrunk.labels == "pos").mean() == pytest.approx(0.1, abs=0.01)


def test_rows_without_an_outcome_are_counted_and_left_out() -> None:
    frame = pd.DataFrame({
        "brand": ["Nike", "Puma", "Nike", None, "Puma"], "ctr": [0.1, np.nan, 0.2, 0.3, 0.4],
        "impressions": [10, 0, 0, 10, 10],
    })  # fmt: skip

    with pytest.warns(RowsLeftOut, match="3 of 5 rows have no ctr or no impressions"):
        dataset = ck.CampaignDataset.from_frame(
            frame, outcome="ctr", exposure="impressions", quantiles=[0.5], labels=["low", "high"]
        )

    assert dataset.labels.tolist() == ["low", "high"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"label": "label", "outcome": "ctr"}, "both label='label' and outcome='ctr'"),
        ({"label": "brand_name"}, "no column 'brand_name'"),
        ({"label": "note"}, r"2 of 4 rows have no note(?s:.*)another column than label='note'"),
        ({"outcome": "ctr", "quantiles": [0.7, 0.2]}, "quantiles"),
        ({"outcome": "ctr", "labels": ["low", "high"]}, "labels"),
        ({"outcome": "same"}, "too alike to be cut"),
        ({"outcome": "note"}, r"2 cells of note are not numbers(?s:.*)name a column of numbers"),
        ({"outcome": "ctr", "exposure": "below"}, "below is -1 in row 0"),
    ],
)
def test_what_cannot_be_labelled_ends_in_words(told: dict[str, object], words: str) -> None:
    frame = pd.DataFrame({
        "brand": ["Nike", "Puma"] * 2, "label": ["a", "b"] * 2, "note": ["x", None, "y", None],
        "ctr": [0.1, 0.2, 0.3, 0.4], "same": [1.0] * 4, "below": [-1.0, 1, 1, 1],
    })  # fmt: skip

    with pytest.raises(ck.errors.CampaignkitError, match=words):
        ck.CampaignDataset.from_frame(frame, **told)  # type: ignore[arg-type]


def test_a_frame_without_a_label_names_the_option() -> None:
    with pytest.raises(ck.errors.CampaignkitError, match="no column 'label'"):
        ck.CampaignDataset.from_frame(pd.DataFrame({"brand": ["Nike"]}))
    assert issubclass(DatasetError, ck.errors.CampaignkitError)


def test_a_data_set_tells_how_many_attributes_its_campaigns_have() -> None:
    frame = pd.DataFrame({"brand": ["Nike", "Puma"], "geo": ["Peru, Chile", None], "label": "a"})

    dataset = ck.CampaignDataset.from_frame(frame)

    assert dataset.type_ranges == {"brand": (1, 1), "geo": (0, 2)}
    assert dataset.select([1]).type_ranges == {"brand": (1, 1), "geo": (0, 0)}
    assert dataset.select([]).type_ranges == {"brand": (0, 0), "geo": (0, 0)}


def test_planned_campaigns_are_read_without_labels_and_predicted(tmp_path: Path) -> None:
    known = pd.DataFrame({"brand": ["Nike", "Puma"] * 20, "label": ["pos", "neg"] * 20})
    clf = ck.OneHotLogistic().fit(ck.CampaignDataset.from_frame(known))
    place = tmp_path / "plan.csv"
    place.write_text("brand,spend\nPuma,1\nNike,2\n", encoding="utf-8")

    with pytest.warns(ColumnsLeftOut, match="spend"):
        plan = ck.dataset.read_campaigns(place)

    assert plan == [{"brand": ("Puma",)}, {"brand": ("Nike",)}]
    assert clf.predict(plan).tolist() == ["neg", "pos"]
    with pytest.raises(DatasetError, match=r"read_campaigns\(path\)"):
        clf.predict(str(place))


def test_a_file_whose_outcome_is_text_is_not_sent_to_the_door_that_read_it(tmp_path: Path) -> None:
    place = tmp_path / "results.csv"
    place.write_text("brand,note\nPuma,good\nNike,fair\n", encoding="utf-8")

    with pytest.raises(DatasetError) as caught:
        ck.CampaignDataset.from_frame(place, outcome="note")

    assert "name a column of numbers" in str(caught.value)
    assert "open_table" not in str(caught.value)
