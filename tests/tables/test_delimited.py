"""The file as an ad platform gave it: every line accounted for, every decision told."""

from __future__ import annotations

import csv
import gzip
import io
import os
import socket
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import campaignkit as ck
from campaignkit.errors import TableError
from campaignkit.show import counted
from campaignkit.tables import OpenTable, ReadOptions, open_table

ROWS = [f"2026-03-{d:02d},Otter Bags,{900 + d},{20 + d},{30.5 + d}" for d in range(1, 21)]
HEADER = "Day,Campaign,Impr.,Clicks,Cost"


def written(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "export.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def assert_whole(table: OpenTable, num_rows: int = len(ROWS)) -> None:
    assert table.lines is not None
    assert table.lines.adds_up
    assert table.num_rows == num_rows
    assert table.own["impressions"] == "Impr."


@pytest.mark.parametrize(
    "above",
    [
        ["Campaign performance"],
        ["Campaign performance", '"1 March 2026 - 20 March 2026"'],
        ["Campaign performance", "1 March 2026, 00:00 - 20 March 2026, 23:59"],
        ["Account:,Otter Shop", "Currency:,EUR", ""],
        ["# made by a robot, on 2026-03-21, at 10:00, for us, all", "#", ""],
        ["Report,,,,", "March,,,,"],
        ["Report,,,,", "Range,1 March,-,20 March,"],
        ["Range,1 March,-,20 March,", "Of,all,our,campaigns,", "By,us,all,"],
        ["", "", ""],
        ["sep=,"],
    ],
)
def test_what_stands_above_the_header_is_skipped_and_told(
    tmp_path: Path, above: list[str]
) -> None:
    with open_table(written(tmp_path, *above, HEADER, *ROWS)) as table:
        assert_whole(table)
        assert f"{counted(len(above), 'line')} above the table" in str(table.notes)
        assert "header=" in str(table.notes)


@pytest.mark.parametrize(
    "below", [["", "©2026 A Corporation."], ["Created by us"], ["", "Date:,21 March", "By:,us"]]
)
def test_notes_below_the_rows_are_skipped_and_told(tmp_path: Path, below: list[str]) -> None:
    with open_table(written(tmp_path, HEADER, *ROWS, *below)) as table:
        assert_whole(table)
        assert "below the table" in str(table.notes)


def test_a_last_row_cut_short_is_no_note(tmp_path: Path) -> None:
    with open_table(written(tmp_path, HEADER, *ROWS, "2026-03-2")) as table:
        assert_whole(table)
        assert table.lines is not None
        assert table.lines.num_refused == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [line.replace(",", delimiter) for line in ["Übersicht", HEADER, *ROWS]]

    with open_table(written(tmp_path, *lines, encoding=encoding)) as table:
        assert_whole(table)
        assert "Übersicht" in str(table.notes)


def test_empty_last_cells_are_no_column(tmp_path: Path) -> None:
    rows = [f"{row}," for row in ROWS]
    for header in (HEADER, f"{HEADER},"):
        with open_table(written(tmp_path, header, *rows)) as table:
            assert_whole(table)
            assert list(table.columns) == HEADER.split(",")

    with open_table(written(tmp_path, f"{HEADER},", *rows, f"{ROWS[0]},late")) as table:
        assert table.rows('SELECT count("column 6") FROM audited') == [(1,)]


def test_a_title_may_have_more_commas_than_the_header(tmp_path: Path) -> None:
    with open_table(written(tmp_path, "a, b, c, d, e and f, for you", HEADER, *ROWS)) as table:
        assert_whole(table)


@pytest.mark.parametrize(
    "titles",
    [["Made,2026-03-21", "By,us", ""], ["By,us", "Made,2026-03-21"], ["Campaign,all", "On,1 May"]],
)
def test_titles_of_two_cells_are_told_from_a_table_of_two_columns(
    tmp_path: Path, titles: list[str]
) -> None:
    rows = [f"2026-03-{d:02d},{900 + d}" for d in range(1, 21)]

    with open_table(written(tmp_path, *titles, "Day,Impr.", *rows)) as table:
        assert_whole(table)


@pytest.mark.parametrize("blank", [[], [""]])
def test_a_first_row_of_words_is_no_header(tmp_path: Path, blank: list[str]) -> None:
    with open_table(written(tmp_path, HEADER, *blank, "x,y,n/a,n/a,n/a", *ROWS)) as table:
        assert_whole(table, len(ROWS) + 1)


def test_a_header_may_name_more_columns_than_rows_have(tmp_path: Path) -> None:
    with open_table(written(tmp_path, f"{HEADER},Conversions", *ROWS)) as table:
        assert_whole(table)
        assert "names 6 columns" in str(table.notes)


def test_spaces_may_stand_before_quotes(tmp_path: Path) -> None:
    rows = [r.replace("Otter Bags,", ' "Otter, Bags",') for r in ROWS]
    with open_table(written(tmp_path, HEADER.replace(",", ", "), *rows)) as table:
        assert_whole(table)


@pytest.mark.parametrize("text", ["Report\nday,clicks", "name\nx, y\nz\nx, y\nz\nx, y\nz"])
def test_small_files_without_a_last_line_end_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")

    with open_table(path) as table:
        assert list(table.columns) in (["day", "clicks"], ["name"])
        assert table.lines is not None
        assert table.lines.num_refused == 0


def test_a_name_may_hold_a_line_break(tmp_path: Path) -> None:
    header = 'Day,Campaign,"Im\npr.",Clicks,Cost'

    with open_table(written(tmp_path, header, *ROWS)) as table:
        assert table.own["impressions"] == "Im pr."
        assert table.lines is not None
        assert table.lines.header == 2


def test_a_file_without_header_keeps_its_first_row(tmp_path: Path) -> None:
    path = written(tmp_path, *ROWS)
    with open_table(path) as table:
        assert table.num_rows == 20
        assert "no header" in str(table.notes)
    with open_table(path, header=HEADER.split(",")) as table:
        assert_whole(table)


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        (["x,y,z,u,v", HEADER, *ROWS], {"header": 2}),
        (["x,y,z,u,v", HEADER, *ROWS], {"skip": 1}),
        ([line.replace(",", "#") for line in (HEADER, *ROWS)], {"delimiter": "#"}),
    ],
)
def test_what_is_decided_can_be_overruled(
    tmp_path: Path, lines: list[str], read: ReadOptions
) -> None:
    with open_table(written(tmp_path, *lines), **read) as table:
        assert_whole(table)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ({"header": 99}, "no line 99"),
        ({"header": ["a", "b"]}, "names 2 columns"),
        ({"encoding": "utf-16-xx"}, "an encoding that Python knows"),
        ({"encoding": "ascii", "delimiter": ";;"}, "one character"),
        ({"columns": {"cost": "spend"}}, "Cost"),
        ({"columns": {"Cost": "money"}}, "no standard name"),
        ({"columns": {"Cost": "spend", "Clicks": "spend"}}, "twice"),
        ({"decimal": "'"}, "'.' or ','"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_words(
    tmp_path: Path, read: ReadOptions, words: str
) -> None:
    with pytest.raises(TableError, match=words):
        open_table(written(tmp_path, HEADER, *ROWS), **read)


def test_a_word_that_is_no_option_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="delimitr"):
        open_table({"a": [1]}, delimitr=";")  # type: ignore[call-arg]


