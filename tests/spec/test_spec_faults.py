"""A spec with faults says all of them at once, each with its path."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import CampaignkitError, SpecError
from campaignkit.spec import LabelSpec, SamplingSpec

GOOD: dict[str, Any] = {
    "type_ranges": {"brand": [1, 1], "audience": [2, 4], "geo": [1, 3]},
    "label_params": {
        "pos": {"pos_frac_range": [0.2, 1.0], "neg_frac_range": [0.0, 0.3], "num_samples": 10},
        "avg": {"pos_frac_range": [0.1, 0.4], "neg_frac_range": [0.0, 0.3], "num_samples": 5},
    },
}

# (path to what is changed, its new value, path that the fault names, words that it says)
FAULTS: list[tuple[tuple[str, ...], object, str, str]] = [
    (("type_ranges", "brand"), [2, 1], "type_ranges.brand", "low 2 above high 1"),
    (("type_ranges", "brand"), [-1, 1], "type_ranges.brand.0", "greater than or equal to 0"),
    (("type_ranges", "brand"), [1.5, 2], "type_ranges.brand.0", "1.5 does not fit"),
    (("type_ranges", "brand"), ["1", 2], "type_ranges.brand.0", "'1' does not fit"),
    (("type_ranges", "brand"), [True, 2], "type_ranges.brand.0", "True does not fit"),
    (("type_ranges", "brand"), [1], "type_ranges.brand.1", "is missing"),
    (("type_ranges", "brand"), 1, "type_ranges.brand", "does not fit"),
    (("type_ranges",), {}, "type_ranges", "at least 1 item"),
    (("type_ranges",), {"brand": [1, 1]}, "type_ranges", "at least 2"),
    (("type_ranges",), {"a": [1, 200], "b": [1, 200]}, "type_ranges", "at most 255"),
    (("type_ranges",), {"a": [1, 1], "label": [1, 1]}, "type_ranges", "'label'"),
    (("type_ranges",), None, "type_ranges", "does not fit"),
    (("label_params",), {}, "label_params", "at least 1 item"),
    (("label_params", "pos", "pos_frac_range"), [0.4, 0.3], "label_params.pos.pos_frac_range",
     "low 0.4 above high 0.3"),
    (("label_params", "pos", "pos_frac_range"), [0, 1.2], "label_params.pos.pos_frac_range.1",
     "less than or equal to 1"),
    (("label_params", "pos", "neg_frac_range"), [float("nan"), 1],
     "label_params.pos.neg_frac_range.0", "does not fit"),
    (("label_params", "pos", "neg_frac_range"), [0.9, 1], "label_params.pos.neg_frac_range",
     "add up to more than 1"),
    (("label_params", "pos", "num_samples"), 0, "label_params.pos.num_samples", "0 does not fit"),
    (("label_params", "pos", "num_samples"), 10**12, "label_params.pos.num_samples",
     "less than or equal to 10000000000"),
    (("label_params", "pos", "num_samples"), 2.5, "label_params.pos.num_samples", "2.5"),
    (("label_params", "pos", "colour"), 1, "label_params.pos.colour", "not a known key"),
    (("label_params", "pos"), {}, "label_params.pos.num_samples", "is missing"),
    (("label_params", " "), GOOD["label_params"]["pos"], "label_params", "blank"),
    (("label_params", "a\0b"), GOOD["label_params"]["pos"], "label_params", "not printable"),
    (("max_iter",), 5, "max_iter", "did you mean max_iters?"),
    (("max_iters",), 0, "max_iters", "0 does not fit"),
    (("start_temp",), -1.0, "start_temp", "greater than 0"),
    (("end_temp",), 9.0, "end_temp", "must fall"),
    (("patience",), "long", "patience", "'long' does not fit"),
    (("proposals_per_step",), 0, "proposals_per_step", "0 does not fit"),
    (("high_priority_type_pairs",), [["brand", "brand"]], "high_priority_type_pairs",
     "name two modalities"),
    (("high_priority_type_pairs",), [["brand", "color"]], "high_priority_type_pairs",
     "color is not in type_ranges"),
    (("low_priority_type_pairs",), [["brand", "geo"], ["geo", "brand"]],
     "low_priority_type_pairs", "named twice"),
    (("low_priority_type_pairs",), [["brand"]], "low_priority_type_pairs.0.1", "is missing"),
]  # fmt: skip


def changed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    spec = copy.deepcopy(GOOD)
    place = spec
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return spec


@pytest.mark.parametrize(("path", "value", "where", "words"), FAULTS)
def test_a_fault_is_named_with_its_path(
    path: tuple[str, ...], value: object, where: str, words: str
) -> None:
    with pytest.raises(SpecError) as caught:
        SamplingSpec.model_validate(changed(path, value))

    faults = {fault.where: str(fault) for fault in caught.value.faults}
    assert words in faults[where]


def test_all_faults_are_named_at_once() -> None:
    bad = changed(("type_ranges", "brand"), [2, 1])
    bad["label_params"]["pos"]["neg_frac_range"] = [0.4, 0.3]
    bad["label_params"]["avg"]["num_samples"] = 0
    bad["colour"] = "red"

    with pytest.raises(SpecError) as caught:
        SamplingSpec.model_validate(bad)

    assert {fault.where for fault in caught.value.faults} == {
        "type_ranges.brand",
        "label_params.pos.neg_frac_range",
        "label_params.avg.num_samples",
        "colour",
    }


def test_every_door_raises_the_same_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        SamplingSpec(type_ranges={}, label_params={})
    with pytest.raises(SpecError, match="num_samples"):
        LabelSpec(pos_frac_range=(0, 1), neg_frac_range=(0, 1), num_samples=0)
    with pytest.raises(SpecError, match="JSON"):
        SamplingSpec.model_validate_json("{")
    with pytest.raises(ValueError, match="a fault"):
        SamplingSpec.model_validate([])


FILES: list[tuple[str, bytes, str]] = [
    ("spec.json", b"", "the file is empty"),
    ("spec.json", b"{", "is not JSON"),
    ("spec.json", b"[1]", "contains a list"),
    ("spec.json", b'{"max_iters": 1, "max_iters": 2}', "max_iters is given twice"),
    (
        "spec.json",
        b'{"a": {},\n"label_params": {\n"p": {}, "p": {}}}',
        r"spec.json:2: p is given tw",
    ),
    ("spec.json", b"\xff\xfe{}", "UTF-16"),
    ("spec.json", b"{}\xff", "not UTF-8"),
    ("spec.json", b"[" * 100_000, "nested too deeply"),
    ("spec.toml", b"a = [1", "is not TOML"),
    ("spec.toml", b"# nothing", "is missing"),
    ("spec.yaml", b"a: [1", "is not YAML"),
    ("spec.yaml", b"# nothing", "contains a NoneType"),
    ("spec.yaml", b"!!python/object:os.system {}", "is not YAML"),
    ("spec.yaml", b"max_iters: 1\na: 2\nmax_iters: 3", r"spec.yaml:3: 'max_iters' is given twice"),
    ("spec.yaml", b"type_ranges:\n  a: [1, 2]\n  a: [1, 2]", r"spec.yaml:3: 'a' is given twice"),
    ("spec.yaml", b"a: 1\nmax_iters: 040", r"spec.yaml:2: 040 is 32 in YAML; .* plain decimal"),
    ("spec.yml", b"type_ranges: {a: [1, 1:30]}", r"spec.yml:1: 1:30 is 90 in YAML"),
    ("spec.yaml", b"max_iters: 0x10", "0x10 is 16 in YAML"),
    ("spec.yaml", b"max_iters: 1_000", "1_000 is 1000 in YAML"),
    ("spec.yaml", b"[1]: 2", "is not a key"),
    ("spec.yaml", b"a: 2026-01-01", "timestamp"),
    ("spec.yaml", b"a: 1\nb: {<<: 3}", r"spec.yaml:2: << merges no mapping"),
    ("spec.yaml", b"a: &a {x: 1, x: 2}\nb: {<<: *a}", r"'x' is given twice"),
    ("spec.yaml", b"a: &a\n  <<: *a", "nested too deeply"),
    ("spec.toml", b"max_iters = 040", "is not TOML"),
    ("spec.toml", b"a = 1\na = 2", "is not TOML"),
    ("spec.txt", b"{}", "cannot tell the format"),
]


@pytest.mark.parametrize(("name", "content", "words"), FILES)
def test_a_file_that_is_no_spec_is_refused(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(SpecError, match=words):
        SamplingSpec.read(path)


def test_yaml_keys_are_taken_as_they_are_written(tmp_path: Path) -> None:
    """In YAML 1.1 no is false and 2024 a number; as labels they are texts."""
    box = "{pos_frac_range: [0.2, 1], neg_frac_range: [0, .3], num_samples: 10}"
    path = tmp_path / "spec.yaml"
    path.write_text(
        f"type_ranges: {{a: [1, 1], b: [1, 2]}}\nlabel_params: {{no: {box}, 2024: {box}}}"
    )

    spec = SamplingSpec.read(path)

    assert list(spec.label_params) == ["no", "2024"]
    assert spec.label_params["no"].neg_frac_range == (0, 0.3)


def test_yaml_merge_keys_fill_in_what_a_mapping_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "type_ranges: {a: [1, 1], b: [1, 2]}\n"
        "label_params:\n"
        "  one: &one {pos_frac_range: [0.2, 1], neg_frac_range: [0, 0.3], num_samples: 10}\n"
        "  two: &two {<<: *one, num_samples: 20}\n"
        "  both: {neg_frac_range: [0, 0.1], <<: [*two, *one]}\n"
    )

    labels = SamplingSpec.read(path).label_params

    assert {name: box.num_samples for name, box in labels.items()} == {
        "one": 10, "two": 20, "both": 20,
    }  # fmt: skip
    assert labels["two"].neg_frac_range == (0, 0.3)
    assert labels["both"].neg_frac_range == (0, 0.1)


@pytest.mark.parametrize("path", [None, 3, b"spec.json", "spec\0.json", "x" * 5_000, "fifo.json"])
def test_what_is_no_path_is_refused_in_words(
    path: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo.json")
    spec = SamplingSpec.model_validate(GOOD)

    with pytest.raises(SpecError):
        SamplingSpec.read(path)
    with pytest.raises(CampaignkitError):
        spec.write(path)


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="does not exist"):
        SamplingSpec.read(tmp_path / "none.json")
    with pytest.raises(SpecError, match="is a folder"):
        SamplingSpec.read(tmp_path)
