"""Between columns that contradict each other the fewest cells are blamed that explain it all."""

from __future__ import annotations

import doctest

import numpy as np
from hypothesis import given, strategies as st

import campaignkit as ck
from campaignkit.auditing import blame, words
from campaignkit.auditing.blame import Contradiction, blamed_cells
from campaignkit.auditing.checks.spelling import misspelt

COLUMNS = ("dest", "airport", "zone", "distance")


def contradiction(decides: str, follows: str, *rows: int) -> Contradiction:
    return Contradiction(decides, follows, np.array(rows, dtype=np.int64))


def test_the_column_in_most_contradictions_of_a_row_is_blamed_alone():
    found = [contradiction("airport", "dest", 3), contradiction("distance", "dest", 3)]
    found += [contradiction("dest", "zone", 3), contradiction("dest", "airport", 3)]

    blamed = blamed_cells(found)

    assert {c: r.tolist() for c, r in blamed.items()} == {"dest": [3]}


def test_two_columns_that_decide_each_other_are_both_blamed():
    blamed = blamed_cells([contradiction("a", "b", 1, 4), contradiction("b", "a", 1, 4)])

    assert {c: r.tolist() for c, r in blamed.items()} == {"a": [1, 4], "b": [1, 4]}


def test_rows_are_judged_apart():
    found = [contradiction("a", "b", 1, 2), contradiction("c", "b", 1), contradiction("a", "c", 2)]

    blamed = blamed_cells(found)

    assert {c: r.tolist() for c, r in blamed.items()} == {"b": [1], "a": [2]}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(COLUMNS),
            st.sampled_from(COLUMNS),
            st.sets(st.integers(0, 9), min_size=1),
        ).filter(lambda t: t[0] != t[1]),
        max_size=8,
    )
)
def test_every_contradiction_is_explained_by_a_blamed_cell(drawn):
    found = [contradiction(d, f, *sorted(rows)) for d, f, rows in drawn]

    blamed = {(c, r) for c, rows in blamed_cells(found).items() for r in rows.tolist()}

    for one in found:
        for row in one.rows.tolist():
            assert {(one.decides, row), (one.follows, row)} & blamed
    touched = {(c, r) for one in found for c in (one.decides, one.follows) for r in one.rows}
    assert blamed <= touched


def test_a_wrong_destination_is_found_and_the_columns_it_decides_are_not_blamed():
    cities = ["BOS", "JFK", "LAX", "ORD", "SEA", "DEN"]
    rows = [(c, f"{c} airport", f"{c} zone", str(100 + i)) for i, c in enumerate(cities)] * 30
    table = {
        name: [r[i] for r in rows] for i, name in enumerate(("dest", "airport", "zone", "miles"))
    }
    table["dest"][7] = "LAX"

    report = ck.audit(table)

    torn = [f for f in report.findings if f.kind == "inconsistent_values"]
    assert [(f.blamed, f.rows.tolist(), f.count) for f in torn] == [("dest", [7], 1)]
    assert report.to_dict()["findings"]


def test_a_second_true_value_of_a_group_is_no_slip():
    # One county name in two states: five rows of forty are no accident.
    county = ["Lee"] * 40 + [f"County {i}" for i in range(20) for _ in range(20)]
    state = ["Iowa"] * 35 + ["Texas"] * 5 + [["Iowa", "Ohio"][i % 2] for i in range(20)
                                            for _ in range(20)]  # fmt: skip
    state[45] = "Utah"

    report = ck.audit({"county": county, "state": state})

    torn = [f for f in report.findings if f.kind == "inconsistent_values"]
    assert [f.rows.tolist() for f in torn] == [[45]]


def test_a_slip_may_add_drop_swap_or_change_a_letter_but_never_a_digit():
    words = {"Adair County": 40, "Adair Conty": 1, "Adiar County": 1, "Adairr County": 1,
             "Adaar County": 1, "A320-232": 30, "A320-231": 1, "3A20-232": 1}  # fmt: skip

    assert set(misspelt(words)) == {"Adair Conty", "Adiar County", "Adairr County", "Adaar County"}


def test_the_usual_value_of_a_group_is_no_misspelling_of_a_more_frequent_one():
    nation = ["Algeria"] * 30 + ["Macedonia"] * 4 + [f"N{i}" for i in range(10) for _ in range(5)]
    money = ["Dinar"] * 30 + ["Denar"] * 4 + [f"coin of {i}" for i in range(10) for _ in range(5)]

    report = ck.audit({"nation": nation, "money": money})

    assert "misspelt_values" not in report.kinds


def test_na_is_a_placeholder_among_words_and_a_value_among_codes_of_two_letters():
    words = ["Europe"] * 30 + ["Africa"] * 20 + ["NA"] * 2
    codes = ["EU"] * 30 + ["AF"] * 20 + ["NA"] * 2

    report = ck.audit({"tone": words, "code": codes})

    blank = [f for f in report.findings if f.kind == "disguised_missing"]
    found = [(f.columns, f.rows.tolist()) for f in blank]
    assert found == [(("tone",), [50, 51])]


def test_dates_not_in_the_form_of_most_are_counted_and_listed():
    dates = ["2024-01-02"] * 6 + ["03.04.2024", "Jan 5, 2024"]

    report = ck.audit({"event_date": dates, "impressions": [1] * 8})

    (found,) = (f for f in report.findings if f.kind == "mixed_date_formats")
    assert (found.count, found.rows.tolist()) == (2, [6, 7])


def test_a_wide_table_is_asked_in_few_queries(monkeypatch):
    from campaignkit.tables import OpenTable

    asked = []
    run = OpenTable._run
    monkeypatch.setattr(OpenTable, "_run", lambda self, q: asked.append(q) or run(self, q))
    table = {f"c{i}": ["a", "b", "c"] * 4 if i % 2 else [float(i)] * 12 for i in range(400)}
    table["c1"] = ["a", "b", "N/A"] * 4

    report = ck.audit(table)

    assert len(asked) < 40  # one a column would be 400 and more
    assert report.num_rows == 12


def test_examples_run():
    for module in (blame, words):
        assert doctest.testmod(module).failed == 0
