"""A table with a row per campaign becomes a catalogue; what is no attribute is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import campaignkit as ck
from campaignkit.catalogue import CellsNotDivided, ColumnsLeftOut, ReadingDecided, read_wide
from campaignkit.errors import CatalogueError, TableError

ROWS: dict[str, list[Any]] = {
    "date": ["2026-03-01", "2026-03-02", "2026-03-03"],
    "campaign": ["c1", "c2", "c3"],
    "brand": ["Nike", "Puma", None],
    "audience": ["Runners, Parents", "Parents", "Runners"],
    "is_video": [True, False, True],
    "impressions": [900, 800, 700],
    "bid": [0.5, 0.7, 0.6],
}


@pytest.mark.parametrize("made", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_modalities_are_found_and_the_other_columns_named(made: Any) -> None:
    with pytest.warns(ColumnsLeftOut) as caught:
        catalogue = ck.Catalogue.from_campaigns(made(ROWS))

    assert {m: [a.value for a in catalogue.of(m)] for m in catalogue.modalities} == {
        "brand": ["Nike", "Puma"],
        "audience": ["Runners", "Parents"],
        "is_video": ["yes", "no"],
    }
    (told,) = (str(w.message) for w in caught)
    for name in ("date", "campaign", "impressions", "bid"):
        assert f"{name} contains" in told or f"{name} names" in told


@pytest.mark.parametrize("num_words", [4, 9])
def test_notes_are_left_out_by_name_though_some_repeat(num_words: int) -> None:
    notes = [" ".join([f"remark{i % 60}", *["more"] * (num_words - 1)]) for i in range(100)]
    frame = pd.DataFrame({"brand": ["Nike", "Puma"] * 50, "notes": notes,
                          "audience": [f"Women of age {i % 40}" for i in range(100)]})  # fmt: skip

    with pytest.warns(ColumnsLeftOut, match=r"notes contains free text \(60 different texts in 1"):
        catalogue = ck.Catalogue.from_campaigns(frame)

    assert catalogue.modalities == ("brand", "audience")
    assert len(ck.Catalogue.from_campaigns(frame, keep=["notes"]).of("notes")) == 60


def test_list_cells_are_values_and_a_separator_of_none_takes_cells_whole() -> None:
    lists = pl.DataFrame({"geo": [["Peru", "Chile"], [], None]})
    whole = pd.DataFrame({"geo": ["Paris, Texas"]})

    assert read_wide(lists).columns == {"geo": [("Peru", "Chile"), (), ()]}
    assert read_wide(whole, separator=None).columns == {"geo": [("Paris, Texas",)]}


def test_a_column_of_free_text_is_refused_by_name_and_can_be_kept_or_left_out() -> None:
    frame = pd.DataFrame({
        "brand": ["Nike", "Puma"] * 50,
        "headline": [f"headline {i}" for i in range(100)],
    })  # fmt: skip

    with pytest.raises(CatalogueError, match="headline: 100 different values in 100"):
        ck.Catalogue.from_campaigns(frame)
    assert ck.Catalogue.from_campaigns(frame, leave_out=["headline"]).modalities == ("brand",)
    assert len(ck.Catalogue.from_campaigns(frame, keep=["headline"])) == 102


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ([{"brand": "Nike"}], "list cannot be read"),
        (pd.DataFrame({"clicks": [1]}), "no column contains attributes: clicks contains measures"),
        (pd.DataFrame(), "the frame has no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "cannot be read"),
    ],
)
def test_what_is_no_table_of_campaigns_ends_in_words(frame: Any, words: str) -> None:
    with pytest.raises(CatalogueError, match=words):
        ck.Catalogue.from_campaigns(frame)


def test_a_named_column_that_is_not_there_is_told_with_the_nearest() -> None:
    frame = pd.DataFrame({"brand": ["Nike"], "CTR": [0.1]})

    with pytest.raises(CatalogueError, match=r"no column 'lable'(?s:.*)its columns are brand"):
        ck.Catalogue.from_campaigns(frame, leave_out=["lable"])
    with pytest.raises(CatalogueError, match=r"no column 'ctr'(?s:.*)did you mean 'CTR'"):
        ck.Catalogue.from_campaigns(frame, leave_out=["ctr"])


def test_files_dicts_and_opened_tables_are_read_with_numbers_as_people_write_them(
    tmp_path: Path,
) -> None:
    lines = ["Marke;Zielgruppe;CTR", "Nike;Läufer, Eltern;1,5 %", "Puma;Eltern;0,25 %",
             "Gesamt;;1,75 %", "Puma;zu kurz"]  # fmt: skip
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    columns = {"Marke": ["Nike", "Puma"], "CTR": ["1,5 %", "0,25 %"]}

    with pytest.warns(ReadingDecided, match=r"(?s)not be read, first line 5.*sums up others"):
        told = read_wide(path, leave_out=["CTR"])

    assert told.columns == {"Marke": [("Nike",), ("Puma",)],
                            "Zielgruppe": [("Läufer", "Eltern"), ("Eltern",)]}  # fmt: skip
    assert told.cells("CTR") == [1.5, 0.25]
    with pytest.warns(ReadingDecided, match="'CTR' in %"):
        assert read_wide(columns, leave_out=["CTR"]).cells("CTR") == [1.5, 0.25]
    with ck.tables.open_table(pd.DataFrame(columns)) as opened:
        assert read_wide(opened, leave_out=["CTR"]).cells("CTR") == [1.5, 0.25]
    with pytest.raises(TableError, match="does not exist"):
        read_wide(tmp_path / "nowhere.csv")


@pytest.mark.filterwarnings("ignore::campaignkit.catalogue.ColumnsLeftOut")
def test_groups_are_columns_labels_are_no_attributes_and_names_lose_their_spaces() -> None:
    rows = pd.DataFrame({" brand ": ["Nike", "Puma"], "geo": "Peru", "label": "pos", "ctr": 0.1})

    assert ck.Catalogue.from_campaigns(rows).modalities == ("brand", "geo")
    assert ck.Catalogue.from_campaigns(rows.groupby([" brand ", "geo"])[["ctr"]].sum()).modalities
    assert read_wide(rows, leave_out=["brand"]).columns == {"geo": [("Peru",)] * 2}


def test_each_form_of_a_frame_leads_to_the_door_that_reads_it() -> None:
    wide = pd.DataFrame({"brand": ["Nike"], "geo": ["Peru"]})
    long = pd.DataFrame({"modality": ["brand"], "value": ["Nike"]})

    with pytest.raises(CatalogueError, match=r"Catalogue\.from_campaigns reads a table"):
        ck.Catalogue.from_frame(wide)
    with pytest.raises(CatalogueError, match=r"Catalogue\.from_frame reads it"):
        ck.Catalogue.from_campaigns(long)


def test_cells_that_another_mark_divides_are_named_with_it() -> None:
    frame = pd.DataFrame({"geo": ["Peru; Chile", "Chile", "Peru"], "brand": ["A", "B", "A"]})

    with pytest.warns(CellsNotDivided, match="many cells of geo have ';'"):
        ck.Catalogue.from_campaigns(frame)
    assert not read_wide(frame, separator=None).undivided
    assert read_wide(frame, separator=";").columns["geo"] == [("Peru", "Chile"), ("Chile",),
                                                             ("Peru",)]  # fmt: skip
