"""A build without edges ends in an error that names the ways on, and what was not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import Judgement, Overlap, Pair, TraitRule, TraitScorer, build_graph
from campaignkit.errors import GraphError, NoEdges
from command_line import run_here

BARE = Catalogue([Attribute("brand", "Nike"), Attribute("geo", "Peru"), Attribute("geo", "Chile")])
MISNAMED = Catalogue([
    Attribute("Marke", "Dior", traits={"price tier": "Luxry", "category": "Fashion"}),
    Attribute("audience", "Rich", traits={"interests": "fashion", "age_range": "young"}),
    Attribute("audience", "Poor", traits={"income": "Low", "shoe size": "40"}),
    Attribute("geo", "Peru", traits={"climate": "warm"}),
])  # fmt: skip


def test_an_all_neutral_build_names_the_four_ways_on() -> None:
    with pytest.raises(NoEdges) as caught:
        build_graph(BARE, scorer=TraitScorer())

    told = str(caught.value)
    assert isinstance(caught.value, GraphError)
    assert "TraitScorer gave none of 2 pairs a sign" in told
    assert "traits: no attribute has any (rules read absent_in, age_range" in told
    for way in (
        "TraitScorer()", 'read_csv("edges.csv")', "graph_from_outcomes(", "LLMEdgeScorer(",
    ):  # fmt: skip
        assert way in told


def test_what_no_rule_reads_is_named_with_the_nearest_that_one_does() -> None:
    with pytest.raises(NoEdges) as caught:
        build_graph(MISNAMED, scorer=TraitScorer())

    assert list(map(str, caught.value.faults)) == [
        "trait 'price tier': is read by no rule (call it price_tier)",
        "trait 'shoe size': is read by no rule",
        "trait 'price tier': no rule knows 'Luxry' of Marke: Dior (write luxury)",
        "trait 'category': no rule knows 'Fashion' of Marke: Dior (write fashion)",
        "trait 'age_range': no rule knows 'young' of audience: Rich "
        "(write years, such as 18-34 or 55+)",
        "trait 'income': no rule knows 'Low' of audience: Poor (write low)",
        "modality 'Marke': is what campaign tables call brand",
    ]


@pytest.mark.parametrize("name", ["starter-27", "retail-160"])
def test_nothing_of_the_bundled_catalogues_is_unread(name: str) -> None:
    assert TraitScorer().unread(Catalogue.bundled(name)) == []


def test_rules_of_your_own_are_read_too() -> None:
    spoken = TraitRule("spoken", "language", "tongue", Overlap(4, "{both}"), "")
    catalogue = Catalogue([Attribute("creative", "Spot", traits={"languages": "pt"})])

    assert [fault.fix for fault in TraitScorer([spoken]).unread(catalogue)] == [
        "call it language", "rules read language, tongue",
    ]  # fmt: skip


def test_a_build_that_is_nearly_neutral_is_warned_of() -> None:
    class Rules(TraitScorer):
        def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
            told = super().judge(pairs)
            told[7] = replace(told[7], sign=1)
            return told

    many = Catalogue(
        [Attribute("brand", f"b{i}", traits={"price tier": "mid"}) for i in range(15)]
        + [Attribute("geo", f"g{i}") for i in range(15)]
    )

    (warning,) = build_graph(many, scorer=Rules()).report.warnings

    assert warning.startswith("99.6% of the pairs have no sign; trait 'price tier': is read by no")
    assert "graph_from_outcomes(" in warning


def _respelled(spellings: dict[str, str], *, only: str = "") -> Catalogue:
    """The starter catalogue with traits, or the modality of one attribute, spelled otherwise."""
    return Catalogue([
        Attribute(
            spellings.get(one.modality, one.modality) if one.value == only else one.modality,
            one.value,
            traits={spellings.get(name, name): told for name, told in one.traits.items()},
        )
        for one in Catalogue.bundled("starter-27")
    ])  # fmt: skip


def test_misspelled_traits_and_modalities_are_named_in_a_build_with_signs() -> None:
    first = Catalogue.bundled("starter-27").of("audience")[0].value
    catalogue = _respelled({"shuns": "shunz", "audience": "audiense"}, only=first)

    report = build_graph(catalogue, scorer=TraitScorer()).report

    assert report.num_positive > 50
    assert report.warnings == (
        "trait 'shunz': is read by no rule (call it shuns)",
        "modality 'audiense': is a modality of its own (call it audience)",
    )
    assert "warning: trait 'shunz': is read by no rule (call it shuns)" in str(report)


def test_traits_and_modalities_that_resemble_nothing_known_are_quiet() -> None:
    first = Catalogue.bundled("starter-27").of("audience")[0].value
    catalogue = _respelled({"shuns": "shoe size", "audience": "season"}, only=first)

    assert build_graph(catalogue, scorer=TraitScorer()).report.warnings == ()


def test_the_command_line_names_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "catalogue.csv"
    place.write_text("modality,value,price tier\nbrand,Dior,Luxry\ngeo,Peru,\n")

    done = run_here(["graph", "build", place, "--out", tmp_path / "edges.csv"], capsys)

    assert done.code == 2
    assert "trait 'price tier': is read by no rule (call it price_tier)" in done.err
    assert "campaignkit graph build catalogue.csv --model gemini:" in done.err
    assert "campaignkit diagnose edges.csv" in done.err
    assert not (tmp_path / "edges.csv").exists()
