"""What came out, for people to read: self-contained HTML, and the main job that ends in it."""

from __future__ import annotations

from campaignkit.report.dataset_page import write_report
from campaignkit.report.quickstart import Quickstart, run_quickstart

__all__ = ["Quickstart", "run_quickstart", "write_report"]
