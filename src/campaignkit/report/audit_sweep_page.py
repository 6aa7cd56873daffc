"""The sweep experiment as one page: F1 against rate, and by kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from campaignkit.show import Section, columns, figure, heat_map, line_plot, page, table
from campaignkit.store import atomic_file, checked_path

if TYPE_CHECKING:
    from campaignkit.evaluation import DetectionSweep


def sweep_page(sweeps: list[DetectionSweep]) -> str:
    """The HTML page of one or more sweeps.

    Examples
    --------
    >>> from campaignkit.evaluation import DetectionScore, DetectionSweep
    >>> "F1" in sweep_page([DetectionSweep({0.05: DetectionScore({})}, "pack only")])
    True
    """
    lines = {
        f"{sweep.mode}, {level}": [
            (rate * 100, getattr(sweep.scores[rate], attribute).f1) for rate in sweep.rates
        ]
        for sweep in sweeps
        for level, attribute in (("tables", "table"), ("rows", "rows"))
    }
    curve = line_plot(
        lines, title="F1 against rate", x_label="rate of each fault, %", y_label="F1", log_x=True
    )
    sections = [Section("F1 against rate", figure(curve))]
    for sweep in sweeps:
        head = [f"{rate:.1%}" for rate in sweep.rates]
        hits = [[sweep.scores[r].by_kind.get(k) for r in sweep.rates] for k in sweep.kinds]
        values = [[h.rows.f1 if h else None for h in row] for row in hits]
        texts = [["" if v is None else f"{v:.3f}" for v in row] for row in values]
        body = ""
        if sweep.kinds:
            picture = heat_map(
                sweep.kinds, head, values, title=f"Row F1 by kind, {sweep.mode}", texts=texts
            )
            body = figure(picture)
        rows = [
            [head[i], s.table.precision, s.table.recall, s.table.f1,
             f"{s.num_perfect} of {s.num_tables}", s.rows.f1]
            for i, s in enumerate(sweep.scores[r] for r in sweep.rates)
        ]  # fmt: skip
        names = ["rate", "precision", "recall", "F1", "perfect tables", "row F1"]
        parts = columns(body, table(names, rows)) if body else table(names, rows)
        sections.append(Section(f"By kind: {sweep.mode}", parts))
    return page("What the audit finds", sections)


def write_sweep(sweeps: list[DetectionSweep], path: str | Path) -> Path:
    """Write the page of one or more sweeps.

    Examples
    --------
    >>> import tempfile
    >>> from campaignkit.evaluation import DetectionScore, DetectionSweep
    >>> sweep = DetectionSweep({0.05: DetectionScore({})}, "pack only")
    >>> write_sweep([sweep], tempfile.mkdtemp() + "/sweep.html").name
    'sweep.html'
    """
    place = checked_path(path)
    with atomic_file(place) as partial:
        partial.write_text(sweep_page(sweeps), encoding="utf-8")
    return place
