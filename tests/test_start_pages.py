"""The pages a reader starts with: one way each, short, and good for a fresh install."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaignkit.testing import ModelServer
from first_session import FirstSession
from fresh_core import run_in_core
from start_pages import WAYS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MOST_LINES = 40  # of code on a page
FENCE = re.compile(r"^```(python|sh|csv)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What stands on a page, followed word for word: files are saved, lines of Python are run in one
# session, commands in order.
FOLLOW = """
import json, sys
from pathlib import Path

from campaignkit.apps.cli import main

session = {"__name__": "__main__"}
for kind, what in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
    if kind == "python":
        exec(compile(what, "a block of the page", "exec"), session)
        continue
    try:
        main(what)
    except SystemExit as ended:
        if ended.code:
            sys.exit(f"{what} ended with {ended.code}")
"""


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of a model on this computer that answers +, - and 0 by turns."""

    def answer(prompt: str, schema: dict[str, object] | None) -> str:
        asked = schema["required"] if schema else []
        assert isinstance(asked, list)
        digit = hashlib.sha256(prompt.encode()).digest()[0]
        return json.dumps({key: "+-0"[(digit + int(key)) % 3] for key in asked})

    with ModelServer(answer) as server:
        yield server.openai_url


@pytest.mark.slow
@pytest.mark.parametrize("page", WAYS)
def test_a_start_page_is_followed_word_for_word_on_a_fresh_install(
    page: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    extras, opened = WAYS[page]
    steps: list[tuple[str, object]] = []
    before, _, without_file = _text(page).partition("\n## No file at hand?\n")
    for kind, block in FENCE.findall(without_file + before):  # its lines are to be run first
        if kind == "csv":
            (tmp_path / _file_of(page, block)).write_text(block, encoding="utf-8")
        elif kind == "python":
            steps.append((kind, block))
        else:
            steps += [(kind, shlex.split(line)[1:]) for line in block.splitlines()]
    if ("sh", ["quickstart"]) in steps:  # it was run, once for all tests, on the core alone
        first: FirstSession = request.getfixturevalue("first_session")
        assert first.code == 0, first.err
        shutil.copytree(first.folder, tmp_path / "quickstart")
        steps.remove(("sh", ["quickstart"]))
    told = json.dumps(steps)
    if page == "start-model":
        address = request.getfixturevalue("service")
        local = f'"--model", "any", "--base-url", "{address}"'
        told, num_changed = re.subn(r'"--model", "gemini:[^"]*"', local, told)
        assert num_changed == 2
    (tmp_path / "steps.json").write_text(told, encoding="utf-8")

    ended = run_in_core(tmp_path, "-c", FOLLOW, "steps.json", extras=extras)

    assert ended.returncode == 0, ended.stderr
    assert [name for name in opened if not (tmp_path / name).is_file()] == []


@pytest.mark.parametrize("page", WAYS)
def test_a_start_page_is_short_and_its_first_lines_say_what_to_install(page: str) -> None:
    extras, opened = WAYS[page]
    text = _text(page)
    first = text.split("\n\n")[1]
    lines = [line for _, block in FENCE.findall(text) for line in block.splitlines() if line]

    wanted = f'pip install "campaignkit[{",".join(extras)}]"' if extras else "campaignkit"
    assert wanted in first
    assert extras or "The core install is enough" in " ".join(first.split())
    assert len(lines) <= MOST_LINES
    assert f"`{opened[0]}`" in text


def test_ten_lines_lead_from_a_table_to_a_scored_model_and_the_readme_shows_them() -> None:
    blocks = [block for kind, block in FENCE.findall(_text("start-results")) if kind == "python"]
    (ten,) = (block for block in blocks if "graph_from_outcomes(" in block)

    assert len([line for line in ten.splitlines() if line]) <= 10
    assert f"```python\n{ten}```" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_forks_and_its_code_fits_a_narrow_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"^```\w*\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)

    assert [page for page in WAYS if f"(docs/{page}.md)" not in readme] == []
    assert [line for block in code for line in block.splitlines() if len(line) >= 90] == []
    assert "make quickstart" in code[0]
    assert "make test" in code[0]


def test_the_readme_shows_graph_and_report_for_light_and_for_dark_screens() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    pictures = {*re.findall(r'"(docs/figures/[\w.-]+)"', readme)}

    assert pictures == {
        f"docs/figures/{what}-{look}.webp"
        for what in ("graph", "report")
        for look in ("light", "dark")
    }
    assert [name for name in pictures if (ROOT / name).stat().st_size > 200_000] == []


def test_an_extra_that_is_not_asked_for_is_not_there(tmp_path: Path) -> None:
    code = (
        "import importlib.util as u\nimport campaignkit\n"
        "names = ['numpy', 'narwhals', 'pandas', 'polars', 'duckdb', 'sklearn', 'pytest']\n"
        "print([name for name in names if u.find_spec(name)])"
    )

    core = run_in_core(tmp_path, "-c", code)
    tables = run_in_core(tmp_path, "-c", code, extras=["tables"])

    assert core.stdout.strip() == "['numpy', 'narwhals']", core.stderr
    assert tables.stdout.strip() == "['numpy', 'narwhals', 'duckdb']", tables.stderr


def _text(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def _file_of(page: str, block: str) -> str:
    """The name that the page gives the file, in the lines before it."""
    before, _, _ = _text(page).partition(block)
    return re.findall(r"`(\w+\.csv)`", before)[-1]


def test_the_page_of_installing_lists_every_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = {
        name
        for line in _text("install").splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([\w-]+)`", line.split("|")[1])
    }

    assert listed == {*project["optional-dependencies"]} - {"bench", "dev", "lint", "test"}
