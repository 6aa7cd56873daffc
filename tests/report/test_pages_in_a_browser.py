"""The pages in a real browser: WCAG AA, light and dark, wide and on a phone; by the keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import campaignkit as ck
from browser import DESK, LOOKS, PHONE, Browser, browser
from campaignkit.edges.methods.prefilter import Bands
from campaignkit.edges.methods.prefilter.asking import ClusterLabel
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.routing import Prefiltering
from campaignkit.evaluation import DetectionSweep
from campaignkit.evaluation.detection import DetectionScore, Hits, KindHits
from campaignkit.report import write_audit, write_graph, write_prefilter, write_sweep
from first_session import FirstSession

PAGES = ("report.html", "audit.html", "graph.html", "sweep.html", "clusters.html")


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("downloads")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, first_session: FirstSession) -> Path:
    """A folder with one page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    small = ck.Catalogue.bundled("starter-27")
    shutil.copy(first_session.folder / "report.html", folder)
    write_graph(folder / "graph.html", ck.SignedGraph.load(first_session.folder / "graph"))
    dirty, _ = ck.ErrorInjector(
        ["negative_metrics", "duplicate_rows", "missing_values"], rate=0.1
    ).inject(ck.synthetic_table(500))
    write_audit(ck.audit(dirty), folder)
    hits = KindHits(table=Hits(1, 0, 1), rows=Hits(8, 2, 0))
    sweep = DetectionSweep({0.05: DetectionScore({"outliers": hits})}, "pack only")
    write_sweep([sweep], folder / "sweep.html")
    members = tuple(range(len(small)))
    clusters = Clustering(small, (Cluster(0, "brand", members),), np.eye(len(small)))
    found = Prefiltering(clusters, (ClusterLabel("all"),), (), Bands(), {"least": 3}, {}, {})
    write_prefilter(folder / "clusters.html", found)
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
