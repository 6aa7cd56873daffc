"""The command line's door: every way to ask wrongly, its exit code, its words, nothing written."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from campaignkit import CampaignDataset, SamplingSpec, SignedGraph
from command_line import run_here

EDGES = (
    "source,target,rel,sign\n"
    "Nike,Peru,brand_to_geo,+\nNike,Chile,brand_to_geo,-\nGucci,Peru,brand_to_geo,-\n"
    "Gucci,Chile,brand_to_geo,+\n"
)
BOX = {"pos_frac_range": [0, 1], "neg_frac_range": [0, 1], "num_samples": 2}
SPEC = {"type_ranges": {"brand": [1, 1], "geo": [1, 2]}, "label_params": {"any": BOX}}
GENERATE = "dataset generate edges.csv spec.json --out new"
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def write(name: str, content: str | bytes) -> Callable[[], None]:
    """Something that lies in the working folder before the command runs."""
    data = content.encode() if isinstance(content, str) else content

    def make() -> None:
        Path(name).write_bytes(data)

    return make


def spec(**changed: object) -> Callable[[], None]:
    return write("spec.json", json.dumps({**SPEC, **changed}))


def label(**changed: object) -> Callable[[], None]:
    return spec(label_params={"any": {**BOX, **changed}})


def folder(name: str, file: str = "mine.txt") -> Callable[[], None]:
    def make() -> None:
        Path(name).mkdir()
        (Path(name) / file).write_text("mine")

    return make


def data_set(change: str = "") -> Callable[[], None]:
    """A whole data set folder; with `change`, one file is not what was written."""

    def make() -> None:
        from campaignkit import AnnealingSampler

        graph = SignedGraph.read_csv("edges.csv")
        AnnealingSampler(graph, SamplingSpec.read("spec.json")).sample().write("data")
        if change:
            (Path("data") / change).write_text("changed")

    return make


def nothing() -> None:
    pass


# What is asked : (the command, what lies there before, what the error must say)
FAULTS: dict[str, tuple[str, Callable[[], None], str]] = {
    "an unknown command": ("generate edges.csv", nothing, "No such command 'generate'"),
    "an unknown sub-command": ("dataset make", nothing, "No such command 'make'"),
    "an unknown option": (GENERATE + " --sed 3", nothing, "No such option: --sed"),
    "an option without its value": (GENERATE + " --seed", nothing, "requires an argument"),
    "an argument too many": (GENERATE + " more", nothing, "unexpected extra argument"),
    "an argument missing": ("dataset generate edges.csv --out new", nothing, "SPEC"),
    "no place to write to": ("dataset generate edges.csv spec.json", nothing, "--out"),
    "a seed that is not a number": (GENERATE + " --seed x", nothing, "--seed"),
    "a seed with a fraction": (GENERATE + " --seed 1.5", nothing, "--seed"),
    "an unknown format": (GENERATE + " --format csv", nothing, "expected jsonl or parquet"),
    "no such edges": (GENERATE.replace("edges.csv", "no.csv"), nothing, "no.csv does not exist"),
    "no such spec": (GENERATE.replace("spec.json", "no.json"), nothing, "no.json does not exist"),
    "a folder for edges": (
        GENERATE.replace("edges.csv", "place"), folder("place"), "contains no manifest.json",
    ),
    "a folder of no graph": (
        "graph show place", folder("place"), "hint: give the folder that campaignkit wrote\n",
    ),
    "a file for a data set to verify": (
        "dataset verify edges.csv --edges edges.csv", nothing, "edges.csv is a file; expected a",
    ),
    "a folder for a spec": (GENERATE.replace("spec.json", "place"), folder("place"), "a folder"),
    "a spec of another suffix": (
        GENERATE.replace("spec.json", "edges.csv"), nothing, "cannot tell the format",
    ),
    "edges that are binary": (GENERATE, write("edges.csv", b"\x89PNG\x00\x00"), "is binary"),
    "edges that are empty": (GENERATE, write("edges.csv", b""), "is empty"),
    "edges with terminal codes": (
        GENERATE, write("edges.csv", EDGES + "\x1b[2J,Peru,brand_to_geo,+\n"), "U+001B",
    ),
    "edges with two signs for a pair": (
        GENERATE, write("edges.csv", EDGES + "Peru,Nike,geo_to_brand,-\n"), "Nike",
    ),
    "a spec that is empty": (GENERATE, write("spec.json", b""), "the file is empty"),
    "a spec that is binary": (GENERATE, write("spec.json", b"\xff\xfe\x00"), "UTF-16"),
    "a spec with several faults": (
        GENERATE, label(num_samples=0, pos_frac_range=[2, 1]), "label_params.any.num_samples",
    ),
    "a spec of another graph": (
        GENERATE, spec(type_ranges={"bill": [1, 1], "geo": [1, 1]}), "no such modality",
    ),
    "more attributes than there are": (
        GENERATE, spec(type_ranges={"brand": [1, 9], "geo": [1, 1]}), "the graph has 2",
    ),
    "a label out of reach": (
        GENERATE,
        spec(type_ranges={"brand": [1, 1], "geo": [2, 2]},
             label_params={"any": {**BOX, "pos_frac_range": [0.9, 1]}}),
        "can reach at most",
    ),
    "a folder that contains something": (
        GENERATE.replace("new", "place"), folder("place"), "is not empty",
    ),
    "a folder of somebody else": (
        GENERATE.replace("new", "place --replace"), folder("place"), "no manifest.json",
    ),
    "a file where a folder should be": (
        GENERATE.replace("new", "edges.csv"), nothing, "edges.csv is a file",
    ),
    "a place that does not exist": (
        GENERATE.replace("new", "no/new"), nothing, "does not exist",
    ),
    "a catalogue that is not there": (
        GENERATE + " --catalogue no-such", nothing, "no bundled catalogue is called 'no-such'",
    ),
    "ranges that are no ranges": (
        "diagnose edges.csv --ranges brand=1,geo=x-2,audience", nothing, "geo=x-2 is not a range",
    ),
    "ranges that run backwards": (
        "diagnose edges.csv --ranges brand=2-1,geo=1", nothing, "low 2 above high 1",
    ),
    "neither spec nor ranges": ("diagnose edges.csv", nothing, "expected --spec or --ranges"),
    "both spec and ranges": (
        "diagnose edges.csv --spec spec.json --ranges brand=1", nothing, "both given",
    ),
    "counts for labels unknown": (
        "diagnose edges.csv --ranges brand=1,geo=1 --suggest good=5", nothing, "pos, avg, neg",
    ),
    "a suggested spec that nobody asked for": (
        "diagnose edges.csv --ranges brand=1,geo=1 --write-spec new.json", nothing, "--suggest",
    ),
    "a file that is there already": (
        "graph build starter-27 --out edges.csv", nothing, "edges.csv is already there",
    ),
    "an unknown bundled catalogue": (
        "graph build retail --out new.csv", nothing, "there are retail-160, starter-27",
    ),
    "a catalogue without its columns": (
        "graph build edges.csv --out new.csv", nothing, "'modality' is missing",
    ),
    "a column renamed twice": (
        "graph build starter-27 --out new.csv --columns value=a,value=b", nothing, "comes twice",
    ),
    "a data set that is none": ("dataset split spec.json --out new", nothing, "neither a folder"),
    "a data set that is not there": (
        "dataset evaluate no --edges edges.csv", nothing, "no does not exist",
    ),
    "a share that is none": (
        "dataset split data --out new --test 1", data_set(), "between 0 and 1",
    ),
    "campaigns that were changed": (
        "dataset split data --out new", data_set("campaigns.jsonl"), "its digest differs",
    ),
    "a manifest that was changed": (
        "dataset verify data --edges edges.csv", data_set("manifest.json"), "is not JSON",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("edges.csv").write_text(EDGES, encoding="utf-8")
    Path("spec.json").write_text(json.dumps(SPEC), encoding="utf-8")


@pytest.mark.parametrize("name", FAULTS)
def test_asking_wrongly_ends_with_2_and_words_and_writes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, prepare, words = FAULTS[name]
    prepare()
    before = _everything(tmp_path)

    ended = run_here(command.split(), capsys)

    assert ended.code == 2, ended.err
    # With a cold cache of kernels the notice of their compilation comes first.
    assert re.match(r"(compiling kernels .*\n)?error: ", ended.err)
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert "\x1b" not in ended.err
    assert ended.out == ""
    assert _everything(tmp_path) == before


def test_every_fault_of_a_spec_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    label(num_samples=0, pos_frac_range=[0.4, 0.3], colour=1)()

    ended = run_here(GENERATE.split(), capsys)

    for where in ("num_samples", "pos_frac_range", "colour"):
        assert f"label_params.any.{where}" in ended.err


def test_the_traceback_is_there_for_those_who_ask(capsys: pytest.CaptureFixture[str]) -> None:
    ended = run_here(["graph", "show", "no.csv", "--traceback"], capsys)

    assert ended.code == 2
    assert "Traceback" in ended.err
    assert ended.err.endswith("error: no.csv does not exist\n  hint: check the path\n")


@pytest.mark.skipif(AS_ROOT or sys.platform == "win32", reason="root writes everywhere")
def test_a_place_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("locked").mkdir(mode=0o500)

    ended = run_here(GENERATE.replace("new", "locked/new").split(), capsys)

    assert ended.code == 2
    assert "cannot write in" in ended.err


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place nobody can write")
def test_a_place_nobody_can_write_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    ended = run_here(GENERATE.replace("new", "/proc/new").split(), capsys)

    assert ended.code == 2
    assert "cannot write in /proc" in ended.err


def test_a_warning_is_a_note_and_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    spec(label_params={"any": BOX, "same": BOX})()

    ended = run_here(GENERATE.split(), capsys)

    assert ended.code == 0
    assert "note: labels 'any' and 'same' have the same box" in ended.err
    assert len(CampaignDataset.read("new")) == 4


def _everything(place: Path) -> dict[str, bytes]:
    return {
        path.relative_to(place).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(place.rglob("*"))
    }
