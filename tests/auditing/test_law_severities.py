"""What rows may break by right is a warning, unless history or the user says otherwise."""

from __future__ import annotations

import pandas as pd

import campaignkit as ck
from campaignkit.auditing import Rule
from campaignkit.tables import synthetic_table

HISTORY = synthetic_table(2000, seed=5)


def rows(**columns: list[object]) -> pd.DataFrame:
    num = len(next(iter(columns.values())))
    days = pd.date_range("2026-03-02", periods=num).strftime("%Y-%m-%d")
    return pd.DataFrame({"Day": days, "Campaign": "Kestrel", **columns})


def severities(report: ck.AuditReport) -> dict[str, str]:
    return {f.kind: f.severity for f in report.findings}


def test_conversions_above_clicks_are_a_question_that_names_what_makes_them_legal() -> None:
    table = rows(Impressions=[900] * 9, Clicks=[9] * 9, Conversions=[1] * 8 + [12], Cost=[2.5] * 9)

    (finding,) = [f for f in ck.audit(table).findings if f.kind == "conversions_exceed_clicks"]

    assert (finding.severity, finding.rows.tolist()) == ("warning", [8])
    assert "view-through" in finding.message
    assert "several conversions a click" in finding.message


def test_a_history_that_never_breaks_such_a_law_makes_it_an_error() -> None:
    kind = "conversions_exceed_clicks"
    dirty, _ = ck.ErrorInjector([kind], rate=0.02, seed=1).inject(HISTORY)

    alone, with_history = ck.audit(dirty), ck.audit(dirty, history=HISTORY)

    assert severities(alone)[kind] == "warning"
    assert severities(with_history)[kind] == "error"


def test_a_history_that_breaks_it_now_and_then_by_right_leaves_it_a_question() -> None:
    kind = "conversions_exceed_clicks"
    dirty, _ = ck.ErrorInjector([kind], rate=0.02, seed=1).inject(HISTORY)

    assert severities(ck.audit(dirty, history=dirty))[kind] == "warning"


def test_the_user_makes_it_an_error_by_stating_the_rule() -> None:
    table = rows(Impressions=[900] * 9, Clicks=[9] * 9, Conversions=[1] * 8 + [12], Cost=[2.5] * 9)
    rule = Rule("at_most:conversions,clicks", "at_most", "conversions_exceed_clicks",
                ("conversions", "clicks"))  # fmt: skip

    assert severities(ck.audit(table, [rule]))["conversions_exceed_clicks"] == "error"


def test_metas_results_are_held_to_no_law_of_conversions() -> None:
    indicators = ["reach", "actions:link_click", "actions:purchase"] * 6
    results = [7000, 50, 2] * 6
    table = rows(**{"Result indicator": indicators, "Results": results, "Reach": [7000] * 18,
                    "Impressions": [9000] * 18, "Link clicks": [50] * 18,
                    "Amount spent (EUR)": [3.5] * 18})  # fmt: skip

    assert [f.kind for f in ck.audit(table).of_severity("error", "warning")] == []


def test_a_law_is_a_question_where_a_column_is_defined_otherwise() -> None:
    plays, completions = [40] * 9, [20] * 8 + [60]
    names = ("Video plays", "ThruPlays")

    by_name = {
        name: severities(ck.audit(rows(Impressions=[900] * 9, **{
            name: plays, "Video plays at 100%": completions})))
        for name in names
    }  # fmt: skip

    assert [by_name[n]["video_completions_exceed_plays"] for n in names] == ["error", "warning"]


def test_reach_above_impressions_is_an_error() -> None:
    table = rows(Impressions=[900] * 9, Reach=[800] * 8 + [901], Clicks=[9] * 9)

    (finding,) = ck.audit(table).errors

    assert (finding.kind, finding.rows.tolist()) == ("reach_exceeds_impressions", [8])


def test_a_negative_cost_is_found_beside_an_average_cost_and_in_a_rival() -> None:
    table = rows(**{"Impr.": [900] * 9, "Avg. cost": [0.3] * 9, "Cost": [2.5] * 8 + [-2.5],
                    "Media cost": [2.5] * 7 + [-2.5] * 2})  # fmt: skip

    found = {f.columns: f.rows.tolist() for f in ck.audit(table).errors}

    assert found == {("Cost",): [8], ("Media cost",): [7, 8]}
