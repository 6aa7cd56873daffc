"""The pages in a real browser: WCAG AA, light and dark, wide and on a phone; by the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import campaignkit as ck
from browser import DESK, LOOKS, PHONE, Browser, browser
from campaignkit.report import run_quickstart, write_audit, write_graph

PAGES = ("report.html", "audit.html", "graph.html")


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("downloads")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    small = ck.Catalogue.bundled("starter-27")
    made = run_quickstart(
        folder / "out", catalogue=small, num_samples={"pos": 60, "avg": 80, "neg": 60}
    )
    (made.folder / "report.html").rename(folder / "report.html")
    write_graph(folder / "graph.html", made.graph)
    dirty, _ = ck.ErrorInjector(
        ["negative_metrics", "duplicate_rows", "missing_values"], rate=0.1
    ).inject(ck.synthetic_table(500))
    write_audit(ck.audit(dirty), folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_meets_wcag_aa_in_every_look(window: Browser, pages: Path, name: str) -> None:
    for dark, width in LOOKS:
        window.look(dark=dark, width=width)
        window.open((pages / name).as_uri())

        assert window.access_faults() == [], (dark, width)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dark", "width"),
    [("report.html", True, PHONE), ("audit.html", True, PHONE), ("graph.html", False, DESK)],
)
def test_every_control_of_a_page_is_reached_by_the_keyboard_and_seen(
    window: Browser, pages: Path, name: str, dark: bool, width: int
) -> None:
    window.look(dark=dark, width=width)
    window.open((pages / name).as_uri())

    assert window.walk_faults() == []


@pytest.mark.slow
def test_contents_stay_in_view_and_are_folded_on_a_phone(window: Browser, pages: Path) -> None:
    window.look(width=DESK)
    window.open((pages / "report.html").as_uri())

    window.window.execute_script("window.scrollTo(0, document.body.scrollHeight / 2)")
    top = "return document.querySelector('nav ol').getBoundingClientRect().top"
    assert 0 <= window.window.execute_script(top) < 60

    window.look(width=PHONE)
    shown = "return document.querySelector('nav ol').checkVisibility()"
    assert window.window.execute_script(shown) is False
    window.window.find_element("css selector", "nav summary").click()
    assert window.window.execute_script(shown) is True
