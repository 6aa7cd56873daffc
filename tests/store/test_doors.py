"""Every public reader and writer meets every kind of path, and answers with an error of ours."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import campaignkit as ck
from campaignkit.auditing import RuleSet
from campaignkit.classify import PairLogistic
from campaignkit.dataset import verify_dataset
from campaignkit.embed import CachedEmbedder, HashingEmbedder, MiniLMEmbedder
from campaignkit.errors import ArtifactError, CatalogueError
from campaignkit.evaluation import BlindEvaluator
from campaignkit.inject import write_table
from campaignkit.llm import read_prices
from campaignkit.recipes import RecipeResult
from campaignkit.report import write_audit
from campaignkit.runs import RunLog
from campaignkit.store import TextFileKind, atomic_file, atomic_folder, read_text
from campaignkit.tables import open_table
from command_line import run_here

GRAPH = ck.SignedGraph.from_edges([ck.Edge(("brand", "Nike"), ("geo", "Peru"), 1)])
CATALOGUE = GRAPH.catalogue
SPEC = ck.SamplingSpec.model_validate({
    "type_ranges": {"brand": [1, 1], "geo": [1, 1]},
    "label_params": {
        "pos": {"pos_frac_range": [0, 1], "neg_frac_range": [0, 1], "num_samples": 1}
    },
})  # fmt: skip

READERS: dict[str, Callable[[Any], object]] = {
    "Catalogue.read_csv": ck.Catalogue.read_csv,
    "Catalogue.read_json": ck.Catalogue.read_json,
    "SignedGraph.read_csv": ck.SignedGraph.read_csv,
    "SignedGraph.load": ck.SignedGraph.load,
    "SamplingSpec.read": ck.SamplingSpec.read,
    "CampaignDataset.read": ck.CampaignDataset.read,
    "RecipeResult.read": RecipeResult.read,
    "PairLogistic.load": PairLogistic.load,
    "BlindEvaluator.from_csv": BlindEvaluator.from_csv,
    "read_prices": read_prices,
    "RuleSet.load": RuleSet.load,
    "RunLog.read": lambda path: RunLog(path).read(),
    "open_table": open_table,
    "verify_dataset": lambda path: verify_dataset(path, path),
    "MiniLMEmbedder": lambda path: MiniLMEmbedder(0 if path is None else path),
}
WRITERS: dict[str, Callable[[Any], object]] = {
    "Catalogue.write_csv": CATALOGUE.write_csv,
    "Catalogue.write_json": CATALOGUE.write_json,
    "SignedGraph.write_csv": GRAPH.write_csv,
    "SignedGraph.save": GRAPH.save,
    "SamplingSpec.write": SPEC.write,
    "RuleSet.save": RuleSet([]).save,
    "write_table": lambda path: write_table({"clicks": [1]}, path),
    "write_audit": lambda path: write_audit(ck.audit({"clicks": [1]}), path),
    "CachedEmbedder": lambda path: CachedEmbedder(HashingEmbedder(dimensions=4), path),
}
NO_PATHS = {
    "None": None,
    "an integer": 1,
    "bytes": b"edges.csv",
    "a list": ["edges.csv"],
    "a NUL": "a\0b.csv",
    "a name too long": "x" * 300,
    "a path too long": "x/" * 5000,
    "half a surrogate pair": "a\ud800.csv",
}


@pytest.mark.parametrize("given", NO_PATHS.values(), ids=NO_PATHS.keys())
@pytest.mark.parametrize("door", {**READERS, **WRITERS}.values(), ids={**READERS, **WRITERS})
def test_what_is_no_path_is_told_at_every_door(door: Callable[[Any], object], given: Any) -> None:
    if door in (open_table, read_prices) and not isinstance(given, str):
        pytest.skip("these two take tables and frames as well")

    with pytest.raises(ck.CampaignkitError) as caught:
        door(given)

    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("door", READERS.values(), ids=READERS.keys())
def test_a_reader_opens_nothing_but_files_and_folders(
    door: Callable[[Any], object], tmp_path: Path
) -> None:
    """A pipe without a writer would hold it for ever; a device may never end."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    device = tmp_path / "device.csv"
    device.symlink_to("/dev/zero")

    for name in ("pipe.csv", "folder.csv", "device.csv", "missing.csv"):
        if (door is READERS["RunLog.read"]) and name == "folder.csv":
            continue  # an empty folder is an empty log
        with pytest.raises(ck.CampaignkitError):
            door(tmp_path / name)


