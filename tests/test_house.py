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
    menu = SRC / "__init__.py"  # the public names, three times over: it grows with them
    long = {
        str(p.relative_to(SRC)): n
        for p in FILES
        if p != menu and (n := len(p.read_text(encoding="utf-8").splitlines())) > 600
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


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, campaignkit; print(' '.join(sys.modules))"

    loaded = set(_run(code).split())

    assert loaded & {*HEAVY, "numpy", "pydantic"} == set()


@pytest.mark.parametrize("room", ROOMS, ids=lambda p: p.name)
def test_a_room_opens_without_heavy_libraries(room: Path) -> None:
    code = f"import sys, campaignkit.{room.name}; print(' '.join(sys.modules))"

    loaded = set(_run(code).split())

    assert loaded & set(HEAVY) == set()


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
    rooms = {p.stem for p in SRC.glob("*.py")} | {p.name for p in ROOMS}

    clashes = (set(campaignkit.__all__) & rooms) - {"recipes"}
    modules = [
        name
        for name in campaignkit.__all__
        if name != "recipes" and inspect.ismodule(getattr(campaignkit, name))
    ]

    assert (clashes, modules) == (set(), [])


def test_public_names_are_listed_once_and_in_order() -> None:
    lazy = [name for name in campaignkit.__all__ if name != "__version__"]

    assert lazy == sorted(campaignkit._ROOM_OF)
    assert dir(campaignkit) == sorted(campaignkit.__all__)


def test_the_type_checkers_view_of_the_root_is_the_lazy_one() -> None:
    tree = ast.parse((SRC / "__init__.py").read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {a.asname or a.name for n in block.body for a in getattr(n, "names", [])}

    assert seen == set(campaignkit._ROOM_OF)


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
