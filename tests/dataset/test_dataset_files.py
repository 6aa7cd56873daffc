"""Data sets on disk: what is read is what was written, byte for byte and whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import strategies
from campaignkit.dataset import (
    Block,
    CampaignDataset,
    DatasetEvaluation,
    DatasetWriter,
    Provenance,
    Vocabulary,
)
from campaignkit.errors import ArtifactError, DatasetError
from campaignkit.store import LeftoverRemoved, read_manifest

VOCABULARY = Vocabulary.of([("brand", "Nike"), ("geo", "Chile"), ("geo", "Peru")])
DATASET = CampaignDataset(
    Block.of_rows([[0, 1, 2], [0], [1]], labels=[0, 1, 1]), VOCABULARY, ["pos", "neg"]
)


@settings(max_examples=60)
@given(strategies.datasets())
def test_reading_a_folder_gives_what_was_written(dataset: CampaignDataset) -> None:
    for form in ("jsonl", "parquet"):
        with tempfile.TemporaryDirectory() as place:
            folder = dataset.write(Path(place, "out"), format=form)
            again = CampaignDataset.read(folder)

        assert again == dataset
        assert again.vocabulary == dataset.vocabulary
        assert again.label_names == dataset.label_names
        assert again.block.nodes.tolist() == dataset.block.nodes.tolist()


@settings(max_examples=60)
@given(strategies.datasets(min_rows=1))
def test_lines_are_what_json_dumps_gives(dataset: CampaignDataset) -> None:
    with tempfile.TemporaryDirectory() as place:
        dataset.write(Path(place, "out"))
        written = Path(place, "out", "campaigns.jsonl").read_bytes()

    expected = [
        json.dumps(campaign.to_dict(), ensure_ascii=False, separators=(",", ":")) + "\n"
        for campaign in dataset
    ]

    assert written == "".join(expected).encode()


@settings(max_examples=60)
@given(strategies.datasets(min_rows=1))
def test_a_bare_file_gives_the_same_campaigns(dataset: CampaignDataset) -> None:
    for form in ("jsonl", "parquet"):
        with tempfile.TemporaryDirectory() as place:
            dataset.write(Path(place, "out"), format=form)
            bare = CampaignDataset.read(Path(place, "out", f"campaigns.{form}"))

        assert bare == dataset


@settings(max_examples=20)
@given(strategies.datasets(min_rows=2))
def test_bytes_do_not_depend_on_how_rows_are_cut_into_blocks(dataset: CampaignDataset) -> None:
    for form in ("jsonl", "parquet"):
        with tempfile.TemporaryDirectory() as place:
            whole = dataset.write(Path(place, "whole"), format=form)
            names = dataset.label_names
            pieces = Path(place, "pieces")
            with DatasetWriter(pieces, dataset.vocabulary, names, format=form) as writer:
                for i in range(len(dataset)):
                    writer.append(dataset.block[i : i + 1])

            assert (whole / "manifest.json").read_bytes() == (
                pieces / "manifest.json"
            ).read_bytes()


def test_lines_longer_than_the_buffer_and_many_buffers_are_written_whole(tmp_path: Path) -> None:
    values = {"brand": ["short", "x" * 3_000_000], "geo": [f"place {i}" for i in range(300)]}
    vocabulary = Vocabulary.from_values(values)
    rows = [[1, *range(2, 302)], [0], [*range(2, 302)], [1], *[[0, *range(2, 302)]] * 2000]
    dataset = CampaignDataset(Block.of_rows(rows, labels=[0] * len(rows)), vocabulary, ["pos"])

    again = CampaignDataset.read(dataset.write(tmp_path / "out"))

    assert again == dataset
    assert (tmp_path / "out" / "campaigns.jsonl").stat().st_size > 10_000_000


def test_parquet_of_several_row_groups_comes_back_in_order(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).random((250_001, 3)) < 0.5
    block = Block(
        np.nonzero(rows)[1].astype(np.int32),
        np.concatenate([[0], np.cumsum(rows.sum(axis=1))]).astype(np.int64),
        (np.arange(len(rows)) % 2).astype(np.uint8),
    )
    dataset = CampaignDataset(block, VOCABULARY, ["pos", "neg"])

    assert CampaignDataset.read(dataset.write(tmp_path / "out", format="parquet")) == dataset


def test_origin_and_evaluation_come_back(tmp_path: Path) -> None:
    origin = Provenance(
        graph_digest="sha256:1",
        spec_digest="sha256:2",
        spec={"max_iters": 5},
        seed=7,
        quality={"mode": "rejection"},
        steps=("noise",),
    )
    evaluation = DatasetEvaluation(rows=3, labels={}, notes=("a note",))
    dataset = CampaignDataset(
        DATASET.block, VOCABULARY, ["pos", "neg"], provenance=origin, evaluation=evaluation
    )

    again = CampaignDataset.read(dataset.write(tmp_path / "out"))

    assert again.provenance == origin
    assert again.evaluation == evaluation


def test_the_manifest_tells_what_is_there(tmp_path: Path) -> None:
    DATASET.write(tmp_path / "out")

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())

    assert manifest["kind"] == "dataset"
    assert manifest["counts"] == {"rows": 3, "attributes": 3, "rows.pos": 1, "rows.neg": 2}
    assert sorted(manifest["files"]) == ["campaigns.jsonl", "vocabulary.json"]


def test_an_occupied_folder_is_replaced_only_when_told(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")

    with pytest.raises(ArtifactError, match="is not empty"):
        DATASET.write(tmp_path / "out")

    with pytest.raises(ArtifactError, match=r"no manifest\.json, so it is not replaced"):
        DATASET.write(tmp_path / "out", replace=True)

    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_data_set_is_replaced_when_told(tmp_path: Path) -> None:
    DATASET[:1].write(tmp_path / "out")

    assert CampaignDataset.read(DATASET.write(tmp_path / "out", replace=True)) == DATASET


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_writer_that_fails_leaves_nothing(tmp_path: Path, form: str) -> None:
    with (
        pytest.raises(DatasetError, match="node codes"),
        DatasetWriter(tmp_path / "out", VOCABULARY, ["pos"], format=form) as writer,
    ):
        writer.append(Block.of_rows([[0]], labels=[0]))
        writer.append(Block.of_rows([[9]], labels=[0]))

    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected 'jsonl' or 'parquet'"):
        DATASET.write(tmp_path / "out", format="csv")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "spoil", "error"),
    [
        ("campaigns.jsonl", lambda data: data[:-9], "is not the file that was written"),
        ("campaigns.jsonl", lambda data: data.replace(b"pos", b"neg"), "not the file"),
        ("vocabulary.json", lambda data: b"{}", "is not the file that was written"),
        ("campaigns.jsonl", None, "is missing"),
        ("manifest.json", None, "contains no manifest.json"),
        ("manifest.json", lambda data: b"[", "is not a manifest"),
    ],
)
def test_a_folder_that_is_not_as_written_is_refused(
    tmp_path: Path, name: str, spoil: object, error: str
) -> None:
    file = DATASET.write(tmp_path / "out") / name
    if callable(spoil):
        file.write_bytes(spoil(file.read_bytes()))
    else:
        file.unlink()

    with pytest.raises(ArtifactError, match=error):
        CampaignDataset.read(tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a POSIX signal")
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_killed_run_leaves_no_folder_that_looks_whole(tmp_path: Path, form: str) -> None:
    code = (
        "import sys, numpy as np\n"
        "from campaignkit.dataset import Block, DatasetWriter, Vocabulary\n"
        "vocabulary = Vocabulary.of([('geo', 'Peru')])\n"
        "rows = 200_000\n"
        "block = Block(np.zeros(rows, np.int32), np.arange(rows + 1), np.zeros(rows, np.uint8))\n"
        f"with DatasetWriter('out', vocabulary, ['pos'], format={form!r}) as writer:\n"
        "    while True:\n"
        "        writer.append(block)\n"
        "        print('appended', flush=True)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE)
    assert run.stdout is not None
    told = run.stdout.readline()
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    left = [p.name for p in tmp_path.iterdir()]

    assert told == b"appended\n"
    assert not (tmp_path / "out").exists()
    assert left
    assert all(name.startswith(".") and name.endswith(".partial") for name in left)
    with pytest.warns(LeftoverRemoved):
        assert CampaignDataset.read(DATASET.write(tmp_path / "out")) == DATASET
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own figures")
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_million_campaigns_stream_to_disk_in_bounded_memory(tmp_path: Path, form: str) -> None:
    code = (
        "import re, numpy as np\n"
        "from pathlib import Path\n"
        "from campaignkit.dataset import Block, DatasetWriter, Vocabulary\n"
        "vocabulary = Vocabulary.of([('geo', f'a far-off place {i:03}') for i in range(400)])\n"
        "rng = np.random.default_rng(0)\n"
        "rows = 20_000\n"
        "nodes = (rng.integers(0, 40, (rows, 10)) + np.arange(10) * 40).astype(np.int32)\n"
        "offsets = np.arange(rows + 1) * 10\n"
        "block = Block(nodes.ravel(), offsets, np.zeros(rows, np.uint8))\n"
        f"with DatasetWriter('out', vocabulary, ['pos'], format={form!r}) as writer:\n"
        "    for number in range(60):\n"
        "        writer.append(block)\n"
        "        if number in (19, 59):\n"
        "            told = Path('/proc/self/status').read_text()\n"
        "            print(re.search(r'VmHWM:\\s*(\\d+)', told)[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    # The 800,000 rows between are 35 MB as arrays and 200 MB as text.
    some, all_of_them = (int(kilobytes) // 1024 for kilobytes in done.stdout.split())
    assert all_of_them - some < 24
    assert read_manifest(tmp_path / "out", kind="dataset").counts["rows"] == 1_200_000


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, form: str) -> None:
    code = (
        "import resource, numpy as np\n"
        "from campaignkit.dataset import Block, DatasetWriter, Vocabulary\n"
        "from campaignkit.errors import ArtifactError\n"
        "vocabulary = Vocabulary.of([('geo', f'{i:05}') for i in range(50_000)])\n"
        "nodes = np.random.default_rng(0).permutation(np.repeat(np.arange(50_000), 60))\n"
        "rows = len(nodes)\n"
        "block = Block(nodes.astype(np.int32), np.arange(rows + 1), np.zeros(rows, np.uint8))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "try:\n"
        f"    with DatasetWriter('out', vocabulary, ['pos'], format={form!r}) as writer:\n"
        "        writer.append(block)\n"
        "except ArtifactError as err:\n"
        "    print(err)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith(f"cannot write campaigns.{form}: File too large")
    assert list(tmp_path.iterdir()) == []
