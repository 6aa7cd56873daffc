"""Write the numbers of trait-rules.md anew: ``python docs/trait_rules_page.py``.

A test calls `filled` and compares, so the page cannot fall behind the rules or the data.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import campaignkit as ck
from campaignkit.edges import TRAIT_RULES

PAGE = Path(__file__).parent / "trait-rules.md"
HELD_OUT = Path(__file__).parent.parent / "tests" / "edges" / "held_out_pairs.csv"
SIGNS = {"+": 1, "-": -1, "0": 0}


def filled(page: str) -> str:
    """The page with its tables as the code and data of today give them."""
    catalogue = ck.Catalogue.bundled("retail-160")
    report = ck.build_graph(catalogue, scorer=ck.TraitScorer()).report
    rules = [
        f"| `{rule.name}` | {rule.first} | {rule.second or 'any'} | {rule.why} "
        f"| {report.by_rule[rule.name].num_for} | {report.by_rule[rule.name].num_against} |"
        for rule in TRAIT_RULES
    ]
    total = ("all", report.num_pairs, report.num_positive, report.num_negative, report.num_neutral)
    rows = [
        (f"{one} - {other}", c.num_pairs, c.num_positive, c.num_negative, c.num_neutral)
        for (one, other), c in report.by_modality_pair.items()
    ]
    signs = [
        f"| {name} | {n:,} | {pos:,} ({pos / n:.1%}) | {neg:,} ({neg / n:.1%}) | {zero:,} |"
        for name, n, pos, neg, zero in [*rows, total]
    ]
    for name, lines in [("rules", rules), ("signs", signs), ("held out", confusion(catalogue))]:
        page = replaced(page, name, lines)
    return page


def confusion(catalogue: ck.Catalogue) -> list[str]:
    """How the held-out pairs were judged, against how they come out."""
    with HELD_OUT.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = [
        (
            catalogue[(row["source_modality"], row["source"])],
            catalogue[(row["target_modality"], row["target"])],
        )
        for row in rows
    ]
    given = ck.TraitScorer().score(pairs)
    counts = Counter(zip((SIGNS[row["sign"]] for row in rows), given, strict=True))
    right = sum(n for (judged, sign), n in counts.items() if judged == sign)
    lines = [
        f"| {mark} | " + " | ".join(str(counts[sign, other]) for other in (1, -1, 0)) + " |"
        for mark, sign in SIGNS.items()
    ]
    return [*lines, "", f"{right} of {len(rows)} right."]


def replaced(page: str, name: str, lines: list[str]) -> str:
    """The page with other lines between the marks of a table."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.escape(begin) + r"\n(.*?\|\n\|[-| :]+\|\n).*?" + re.escape(end)
    found = re.search(pattern, page, flags=re.DOTALL)
    assert found, f"no table between {begin} and {end}"
    fresh = "\n".join([begin, found[1].rstrip("\n"), *lines, end])
    return page[: found.start()] + fresh + page[found.end() :]


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
