"""The house rules a machine can check: file length, names, light imports, menus, docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import campaignkit
import plain_english as english

SRC = Path(campaignkit.__file__).parent
ROOT = Path(__file__).parent.parent
FILES = sorted(SRC.rglob("*.py"))
ROOMS = sorted(p.parent for p in SRC.glob("*/__init__.py"))
HEAVY = [
    "numba",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "duckdb",
    "networkx",
    "narwhals",
    "sklearn",
    "torch",
    "transformers",
    "altair",
    "matplotlib",
    "jinja2",
    "typer",
    "yaml",
    "dask",
    "distributed",
]
OPTIONAL = {"torch", "transformers", "peft", "accelerate", "safetensors"}
VAGUE = {"utils", "helpers", "common", "misc", "base", "util", "helper", "core"}
ACTORS = re.compile(r"(Manager|Handler|Processor|Engine|Factory|Base)$")


def test_no_file_is_longer_than_600_lines() -> None:
    long = {
        str(p.relative_to(SRC)): n
        for p in FILES
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 600
    }

    assert long == {}


def test_no_file_or_class_has_a_name_that_says_nothing() -> None:
    vague = [p.name for p in FILES if p.stem in VAGUE]
    actors = [
        node.name
        for p in FILES
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and ACTORS.search(node.name)
    ]

    assert (vague, actors) == ([], [])


def test_no_error_is_of_the_bare_root() -> None:
    """A caller that catches ValueError must meet a wrong argument there."""
    bare = [
        f"{p.relative_to(SRC)}:{node.lineno}"
        for p in FILES
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and getattr(node.exc.func, "id", "") == "CampaignkitError"
    ]

    assert bare == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, campaignkit; print(' '.join(sys.modules))"

    loaded = set(_run(code).split())

    assert loaded & {*HEAVY, "numpy", "pydantic"} == set()


def test_rooms_open_without_heavy_libraries() -> None:
    """All in one process: what one of them loaded would still be there after the last."""
    rooms = [f"campaignkit.{room.name}" for room in ROOMS]
    code = f"import sys, {', '.join(rooms)}; print(' '.join(sys.modules))"

    loaded = set(_run(code).split())

    assert loaded >= {*rooms}
    assert loaded & {*HEAVY} == set()


def test_kernels_and_moves_alone_import_numba() -> None:
    importing = re.compile(r"^(from|import) numba", re.M)
    found = {p.parent.name for p in FILES if importing.search(p.read_text(encoding="utf-8"))}

    assert found == {"kernels", "moves"}
    assert "numba" not in _run("import sys, campaignkit.sample.reference; print(*sys.modules)")


def test_public_names_survive_the_import_of_every_module() -> None:
    names = [
        m.name
        for m in pkgutil.walk_packages(campaignkit.__path__, "campaignkit.")
        if not m.name.endswith("__main__")
    ]
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as err:  # one that is reached only where its extra is there
            if err.name not in OPTIONAL:
                raise

    hidden = [name for name in campaignkit.__all__ if inspect.ismodule(getattr(campaignkit, name))]

    assert hidden == []
    assert {*campaignkit.__all__} & {*campaignkit._ROOMS} == set()


def test_the_root_knows_every_room_and_its_docstring_is_their_map() -> None:
    files = {p.stem for p in SRC.glob("*.py")} - {"__init__", "__main__"}
    told = re.findall(r"``(\w+)``", "".join(re.findall(r"^- .*$", campaignkit.__doc__, re.M)))

    assert {*campaignkit._ROOMS} == {p.name for p in ROOMS} | files == {*told}
    assert len(told) == len({*told})
    assert {*dir(campaignkit)} == {*campaignkit.__all__, *campaignkit._ROOMS, *campaignkit._WITHIN}


def test_the_root_offers_each_name_once_as_its_room_does() -> None:
    names = [name for names in campaignkit._ROOMS.values() for name in names]

    assert len(names) == len({*names})
    for room, held in campaignkit._ROOMS.items():
        module = importlib.import_module(f"campaignkit.{room}")
        assert list(held) == sorted(held)
        assert {*held} <= {*getattr(module, "__all__", vars(module))}
        assert [n for n in held if getattr(campaignkit, n) is not getattr(module, n)] == []


def test_type_checkers_see_the_roots_names_and_no_other(tmp_path: Path) -> None:
    stub = (SRC / "__init__.pyi").read_text(encoding="utf-8")
    seen = {
        node.module: tuple(a.asname for a in node.names)
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom)
    }
    rooms = {f"campaignkit.{room}": names for room, names in campaignkit._ROOMS.items() if names}
    for name, room in campaignkit._WITHIN.items():
        rooms[f"campaignkit.{room}"] = tuple(sorted({name, *rooms[f"campaignkit.{room}"]}))
        assert getattr(campaignkit, name).__name__ == f"campaignkit.{room}.{name}"

    assert seen == {"campaignkit": tuple(sorted(campaignkit._ROOMS)), **rooms}
    assert (SRC / "py.typed").exists()

    mypy = pytest.importorskip("mypy.api", reason="mypy is not installed")
    (tmp_path / "campaignkit").mkdir()
    (tmp_path / "campaignkit" / "__init__.pyi").write_text(stub, encoding="utf-8")
    (tmp_path / "asked.py").write_text("import campaignkit as ck\n\nck.audit\nck.audti\n")
    alone = ["--ignore-missing-imports", "--no-site-packages", "--config-file="]
    told, _, status = mypy.run([*alone, "--cache-dir=/dev/null", str(tmp_path)])
    assert status == 1
    assert re.findall(r"asked.py:(\d+): .*\[attr-defined\]", told) == ["4"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("build_grph", "did you mean 'build_graph'?"),
        ("PairPrompt", "it is in its room: campaignkit.edges.PairPrompt"),
        ("SpecError", "it is in its room: campaignkit.errors.SpecError"),
        ("Fate", "its successor: campaignkit.edges.Outcome"),
        ("audits", "did you mean 'audit'?"),
        ("quite_something_else", "no attribute 'quite_something_else'"),
    ],
)
def test_a_name_that_is_not_at_the_root_is_answered_with_one_that_is_meant(
    asked: str, told: str
) -> None:
    with pytest.raises(AttributeError, match=re.escape(told) + "$"):
        getattr(campaignkit, asked)


def test_a_name_that_a_room_does_not_have_is_answered_alike() -> None:
    for room in campaignkit._ROOMS:
        module = importlib.import_module(f"campaignkit.{room}")
        name = next((n for n in getattr(module, "__all__", vars(module)) if n[0] != "_"), "")
        if not name:
            continue
        with pytest.raises(AttributeError, match=f"'campaignkit.{room}' has no.*did you mean '"):
            getattr(module, f"{name}e")
        assert not hasattr(module, "__wrapped__")


@pytest.mark.parametrize("room", ROOMS, ids=lambda p: p.name)
def test_a_rooms_menu_is_sorted_and_true(room: Path) -> None:
    module = importlib.import_module(f"campaignkit.{room.name}")

    menu = list(module.__all__)

    assert menu == sorted(menu)
    assert [name for name in menu if not hasattr(module, name)] == []


def test_every_public_thing_has_a_docstring_with_an_example() -> None:
    bare = []
    for name in campaignkit.__all__:
        thing = getattr(campaignkit, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        doc = inspect.getdoc(thing) or ""
        is_error = inspect.isclass(thing) and issubclass(thing, Exception)
        if not doc or (">>>" not in doc and not is_error):
            bare.append(name)

    assert bare == []


def test_sentences_of_the_pages_are_short() -> None:
    """Cut in two what is listed here, or say less: 30 words are the most."""
    assert [line for page in english.PAGES for line in english.long_sentences(page)] == []


def test_pages_docstrings_and_messages_are_in_plain_english() -> None:
    """What to write instead of a phrase is in plain_english.toml."""
    read = [list(english.passages(page)) for page in english.PAGES]
    read += [list(english.strings(source)) for source in english.SOURCES]
    checks = (english.listed_phrases, english.bare_pronouns)

    assert [line for found in read for check in checks for line in check(found)] == []


def test_the_project_names_no_machine() -> None:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    home = re.compile(r"/" + r"(?:root|work|home/\w+)/")
    found = []
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".md", ".py", ".toml", ".json", ".txt", ".ipynb", ".yml", ".csv"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [name] if home.search(text) else []

    assert found == []


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
