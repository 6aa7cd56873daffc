"""A scorer of your own with types: the template of docs/extending.md, under `mypy --strict`."""

import campaignkit as ck
from campaignkit.edges.scorers.protocols import EdgeScorer, Pair
from campaignkit.testing import check_scorer


class ByLength:
    identity = "by length 1"

    def score(self, pairs: list[Pair]) -> list[int]:
        return [(len(a.value) * len(b.value)) % 3 - 1 for a, b in pairs]

    def explain(self, pairs: list[Pair]) -> list[str]:
        return [
            f"{a.value} has {len(a.value)} letters, {b.value} {len(b.value)}" for a, b in pairs
        ]


def rivals(pairs: list[Pair]) -> list[str]:
    """A function will do; marks are signs too."""
    return ["-" if one.traits == other.traits else "0" for one, other in pairs]


scorer: EdgeScorer = ByLength()
check_scorer(scorer)
check_scorer(rivals)
print(ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=scorer).report)