def test_a_column_stands_for_what_its_user_says(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, *ROWS)
    with open_table(path, columns={"Cost": None, "Clicks": "conversions"}) as table:
        assert {"spend", "clicks"}.isdisjoint(table.own)
        assert table.own["conversions"] == "Clicks"


@pytest.mark.parametrize("at", [(3, 15), (0, 1), (5, 6), (2, 19)])
@pytest.mark.parametrize("name", ['"24 inch Otter', '24" Otter', '"24"" Otter'])
def test_stray_quotes_swallow_no_rows(tmp_path: Path, at: tuple[int, int], name: str) -> None:
    rows = [r.replace("Otter Bags", name) if i in at else r for i, r in enumerate(ROWS)]

    with open_table(written(tmp_path, HEADER, *rows)) as table:
        assert_whole(table)
        found = table.rows('SELECT "Impr." FROM audited')

    assert [n for (n,) in found] == [900 + d for d in range(1, 21)]


def test_a_row_whose_quote_is_not_closed_takes_no_row_with_it(tmp_path: Path) -> None:
    rows = [row.replace("Otter Bags", '"Bags, spring"') for row in ROWS]
    rows[7] = rows[7].replace('spring"', "spring")

    with open_table(written(tmp_path, HEADER, *rows)) as table:
        assert_whole(table, len(ROWS) - 1)
        assert table.lines is not None
        assert (table.lines.num_refused, table.lines.refused_lines) == (1, 1)
        assert "line 9: a quote is not closed" in table.lines.refused[0]


