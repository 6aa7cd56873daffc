"""The contract of :class:`campaignkit.recommend.Scores`, for ours and for yours."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.recommend import Scores

_MOST = 200  # node sets that are scored


@contract
def check_scores(scores: Scores) -> None:
    """Test scores against their contract; raises `AssertionError` on the first breach.

    They must: give a finite score to each node set, the same one whatever else is scored with it;
    find completions that keep the rules, once each and the best first; and never find one better
    than their bound. Probabilities, where there are any, add up to 1 and rise with the score.

    Parameters
    ----------
    scores : Scores
        Of two modalities or more.

    Examples
    --------
    >>> from campaignkit.dataset import Vocabulary
    >>> from campaignkit.recommend.scores import PairScores
    >>> vocabulary = Vocabulary.of([("a", "x"), ("b", "y"), ("b", "z")])
    >>> check_scores(PairScores(vocabulary, np.array([[0, 2.0, 1.0], [2.0, 0, 0], [1.0, 0, 0]])))
    """
    from campaignkit.recommend.partial import PartialCampaign, read_partial

    assert_offers(scores, "scores", "vocabulary", "labels", "notes", "of", "chances", "find")
    names = scores.vocabulary.modalities
    first, last = names[0], names[-1]
    asked = PartialCampaign(free=[first, last], type_ranges={first: (1, 1), last: (1, 2)})
    question = read_partial(asked, scores.vocabulary, {})
    choices = [
        [of for num in range(low, high + 1) for of in combinations(nodes.tolist(), num)]
        for nodes, low, high in question.open
    ]
    sets = [np.array(sorted(one + two)) for one, two in product(*choices)][:_MOST]
    told = np.asarray(scores.of(sets))
    assert told.shape == (len(sets),), f"of {len(sets)} sets come {told.shape} scores"
    assert np.isfinite(told).all(), "a score is not finite"
    alone = np.array([scores.of([nodes])[0] for nodes in sets[:9]])
    np.testing.assert_allclose(
        alone, told[:9], err_msg="a score depends on what is scored with it"
    )

    found = scores.find(question, k=5, max_steps=1000)
    listed = [tuple(nodes.tolist()) for nodes in found.sets]
    assert len({*listed}) == len(listed), f"a completion comes twice: {listed}"
    every = {one + two for one, two in product(*choices)}
    strange = [of for of in listed if of not in {tuple(sorted(of)) for of in every}]
    assert not strange, f"completions break the rules: {strange}"
    best = np.asarray(scores.of(found.sets))
    assert (np.diff(best) <= 1e-9).all(), f"completions are not the best first: {best}"
    reached = max(found.bound, best[-1] if len(best) == 5 else best[0])
    unseen = [s for s, n in zip(told, sets, strict=True) if tuple(n.tolist()) not in {*listed}]
    assert max(unseen, default=reached) <= reached + 1e-9, "a completion exceeds the bound"

    if scores.labels:
        chances = np.asarray(scores.chances(np.sort(told)))
        assert chances.shape == (len(told), len(scores.labels)), "a label has no probability"
        np.testing.assert_allclose(chances.sum(axis=1), 1, err_msg="probabilities miss 1")
        assert (np.diff(chances[:, -1]) >= -1e-12).all(), "a higher score is less probable"
