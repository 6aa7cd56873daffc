"""What the documentation site is generated from is whole; ``make docs`` builds it."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import campaignkit

DOCS = Path(__file__).parent.parent / "docs"
PARTS = ["benchmark_page", "page_links", "project_pages", "reference_pages"]


@pytest.fixture(scope="module")
def parts() -> Iterator[dict[str, ModuleType]]:
    """The modules in docs/site_parts, imported as the build imports them."""
    if not (DOCS / "site_parts").is_dir():
        pytest.skip("not a checkout")
    sys.path.insert(0, str(DOCS))
    try:
        yield {name: importlib.import_module(f"site_parts.{name}") for name in PARTS}
    finally:
        sys.path.remove(str(DOCS))


@pytest.mark.parametrize("name", PARTS)
def test_the_examples_in_the_docstrings_run(parts: dict[str, ModuleType], name: str) -> None:
    assert doctest.testmod(parts[name]).failed == 0


def test_every_public_name_has_a_docstring_and_what_the_rooms_offer_to_call_an_example(
    parts: dict[str, ModuleType],
) -> None:
    bare = []
    for room in parts["reference_pages"].rooms():
        for name in parts["reference_pages"].public_names(room):
            thing = getattr(room, name)
            if not (inspect.isclass(thing) or inspect.isroutine(thing)):
                continue
            if not getattr(thing, "__module__", "").startswith("campaignkit."):
                continue
            doc = inspect.getdoc(thing) or ""
            is_taught = campaignkit._ROOMS.get(room.__name__.removeprefix("campaignkit."))
            if not doc or (">>>" not in doc and is_taught and not _is_only_read(thing)):
                bare.append(f"{room.__name__}.{name}")

    assert bare == []


def _is_only_read(thing: type | Callable[..., object]) -> bool:
    """Errors, protocols, kinds and plain values: what gives them has the example."""
    kinds = (Exception, Warning, Enum)
    return inspect.isclass(thing) and (
        issubclass(thing, kinds) or is_dataclass(thing) or getattr(thing, "_is_protocol", False)
    )


def test_the_reference_describes_every_public_name_once(
    parts: dict[str, ModuleType], tmp_path: Path
) -> None:
    parts["reference_pages"].write_reference(tmp_path)

    pages = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.rst")}
    described = [
        f"{re.search(r'currentmodule:: (.+)', text)[1]}.{name}"
        for stem, text in pages.items()
        if stem != "index"
        for name in re.findall(r"^\.\. auto(?:class|function):: (.+)$", text, re.MULTILINE)
    ]
    assert len(described) == len({*described}) > 300
    for name in campaignkit.__all__:
        assert f"``ck.{name}``" in pages["index"] or f"`ck.{name} <" in pages["index"] or (
            name == "__version__"
        )  # fmt: skip


def test_the_benchmarks_page_holds_every_result_file(
    parts: dict[str, ModuleType], tmp_path: Path
) -> None:
    results = DOCS.parent / "benchmarks" / "results"
    parts["benchmark_page"].write_benchmarks(tmp_path / "page.md", results)

    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    for file in results.glob("*.json"):
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        assert f"## {told['benchmark'].replace('_', ' ')}" in page
        assert told["commit"] in page


def test_every_page_is_in_the_sites_table_of_contents(parts: dict[str, ModuleType]) -> None:
    links = parts["page_links"]
    index = links.with_toctrees(links.as_site_page((DOCS / "index.md").read_text("utf-8")))

    toctrees = re.findall(r"```\{toctree\}\n.*?\n\n(.*?)\n```", index, re.DOTALL)
    listed = [line for block in toctrees for line in block.splitlines()]
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert pages <= {*listed}
    assert len(listed) == len({*listed})


def test_links_of_the_root_files_lead_somewhere_on_the_site(
    parts: dict[str, ModuleType], tmp_path: Path
) -> None:
    parts["project_pages"].write_project_pages(tmp_path / "docs" / "_generated" / "project")

    dead = []
    for page in (tmp_path / "docs" / "_generated" / "project").glob("*.md"):
        for link in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8")):
            if "://" in link:
                continue
            inside = link.startswith("../../")
            target = DOCS / link.removeprefix("../../") if inside else page.parent / link
            dead += [] if target.exists() else [f"{page.name}: {link}"]
    assert dead == []