def test_a_stray_quote_that_leaves_as_many_cells_by_chance_moves_no_figure(tmp_path: Path) -> None:
    rows = [f'2026-03-{d:02d},Otter Bags,"1,{900 + d}",{20 + d},{30.5 + d}' for d in range(1, 21)]
    rows[4] = '2026-03-05,"24 inch bags,"1,905",25,35.5'

    with open_table(written(tmp_path, HEADER, *rows)) as table:
        assert_whole(table)
        assert table.row(f"SELECT sum({table.sql('impressions')}) FROM audited") == (
            sum(1_900 + d for d in range(1, 21)),
        )
        assert "odd quotes" in str(table.notes)


def test_quotes_behind_backslashes_are_quotes(tmp_path: Path) -> None:
    rows = [r.replace("Otter Bags", r'"say \"hi\", twice"') for r in ROWS]

    with open_table(written(tmp_path, HEADER, *rows)) as table:
        assert_whole(table)
        names = table.rows('SELECT DISTINCT "Campaign" FROM audited')

    assert names == [('say "hi", twice',)]


def test_line_breaks_inside_cells_are_counted(tmp_path: Path) -> None:
    rows = [r.replace("Otter Bags", '"Otter\nBags, the\nnew ones"') for r in ROWS]

    with open_table(written(tmp_path, HEADER, *rows)) as table:
        assert_whole(table)
        assert table.lines is not None
        assert table.lines.inside == 40


MARKS = st.text(st.sampled_from('a1,"\n\\ ;'), max_size=12)


@given(st.data())
def test_rows_read_and_rows_refused_are_the_rows_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever is done to a file's text, each line is read, blank, skipped or refused by name."""
    text = "\n".join([HEADER, *ROWS]) + "\n"
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(len(HEADER) + 1, len(text)))
        text = text[:place] + data.draw(MARKS) + text[place + data.draw(st.integers(0, 3)) :]
    path = tmp_path_factory.mktemp("mangled") / "t.csv"
    path.write_bytes(text.encode())

    with open_table(path, delimiter=",", header=1, summary_rows="keep") as table:
        count = table.lines
        assert count is not None
        assert count.lines == text.count("\n") + (not text.endswith("\n"))
        assert count.adds_up
        assert table.rows(f"SELECT count(*) FROM {table.relation}") == [(count.rows,)]
        assert table.num_rows == count.rows


@given(st.lists(st.lists(st.text(st.sampled_from('xy1,"\n ;é'), max_size=8), min_size=3,
                         max_size=3), min_size=1, max_size=12))  # fmt: skip
def test_what_a_csv_writer_wrote_is_read_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *cells])
    path = tmp_path_factory.mktemp("written") / "t.csv"
    path.write_text(out.getvalue(), encoding="utf-8", newline="")

    with open_table(path, delimiter=",", header=1, summary_rows="keep") as table:
        raws = ", ".join(c.raw for c in table.columns.values() if c.is_text)
        found = table.rows(f"SELECT {raws} FROM audited") if raws else []
        texts = [i for i, c in enumerate(table.columns.values()) if c.is_text]

    assert found == [tuple(row[i] or None for i in texts) for row in cells] or not texts


