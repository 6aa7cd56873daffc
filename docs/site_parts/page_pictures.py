"""Pictures of the pages for the docs: light, dark, and as a phone shows them. `make pictures`.

It needs Chromium and chromedriver. Look at what it made before you commit it.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable
from pathlib import Path

import campaignkit as ck
from browser import DESK, PHONE, Browser, browser, served
from campaignkit.report import run_quickstart, write_audit

FIGURES = Path(__file__).parent.parent / "figures"
LOOKS = {"light": (False, DESK, 900), "dark": (True, DESK, 900), "phone": (False, PHONE, 844)}
MOST_BYTES = 200_000
FAULTS = [
    "negative_metrics", "duplicate_rows", "missing_values", "outliers", "categorical_errors",
    "clicks_exceed_impressions",
]  # fmt: skip


def main() -> None:
    """Make each page anew and take its pictures."""
    with tempfile.TemporaryDirectory() as place, browser(Path(place)) as window:
        for name, page in made(Path(place)).items():
            take(window, page.as_uri(), name)
        out = Path(place) / "out"
        with served(out / "runs", recommend=out / "split" / "train") as server:
            take(window, server.address, "leaderboard")
            for view in ("compare", "cost"):
                take(window, f"{server.address}?view={view}", f"leaderboard-{view}", ["light"])
            known = "known.brand=Adidas&known.geo=Brazil"
            take(window, f"{server.address}?view=recommend&{known}", "recommend", ["light"])


def made(folder: Path) -> dict[str, Path]:
    """One page of each kind, by the name of its pictures."""
    quickstart = run_quickstart(folder / "out")
    dirty, _ = ck.ErrorInjector(FAULTS, rate=0.03).inject(ck.synthetic_table(5000))
    return {
        "report": quickstart.folder / "report.html",
        "audit": write_audit(ck.audit(dirty), folder / "audit"),
    }


def take(window: Browser, address: str, name: str, looks: Iterable[str] = LOOKS) -> None:
    """Write the pictures of a page as ``docs/figures/NAME-LOOK.webp``."""
    for look in looks:
        dark, width, height = LOOKS[look]
        window.look(dark=dark, width=width)
        window.open(address)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        told = window.window.execute_cdp_cmd(
            "Page.captureScreenshot",
            {"format": "webp", "quality": 80, "clip": clip, "captureBeyondViewport": True},
        )
        picture = base64.b64decode(told["data"])
        assert len(picture) < MOST_BYTES, f"{name}-{look} has {len(picture):,} bytes"
        (FIGURES / f"{name}-{look}.webp").write_bytes(picture)


if __name__ == "__main__":
    main()