@pytest.mark.parametrize("name", ["pipe", "device", "socket"])
@pytest.mark.parametrize("door", WRITERS.values(), ids=WRITERS.keys())
def test_a_writer_replaces_nothing_but_files_and_folders(
    door: Callable[[Any], object], name: str, tmp_path: Path, special: dict[str, Path]
) -> None:
    place = special[name]
    before = place.lstat()

    with suppress(ck.CampaignkitError):
        door(place)

    assert place.lstat().st_ino == before.st_ino
    assert place.lstat().st_mode == before.st_mode
    assert [p.name for p in place.parent.iterdir() if p.name.endswith(".partial")] == []


@pytest.fixture
def special() -> Iterator[dict[str, Path]]:
    # Short names: a socket's path may have some hundred bytes only.
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder, f"{name}.csv") for name in ("pipe", "device", "socket")}
        os.mkfifo(places["pipe"])
        try:
            os.mknod(places["device"], stat.S_IFCHR | 0o666, os.makedev(1, 3))  # a null device
        except PermissionError:
            places["device"] = Path("/dev/null")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(places["socket"]))
            yield places


def test_a_pipe_and_a_device_are_written_to(special: dict[str, Path]) -> None:
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(special["pipe"].read_bytes()))
    reader.start()
    while True:
        try:
            CATALOGUE.write_csv(special["pipe"])
            break
        except ArtifactError as err:  # the reader is not there yet
            assert "nobody reads from it" in str(err)
    reader.join()
    CATALOGUE.write_csv(special["device"])

    assert got == [b"modality,value,description\nbrand,Nike,\ngeo,Peru,\n"]


def test_the_command_line_writes_to_a_device_and_leaves_it_one(
    special: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    device = special["device"]
    before = device.lstat()

    ended = run_here(["graph", "build", "starter-27", "--out", str(device)], capsys)
    refused = run_here(["graph", "build", "starter-27", "--out", str(special["socket"])], capsys)

    assert (ended.code, refused.code) == (0, 2), ended.err
    assert "is a socket; expected a file name" in refused.err
    assert (device.lstat().st_ino, device.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    target, link, loose = tmp_path / "target.csv", tmp_path / "link.csv", tmp_path / "loose.csv"
    target.write_text("old")
    link.symlink_to(target)
    loose.symlink_to(tmp_path / "new.csv")
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "to folder").symlink_to(folder)

    CATALOGUE.write_csv(link)
    CATALOGUE.write_csv(loose)
    GRAPH.save(tmp_path / "to folder")

    assert ck.Catalogue.read_csv(target) == CATALOGUE
    assert ck.Catalogue.read_csv(tmp_path / "new.csv") == CATALOGUE
    assert ck.SignedGraph.load(folder) == GRAPH
    assert link.is_symlink() and loose.is_symlink() and (tmp_path / "to folder").is_symlink()


def test_the_longest_name_a_file_can_have_is_written(tmp_path: Path) -> None:
    place = tmp_path / ("x" * 251 + ".csv")

    CATALOGUE.write_csv(place)

    assert ck.Catalogue.read_csv(place) == CATALOGUE


def test_what_fails_inside_leaves_nothing_and_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No space left"), atomic_file(tmp_path / "a"):
        raise OSError(28, "No space left on device")
    with pytest.raises(KeyError), atomic_folder(tmp_path / "b") as partial:
        (partial / "c").touch()
        raise KeyError("ours")

    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_lists_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    GRAPH.save(tmp_path / "graph")
    texts = tmp_path / "graph" / "texts.json"
    texts.unlink()
    os.mkfifo(texts)

    with pytest.raises(ArtifactError):
        ck.SignedGraph.load(tmp_path / "graph")


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a.json"
    place.write_text(json.dumps([]))

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(CatalogueError, match="Permission denied"):
        read_text(place, TextFileKind(CatalogueError, "a catalogue", ""))
