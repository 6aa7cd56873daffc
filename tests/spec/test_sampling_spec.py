"""Specs: what they keep, what they default to, whether they fit."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import SpecError
from campaignkit.graph import SignedGraph
from campaignkit.spec import LabelSpec, SamplingSpec, check_fit, overlap_notes

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8
).filter(lambda name: name != "label" and name.isprintable())


@st.composite
def boxes(draw: st.DrawFn) -> LabelSpec:
    shares = st.floats(0, 1)
    pos = sorted([draw(shares), draw(shares)])
    neg = sorted([draw(st.floats(0, 1 - pos[0])), draw(shares)])
    neg[0] = min(neg[0], 1 - pos[0])
    return LabelSpec(
        pos_frac_range=tuple(pos),
        neg_frac_range=tuple(neg),
        num_samples=draw(st.integers(1, 10**9)),
    )


@st.composite
def specs(draw: st.DrawFn) -> SamplingSpec:
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    pairs = [(a, b) for i, a in enumerate(names) for b in names[:i]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=3))
    split = draw(st.integers(0, len(chosen)))
    return SamplingSpec(
        type_ranges={name: sorted(draw(st.tuples(*[st.integers(1, 40)] * 2))) for name in names},
        label_params=draw(st.dictionaries(NAMES, boxes(), min_size=1, max_size=3)),
        high_priority_type_pairs=chosen[:split],
        low_priority_type_pairs=chosen[split:],
        start_temp=draw(st.floats(1, 100)),
        end_temp=draw(st.floats(1e-6, 1)),
    )


@settings(max_examples=60, deadline=None)
@given(spec=specs(), suffix=st.sampled_from([".json", ".toml", ".yaml"]))
def test_what_is_written_is_what_is_read(spec: SamplingSpec, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spec" + suffix)
        spec.write(path)

        again = SamplingSpec.read(path)

    assert again == spec
    assert again.digest == spec.digest
    assert list(again.type_ranges) == list(spec.type_ranges)


def test_the_defaults_are_a_contract() -> None:
    spec = SamplingSpec(
        type_ranges={"a": (1, 1), "b": (1, 1)},
        label_params={"x": {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 1}},
    )

    assert json.loads(spec.model_dump_json()) == {
        "type_ranges": {"a": [1, 1], "b": [1, 1]},
        "label_params": {
            "x": {"pos_frac_range": [0.0, 1.0], "neg_frac_range": [0.0, 1.0], "num_samples": 1}
        },
        "high_priority_type_pairs": [],
        "low_priority_type_pairs": [],
        "max_iters": 20_000,
        "start_temp": 2.0,
        "end_temp": 0.1,
        "patience": 2_000,
        "proposals_per_step": 1,
    }


def test_a_spec_cannot_be_changed() -> None:
    box = LabelSpec(pos_frac_range=(0, 1), neg_frac_range=(0, 1), num_samples=1)

    with pytest.raises(ValueError, match="frozen"):
        box.num_samples = 2  # type: ignore[misc]


def test_all_that_does_not_fit_the_graph_is_named() -> None:
    graph = SignedGraph.from_edges(
        [], catalogue=Catalogue([Attribute("brand", "Nike"), Attribute("geo", "Chile")])
    )
    box = LabelSpec(pos_frac_range=(0, 1), neg_frac_range=(0, 1), num_samples=1)
    spec = SamplingSpec(
        type_ranges={"brands": (1, 1), "geo": (1, 2), "device": (0, 1)}, label_params={"x": box}
    )

    with pytest.raises(SpecError) as caught:
        check_fit(spec, graph)

    assert [str(fault) for fault in caught.value.faults] == [
        "type_ranges.brands: the graph has no such modality (did you mean brand?)",
        "type_ranges.geo: asks for up to 2, but the graph has 1 (lower the high to 1)",
        "type_ranges.device: the graph has no such modality (its modalities are: brand, geo)",
    ]


def test_labels_that_say_the_same_are_noted() -> None:
    wide = LabelSpec(pos_frac_range=(0, 1), neg_frac_range=(0, 1), num_samples=1)
    inner = LabelSpec(pos_frac_range=(0.1, 0.9), neg_frac_range=(0, 0.5), num_samples=1)
    apart = LabelSpec(pos_frac_range=(0.95, 1), neg_frac_range=(0, 0.01), num_samples=1)
    spec = SamplingSpec(
        type_ranges={"a": (1, 1), "b": (1, 1)}, label_params={"w": wide, "i": inner}
    )

    assert overlap_notes(spec) == ("the box of label 'i' is completely inside that of 'w'",)
    assert overlap_notes(spec.model_copy(update={"label_params": {"i": inner, "p": apart}})) == ()