def test_a_file_may_be_packed(tmp_path: Path) -> None:
    text = "\n".join([HEADER, *ROWS]) + "\n"
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as packed:
        packed.writestr("export.csv", text)
    for name in ("t.csv.gz", "t.zip"):
        with open_table(tmp_path / name) as table:
            assert_whole(table)


def test_packed_files_that_are_damaged_end_in_words(tmp_path: Path) -> None:
    packed = gzip.compress("\n".join([HEADER, *ROWS]).encode())
    (tmp_path / "t.csv.gz").write_bytes(packed[:-20])
    with pytest.raises(TableError, match="read to its end"):
        open_table(tmp_path / "t.csv.gz")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as two:
        two.writestr("a.csv", HEADER)
        two.writestr("b.csv", HEADER)
    with pytest.raises(TableError, match="zip file of 2 files"):
        open_table(tmp_path / "two.zip")


def test_what_is_no_file_ends_in_words_and_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    os.mkfifo(tmp_path / "pipe.parquet")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s.csv"))
        for thing, words in (
            ("/", "folder"), ("/dev/zero", "a device"), (tmp_path / "pipe.csv", "a pipe"),
            (tmp_path / "s.csv", "a socket"), (tmp_path, "folder"),
        ):  # fmt: skip
            with pytest.raises(TableError, match=words):
                open_table(thing)


def test_odd_lines_among_json_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"clicks": 1}\n{"clicks": 2\n\n[3]\n{"clicks": 4}\n', encoding="utf-8")

    with open_table(path) as table:
        assert table.num_rows == 2
        assert table.lines is not None
        assert table.lines.adds_up
        assert [line[:6] for line in table.lines.refused] == ["line 2", "line 4"]


def test_a_cell_beyond_the_sample_keeps_its_column_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaignkit.tables.delimited._CHUNK", 4096)
    monkeypatch.setattr("campaignkit.tables.delimited._STRETCH", 5)
    rows = [f"2026-03-01,x,{i},{i},1.5" for i in range(2000)]
    rows[777] = "2026-03-01,x,none,7,1.5"
    for size in (1 << 20, 0):
        monkeypatch.setattr("campaignkit.tables.loading._IN_MEMORY", size)
        with open_table(written(tmp_path, HEADER, *rows)) as table:
            assert_whole(table, 2000)
            impressions = table.column("impressions")
            assert impressions.is_text
            assert not table.column("clicks").is_text
            assert table.positions(f"{impressions.raw} = 'none'").tolist() == [777]


@pytest.mark.parametrize(
    "odd", [{777: '"24 inch', 790: '"24 inch'}, {777: '"two\nlines"'}, {777: "x,y"}]
)
def test_an_odd_line_beyond_the_sample_is_accounted_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: dict[int, str]
) -> None:
    monkeypatch.setattr("campaignkit.tables.delimited._CHUNK", 4096)
    monkeypatch.setattr("campaignkit.tables.delimited._STRETCH", 5)
    rows = [f"2026-03-01,{odd.get(i, 'x')},{i},{i},1.5" for i in range(2000)]

    with open_table(written(tmp_path, HEADER, *rows)) as table:
        count = table.lines
        assert count is not None
        assert_whole(table, 2000 - count.num_refused)
        assert (count.num_mended, count.inside, count.num_refused) in {
            (2, 0, 0), (0, 1, 0), (0, 0, 1)
        }  # fmt: skip


def test_rows_parted_by_another_separator_are_named(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("day,campaign,clicks\n" + "2026-01-01,a,5\n" * 9 + "2026-01-02;a;6\n" * 2)

    report = ck.audit(path)

    (finding,) = (f for f in report.findings if f.kind == "ragged_rows")
    assert finding.count == 2
    assert "cells are parted by ';' instead of ','" in finding.message


def test_a_note_below_the_table_is_none_the_less_a_note(tmp_path: Path) -> None:
    path = tmp_path / "note.csv"
    path.write_text("day,clicks\n" + "2026-01-01,5\n" * 9 + "Source: ads; exported by Ann\n")

    with open_table(path) as table:
        assert table.num_rows == 9
        assert table.lines is not None
        assert table.lines.footer == ["Source: ads; exported by Ann"]
