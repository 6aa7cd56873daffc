"""The contract of :class:`campaignkit.edges.EdgeScorer`, for ours and for yours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from campaignkit.testing.breaches import contract

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges import EdgeScorer
    from campaignkit.edges.scorers.protocols import ScoreFunction

_MOST = 60  # pairs that are asked about


@contract
def check_scorer(
    scorer: EdgeScorer | ScoreFunction, *, catalogue: Catalogue | None = None
) -> None:
    """Test a scorer against its contract; raises `AssertionError` on the first breach.

    It must: give each pair a sign, 1, -1 or 0, in the order asked; give a pair the same sign
    whichever of the two comes first, whatever else is asked with it, and when asked again; give
    no answers to no pairs; keep one identity; and say the same by `score` and by `judge`, where it
    has both.

    Parameters
    ----------
    scorer : EdgeScorer or function
        The one under test. One that asks a model needs a model that answers the same to the same.
    catalogue : Catalogue, optional
        Whose pairs are asked about, 60 at most; the bundled ``starter-27`` without it.

    Raises
    ------
    AssertionError
        With what was broken.

    Examples
    --------
    >>> from campaignkit.edges import TraitScorer
    >>> check_scorer(TraitScorer())
    """
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges import EdgeScorer, PairTable
    from campaignkit.edges.scorers.protocols import ResolvedScorer

    table = PairTable(Catalogue.bundled("starter-27") if catalogue is None else catalogue)
    step = max(1, len(table) // _MOST)
    pairs = [table.pair(number) for number in range(0, len(table), step)][:_MOST]
    resolved = ResolvedScorer(scorer)
    signs = [judged.sign for judged in resolved.judge(pairs)]

    def again(some: list) -> list[int]:  # type: ignore[type-arg]  # of pairs
        return [judged.sign for judged in resolved.judge(some)]

    assert again(pairs) == signs, "asked again it gave other signs"
    assert again(pairs[::-1]) == signs[::-1], "signs are not in the order of the pairs"
    turned = again([(other, one) for one, other in pairs])
    assert turned == signs, "a pair's sign depends on which of the two comes first"
    alone = [again([pair])[0] for pair in pairs[:5]]
    assert alone == signs[:5], "a pair's sign depends on what else is asked"
    assert again([]) == [], "it gave answers to no pairs"
    if isinstance(scorer, EdgeScorer):
        said = [int(sign) for sign in scorer.score(pairs)]
        assert said == signs, "score and judge give different answers"
    assert ResolvedScorer(scorer).identity == resolved.identity, "its identity changed"
