"""How the share of each label changes from one version of a data set to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from campaignkit.checks import checked_count
from campaignkit.errors import SettingError
from campaignkit.report.charts.theme import WIDTH, colour, drawing, finished, percent, rows_of
from campaignkit.show.palette import INK, PALE

if TYPE_CHECKING:
    from campaignkit.dataset import CampaignDataset

_READABLE = 0.08  # share of a bar that has room for a text


def class_share_chart(versions: Mapping[str, CampaignDataset | Mapping[str, int]]) -> Any:
    """A bar for each version of a data set, cut into the shares of its labels.

    Parameters
    ----------
    versions : mapping of str to CampaignDataset, or to mapping of str to int
        The versions from top to bottom; of each its campaigns, or the number of rows by label.
        The parts of a split do as well.

    Returns
    -------
    altair.LayerChart
        Labels without a row in any version are in neither bars nor legend.

    Raises
    ------
    SettingError
        If there is no version, or a number of rows is none.

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> chart = class_share_chart({
    ...     "2026-05": {"pos": 30, "avg": 40, "neg": 30},
    ...     "2026-06": {"pos": 90, "avg": 0, "neg": 10},
    ... })
    >>> [(row["version"], row["label"], row["share"]) for row in chart_rows(chart)][3:]
    [('2026-06 (100 rows)', 'pos', 0.9), ('2026-06 (100 rows)', 'neg', 0.1)]
    """
    if not versions:
        raise SettingError(
            "there is no version of a data set to draw", hint='pass {"v1": dataset, ...}'
        )
    alt = drawing()
    rows, order = [], []
    for version, held in versions.items():
        counts = held if isinstance(held, Mapping) else held.label_counts
        checked = {
            label: checked_count(number, f"rows of {label!r} in {version!r}", least=0)
            for label, number in counts.items()
        }
        total, before = sum(checked.values()), 0
        order.append(f"{version} ({total:,} rows)")
        for label, number in checked.items():
            if number:
                rows.append(
                    {
                        "version": order[-1], "label": label, "rows": number,
                        "share": number / total, "start": before / total,
                        "middle": (before + number / 2) / total,
                        "end": (before + number) / total,
                        "text": f"{number / total:.0%}" if number > _READABLE * total else "",
                    }
                )  # fmt: skip
                before += number
    names = list(dict.fromkeys(str(row["label"]) for row in rows))
    chart = alt.Chart(rows_of(rows), width=WIDTH, height={"step": 34}).encode(
        y=alt.Y("version:N", sort=order, title=None, scale=alt.Scale(domain=order))
    )
    hue = colour("label:N", names, title="label")
    ends = {"x": alt.X(**percent("start:Q", "share of the rows")), "x2": "end:Q"}
    # Pale, so that ink is readable on every colour, with an edge in the full one: as in pages.
    bars = chart.mark_bar(size=22, fillOpacity=PALE, strokeWidth=2).encode(
        **ends, color=hue, stroke=hue, tooltip=["version:N", "label:N", "rows:Q", "share:Q"]
    )
    texts = chart.mark_text(color=INK).encode(x="middle:Q", text="text:N")
    return finished(alt.layer(bars, texts), title="Labels in each version")
