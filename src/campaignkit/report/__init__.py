"""What came out, for people to read: self-contained HTML, and the main job that ends in it."""

from __future__ import annotations

from campaignkit.report.audit_page import audit_page, pdf_printer, write_audit
from campaignkit.report.audit_sweep_page import sweep_page, write_sweep
from campaignkit.report.dataset_page import write_report
from campaignkit.report.graph_page import graph_page, write_graph
from campaignkit.report.prefilter_page import draw_clusters, prefilter_page, write_prefilter
from campaignkit.report.quickstart import Quickstart, run_quickstart

__all__ = [
    "Quickstart",
    "audit_page",
    "draw_clusters",
    "graph_page",
    "pdf_printer",
    "prefilter_page",
    "run_quickstart",
    "sweep_page",
    "write_audit",
    "write_graph",
    "write_prefilter",
    "write_report",
    "write_sweep",
]
