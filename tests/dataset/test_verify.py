"""The independent checker: it passes what is sound and finds what is not."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import campaignkit.dataset.verify
import campaignkit.dataset.verify_inputs
from campaignkit.dataset import CampaignDataset, verify_dataset, verify_files
from campaignkit.errors import DatasetError
from campaignkit.spec import SamplingSpec
from campaignkit.store import digest_bytes, read_manifest
from small_world import SPEC, small_dataset, small_graph

GRAPH = small_graph()
DATASET = small_dataset(GRAPH)
SPEC_JSON = SPEC.model_dump(mode="json")


@pytest.fixture
def edges(tmp_path: Path) -> Path:
    GRAPH.write_csv(tmp_path / "edges.csv")
    return tmp_path / "edges.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return DATASET.write(tmp_path / "out")


def test_a_sound_data_set_passes_every_check(folder: Path, edges: Path) -> None:
    found = verify_dataset(folder, edges)

    assert found.is_sound, str(found)
    assert {name: label.in_range for name, label in found.labels.items()} == {
        "pos": 60,
        "avg": 80,
        "neg": 50,
    }
    assert found.rows == 190
    assert found.checked == [
        "every campaign: record, attributes, type counts, fractions",
        "2 files against their digests",
        "the spec against its digest",
        "edges and attributes against the digest of the graph",
    ]
    assert found.notes == []
    assert str(found).endswith("sound")


@pytest.mark.parametrize("suffix", ["json", "toml"])
def test_a_spec_file_does_as_well_as_the_manifest(
    folder: Path, edges: Path, tmp_path: Path, suffix: str
) -> None:
    SPEC.write(tmp_path / f"spec.{suffix}")

    assert verify_dataset(folder, edges, spec=tmp_path / f"spec.{suffix}").is_sound


def test_swapped_ends_shuffled_rows_and_typographic_signs_are_read(
    folder: Path, edges: Path
) -> None:
    header, *rows = edges.read_text(encoding="utf-8").splitlines()
    swapped = []
    for i, row in enumerate(reversed(rows)):
        source, target, rel, sign = row.split(",")
        one, other = rel.split("_to_")
        sign = {"+": "+＋"[i % 2], "-": "-−–－"[i % 4]}[sign]
        swapped.append(f"{target},{source},{other}_to_{one},{sign}")
    swapped.append(",".join(("brand 7", "geo 0", "brand_to_geo", "0")))
    edges.write_text("\n".join([header, *swapped]), encoding="utf-8-sig")

    assert verify_dataset(folder, edges).is_sound


Spoil = Callable[[list[dict[str, object]]], None]


def set_label(rows: list[dict[str, object]]) -> None:
    rows[0]["label"] = "neg"


def drop_row(rows: list[dict[str, object]]) -> None:
    del rows[5]


def take_out(rows: list[dict[str, object]]) -> None:
    rows[2]["audience"] = []


def repeat_value(rows: list[dict[str, object]]) -> None:
    rows[3]["brand"] = [*rows[3]["brand"], rows[3]["brand"][0]]  # type: ignore[misc,index]


def invent_value(rows: list[dict[str, object]]) -> None:
    rows[4]["geo"] = ["Atlantis"]


def invent_label(rows: list[dict[str, object]]) -> None:
    rows[6]["label"] = "best"


def invent_modality(rows: list[dict[str, object]]) -> None:
    rows[7]["device"] = ["TV"]


def write_text(rows: list[dict[str, object]]) -> None:
    rows[8]["brand"] = "Nike"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (set_label, "campaigns.jsonl:1: is outside the ranges of 'neg'"),
        (drop_row, "label 'pos': 59 campaigns of 60"),
        (take_out, "campaigns.jsonl:3: contains 0 of 'audience'; the spec allows 2 to 4"),
        (repeat_value, "campaigns.jsonl:4: contains ('brand', "),
        (
            invent_value,
            "campaigns.jsonl:5: contains ('geo', 'Atlantis'), which is not in the graph",
        ),
        (invent_label, "campaigns.jsonl:7: label 'best' is not in the spec"),
        (invent_modality, "campaigns.jsonl:8: contains 1 of 'device'; the spec allows 0 to 0"),
        (write_text, "campaigns.jsonl:9: is not a record of text lists and a label"),
    ],
)
def test_a_spoiled_campaign_is_found(folder: Path, edges: Path, spoil: Spoil, told: str) -> None:
    rows = [campaign.to_dict() for campaign in DATASET]
    spoil(rows)  # type: ignore[arg-type]
    path = folder / "campaigns.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    found = verify_files(path, edges, SPEC_JSON, attributes=[("brand", "brand 7")])
    in_folder = verify_dataset(folder, edges)

    assert any(told in problem for problem in found.problems), str(found)
    assert any("is not the file" in problem for problem in in_folder.problems)
    assert "NOT SOUND" in str(found)


@pytest.mark.parametrize("line", ["{", "[]", '{"a":[],"a":[]}', "\udcff", "", "[" * 99_999])
def test_a_line_that_is_no_record_is_a_problem_not_an_error(
    folder: Path, edges: Path, line: str
) -> None:
    path = folder / "campaigns.jsonl"
    with path.open("ab") as file:
        file.write(line.encode(errors="surrogateescape") + b"\n")

    found = verify_files(path, edges, SPEC_JSON, attributes=[("brand", "brand 7")])

    assert found.problems[0].startswith("campaigns.jsonl:191: is not a record")


def test_an_edge_that_was_changed_afterwards_is_found(folder: Path, edges: Path) -> None:
    text = edges.read_text()
    edges.write_text(text.replace(",+\n", ",-\n", 1))

    found = verify_dataset(folder, edges)

    assert "edges: are not those of the graph the campaigns were sampled from" in found.problems


def test_a_manifest_that_was_changed_afterwards_is_found(folder: Path, edges: Path) -> None:
    manifest = read_manifest(folder, kind="dataset")
    spec = {"sampling": {**SPEC_JSON, "max_iters": 9}}
    counts = {**manifest.counts, "rows": 5}
    manifest.model_copy(update={"spec": spec, "counts": counts}).write(folder)

    found = verify_dataset(folder, edges)

    assert found.problems == [
        "manifest.json: its spec does not have the digest it gives",
        "manifest.json: gives 5 rows; the file contains 190",
    ]


def test_another_spec_than_the_manifests_is_found(folder: Path, edges: Path) -> None:
    ranges = {"brand": [1, 8], "audience": [1, 9], "geo": [0, 6]}
    wider = SamplingSpec.model_validate({**SPEC_JSON, "type_ranges": ranges})

    found = verify_dataset(folder, edges, spec=wider.model_dump(mode="json"))

    assert found.problems == ["spec: is not the one in the manifest"]


def test_a_part_is_checked_but_for_its_numbers(tmp_path: Path, edges: Path) -> None:
    train, _ = DATASET.split()

    found = verify_dataset(train.write(tmp_path / "train"), edges)

    assert found.is_sound, str(found)
    assert found.notes == [
        "numbers of campaigns were not checked after: split(test=0.3, seed=0): train"
    ]


def test_files_that_the_manifest_lists_elsewhere_or_nowhere_are_found(
    folder: Path, edges: Path
) -> None:
    manifest = read_manifest(folder, kind="dataset")
    files = {**manifest.files, "../edges.csv": digest_bytes(b""), "gone.json": "sha256:0"}
    manifest.model_copy(update={"files": files}).write(folder)

    found = verify_dataset(folder, edges)

    assert found.num_problems == 2
    assert all("is not in the folder" in problem for problem in found.problems)


def test_only_the_first_problems_are_told_but_all_are_counted(folder: Path, edges: Path) -> None:
    path = folder / "campaigns.jsonl"
    path.write_bytes(b"x\n" * 200)

    found = verify_files(path, edges, SPEC_JSON)

    assert (len(found.problems), found.num_problems) == (50, 203)
    assert "... and 153 more" in str(found)


@pytest.mark.parametrize(
    ("edges_text", "error"),
    [
        ("source,target,rel\na,b,brand_to_geo\n", "2 is not an edge"),
        ("source,target,rel,sign\na,b,brand_to_geo,x\n", "2 is not an edge"),
        ("source,target,rel,sign\na,b,brand,+\n", "rel 'brand' does not name two modalities"),
        (
            "source,target,rel,sign\na,b,brand_to_geo,+\nb,a,geo_to_brand,-\n",
            "3 gives a second sign",
        ),
    ],
)
def test_edges_that_cannot_be_read_are_an_error(
    folder: Path, edges: Path, edges_text: str, error: str
) -> None:
    edges.write_text(edges_text)

    with pytest.raises(DatasetError, match=error):
        verify_dataset(folder, edges)


def test_a_rel_that_splits_in_two_ways_is_read_by_the_specs_modalities(tmp_path: Path) -> None:
    box = {"pos_frac_range": [1, 1], "neg_frac_range": [0, 0], "num_samples": 1}
    spec = {"type_ranges": {"path_to_buy": [1, 1], "geo": [1, 1]}, "label_params": {"pos": box}}
    (tmp_path / "edges.csv").write_text("source,target,rel,sign\nWeb,Peru,path_to_buy_to_geo,+\n")
    (tmp_path / "rows.jsonl").write_text('{"geo":["Peru"],"path_to_buy":["Web"],"label":"pos"}\n')

    assert verify_files(tmp_path / "rows.jsonl", tmp_path / "edges.csv", spec).is_sound


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({}, "KeyError at 'type_ranges'"),
        ({"type_ranges": {"a": [1]}, "label_params": {}}, r"\[1\], which is not"),
        ({"type_ranges": [], "label_params": {}}, "which is not a table"),
        ("nowhere.json", "nowhere.json does not exist"),
    ],
)
def test_a_spec_that_cannot_be_read_is_an_error(
    folder: Path, edges: Path, spec: object, error: str
) -> None:
    with pytest.raises(DatasetError, match=error):
        verify_dataset(folder, edges, spec=spec)  # type: ignore[arg-type]


def test_parquet_is_left_to_others(tmp_path: Path, edges: Path) -> None:
    DATASET.write(tmp_path / "parquet", format="parquet")

    with pytest.raises(DatasetError, match="the independent checker reads JSONL"):
        verify_dataset(tmp_path / "parquet", edges)


def test_a_data_set_without_origin_needs_a_spec(tmp_path: Path, edges: Path) -> None:
    bare = CampaignDataset(DATASET.block, DATASET.vocabulary, DATASET.label_names)
    bare.write(tmp_path / "bare")

    with pytest.raises(DatasetError, match="has no spec"):
        verify_dataset(tmp_path / "bare", edges)
    found = verify_dataset(tmp_path / "bare", edges, spec=SPEC_JSON)
    assert len(found.notes) == 2


def test_the_checker_shares_no_code_with_what_it_checks() -> None:
    # The store opens files; what is in them is read by each side on its own.
    allowed = {*sys.stdlib_module_names, "campaignkit.errors", "campaignkit.store"}
    own = {
        "campaignkit.dataset.verification",
        "campaignkit.dataset.verify_inputs",
    }
    for module in (campaignkit.dataset.verify, campaignkit.dataset.verify_inputs):
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}

        assert {str(name) for name in names} <= allowed | own | {"collections.abc"}
