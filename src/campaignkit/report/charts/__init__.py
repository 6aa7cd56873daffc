"""Charts of any room's results: functions that return an altair chart (extra ``viz``).

One look, shared with the HTML reports: blue against vermillion, and every difference of colour is
also one of shape, dash or sign, so the charts hold for the colour-blind and in grey print. A chart
carries its data: ``chart.save("x.html")`` or, with vl-convert, ``chart.save("x.svg")``.
"""

from __future__ import annotations

from campaignkit.report.charts.ablation import ablation_chart
from campaignkit.report.charts.acceptance import acceptance_chart
from campaignkit.report.charts.annealing import annealing_chart
from campaignkit.report.charts.calibration import calibration_chart
from campaignkit.report.charts.calls import calls_chart
from campaignkit.report.charts.class_shares import class_share_chart
from campaignkit.report.charts.clusters import cluster_chart
from campaignkit.report.charts.confusion import confusion_chart
from campaignkit.report.charts.density import density_chart
from campaignkit.report.charts.detection import detection_chart
from campaignkit.report.charts.difficulty import difficulty_chart
from campaignkit.report.charts.fractions import fraction_chart
from campaignkit.report.charts.held_rows import chart_rows
from campaignkit.report.charts.learning import learning_chart
from campaignkit.report.charts.neighbourhood import neighbourhood_chart
from campaignkit.report.charts.signs import sign_chart
from campaignkit.report.charts.tradeoff import tradeoff_chart

__all__ = [
    "ablation_chart",
    "acceptance_chart",
    "annealing_chart",
    "calibration_chart",
    "calls_chart",
    "chart_rows",
    "class_share_chart",
    "cluster_chart",
    "confusion_chart",
    "density_chart",
    "detection_chart",
    "difficulty_chart",
    "fraction_chart",
    "learning_chart",
    "neighbourhood_chart",
    "sign_chart",
    "tradeoff_chart",
]
