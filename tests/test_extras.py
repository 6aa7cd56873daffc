"""Hints of extras: each names one that exists, and that brings what the hint is for."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from campaignkit.extras import FRAMES

ROOT = Path(__file__).parent.parent
HINT = re.compile(r"campaignkit\[([a-z0-9_,\s-]+)\]")
# Modules whose distributions have other names, and those that come with another distribution.
DISTRIBUTION = {
    "google.auth": "google-genai",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.genai": "google-genai",
    "psycopg": "psycopg",
    "sklearn": "scikit-learn",
    "snowflake.connector": "snowflake-connector-python",
    "umap": "umap-learn",
    "yaml": "pyyaml",
}


def _declared() -> Mapping[str, set[str]]:
    """Extra -> the distributions it brings, those of extras it names among them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    given = project["optional-dependencies"]

    def brought(extra: str) -> set[str]:
        names: set[str] = set()
        for asked in given[extra]:
            if own := HINT.match(asked):
                names |= set().union(*(brought(one.strip()) for one in own[1].split(",")))
            else:
                names.add(re.split(r"[\[<>=!~ ;]", asked, maxsplit=1)[0])
        return names

    return {extra: brought(extra) for extra in given}


def _required(tree: ast.Module) -> Iterator[tuple[int, set[str], set[str]]]:
    """Line, modules and extras of each call of `require`; names are read where they are set."""
    texts: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.For | ast.comprehension):
            pairs = [(node.target, node.iter)]
        elif isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        for target, value in pairs:
            if isinstance(target, ast.Name):
                texts.setdefault(target.id, set()).update(_texts(value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
            (extra,) = (word.value for word in node.keywords if word.arg == "extra")
            if isinstance(extra, ast.Subscript):  # FRAMES[...], a library -> its extra
                yield from ((node.lineno, {name}, {of}) for name, of in FRAMES.items())
                continue
            ends = [
                set().union(*(texts.get(name.id, set()) for name in _names(part))) or _texts(part)
                for part in (node.args[0], extra)
            ]
            yield node.lineno, ends[0], ends[1]


def _texts(node: ast.expr) -> set[str]:
    found = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
    return {value for value in found if isinstance(value, str)}


def _names(node: ast.expr) -> list[ast.Name]:
    return [one for one in ast.walk(node) if isinstance(one, ast.Name)]


EXTRAS = _declared()
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_every_module_that_is_asked_for_comes_with_the_extra_that_is_named() -> None:
    wrong, calls = [], 0
    for path in SOURCES:
        for line, modules, extras in _required(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{line}"
            calls += 1
            wrong += [f"{where}: no extra {extra}" for extra in extras - EXTRAS.keys()]
            brought = set().union(*(EXTRAS.get(extra, set()) for extra in extras))
            for module in modules:
                package = module.split(".", maxsplit=1)[0]
                name = DISTRIBUTION.get(module, DISTRIBUTION.get(package, package))
                if name not in brought:
                    wrong.append(f"{where}: {sorted(extras)} does not bring {name}")

    assert calls > 60
    assert wrong == []


@pytest.mark.parametrize("folder", ["src", "docs", "examples", "README.md", "CHANGELOG.md"])
def test_every_command_names_extras_that_exist(folder: str) -> None:
    place = ROOT / folder
    files = [place] if place.is_file() else [*place.rglob("*.md"), *place.rglob("*.py"),
                                             *place.rglob("*.ipynb")]  # fmt: skip
    named = {
        (extra.strip(), path.name)
        for path in files
        for hint in HINT.findall(path.read_text(encoding="utf-8"))
        for extra in hint.split(",")
    }

    assert {one for one in named if one[0] not in EXTRAS} == set()
