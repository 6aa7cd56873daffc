"""One annealing run, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaignkit.report.charts.theme import WIDTH, drawing, finished, rows_of
from campaignkit.show.palette import MUTED, NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from campaignkit.report.annealing_trace import AnnealingTrace

_WINDOW = 25  # steps over which accepted proposals are averaged


def annealing_chart(trace: AnnealingTrace) -> Any:
    """Energy, temperature and the share of accepted proposals of one chain.

    Parameters
    ----------
    trace : AnnealingTrace
        See :func:`campaignkit.report.annealing_trace.trace_annealing`.

    Returns
    -------
    altair.VConcatChart
        The rule marks the step at which the box was reached.

    Examples
    --------
    >>> import campaignkit as ck
    >>> from campaignkit.report.annealing_trace import trace_annealing
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> trace = trace_annealing(graph, profile.suggest({"pos": 20}), "pos", seed=1)
    >>> len(annealing_chart(trace).to_dict()["vconcat"])
    3
    """
    alt = drawing()
    accepted = trace.accepted.astype(float)
    rows = [
        {
            "step": step, "energy": energy, "temperature": temperature,
            "accepted": float(accepted[max(0, step - _WINDOW) : step + 1].mean()),
        }
        for step, (energy, temperature) in enumerate(
            zip(trace.energy.tolist(), trace.temperature.tolist(), strict=True)
        )
    ]  # fmt: skip
    data = rows_of(rows)
    panels = [
        ("energy", "edges outside the box", POSITIVE, [1, 0], 150),
        ("temperature", "temperature", NEGATIVE, [6, 3], 80),
        ("accepted", f"accepted, last {_WINDOW}", MUTED, [2, 2], 80),
    ]
    parts = []
    for field, title, hue, dashes, height in panels:
        line = (
            alt.Chart(data, width=WIDTH, height=height)
            .mark_line(interpolate="step-after", color=hue, strokeDash=dashes, strokeWidth=1.5)
            .encode(x=alt.X("step:Q", title="step"), y=alt.Y(f"{field}:Q", title=title))
        )
        if trace.arrival is not None:
            mark = (
                alt.Chart(rows_of([{"arrival": trace.arrival}]))
                .mark_rule(color=MUTED)
                .encode(x="arrival:Q")
            )
            line = alt.layer(line, mark)
        parts.append(line)
    came = f"in the box after {trace.arrival} steps" if trace.arrival is not None else "not there"
    return finished(
        alt.vconcat(*parts), title=f"Annealing a campaign of '{trace.label}'", subtitle=came
    )
