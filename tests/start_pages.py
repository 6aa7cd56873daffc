"""The pages that a reader starts with."""

from __future__ import annotations

# Page -> the extras that it asks for, and what its reader opens at the end.
WAYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "quickstart": ((), ("quickstart/report.html", "my_report.html")),
    "start-traits": ((), ("mine/report.html",)),
    "start-signs": ((), ("mine/report.html", "mine/graph.html")),
    "start-results": (("tables",), ("report.html", "new_campaigns/campaigns.jsonl")),
    "start-model": (("llm",), ("mine/report.html",)),
    "start-audit": (("tables",), ("audited/audit.html",)),
}
