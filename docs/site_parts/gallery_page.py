"""The gallery: every chart, drawn from results that this build computes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from site_parts.gallery_charts import exhibits


def write_gallery(out: Path) -> None:
    """Write a picture for each exhibit, and the page that shows them."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    parts = []
    for exhibit in exhibits():
        _save(exhibit.chart, out / f"{exhibit.name}.svg")
        parts.append(
            f"## {exhibit.title}\n\n`charts.{exhibit.function}`: {exhibit.text}\n\n"
            f"![{exhibit.title}]({exhibit.name}.svg)\n"
        )
    (out / "pictures.md").write_text("\n".join(parts), encoding="utf-8")


def _save(chart: Any, path: Path) -> None:
    import vl_convert

    path.write_text(vl_convert.vegalite_to_svg(chart.to_dict()), encoding="utf-8")
