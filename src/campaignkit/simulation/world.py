"""A world whose signs are known, to rehearse a build in before a model is paid for one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import PairTable
from campaignkit.errors import Fault, GraphError
from campaignkit.graph import SignedGraph
from campaignkit.seeds import checked_seed, stream
from campaignkit.simulation.latent import Floats, LatentFactors, ends_of, standard
from campaignkit.simulation.synthetic import numbered_catalogue
from campaignkit.simulation.traits import Traits, draw_traits, visible_scores, with_errors

_MODALITY_SHARES = {"brand": 60, "audience": 60, "platform": 10, "geo": 30}  # published, of 160
# Shares of a score's variance: what traits show, what a few hidden properties of the attributes
# make, and what is the pair's own. They are those the published comparison was simulated with.
VISIBLE, HIDDEN, OWN = 0.75, 0.10, 0.15
_HIDDEN_RANK = 3


class RehearsalWorld:
    """A simulated world: each pair of attributes has a true sign, and a model mostly sees it.

    Each attribute has traits; a pair's score comes for 75% from the traits, for 10% from a few
    hidden properties of the two, for 15% from the pair alone. The highest scores are +, the lowest
    -. The simulated model sees the score with noise, so it errs where signs border on each other.
    All of this is simulated: no figure from it says what a real model would do.

    Parameters
    ----------
    catalogue : Catalogue, mapping of str to int, or int
        The attributes (what they are like is drawn, whatever they are called), or the number of
        each modality, or their number alone: 160 gives 60 brands, 60 audiences, 10 platforms and
        30 countries, as published.
    seed : int
        The same arguments and seed give the same world.
    pos_frac, neg_frac : float
        Shares of + and - among the pairs.
    flip_rate : float
        Share of a model's answers that are not the true sign, in [0, 0.5].
    malformed : float
        Share of answers that are no sign; used by the model that speaks in prompts, not by
        `scorer`.
    wrong_cards : float
        Chance of each entry of a trait card to be another attribute's.
    position_bias : float
        How much lower the last pair of a call is seen than its first, in standard deviations of
        the scores.

    Attributes
    ----------
    catalogue : Catalogue
        Without traits; see `carded` for one with them.
    pairs : int32[P, 2]
        Positions of the pairs of different modalities, the earlier first, in ascending order.
    truth : int8[P]
        Their signs.
    score : float64[P]
        What the signs come from; mean 0 and variance 1.
    malformed, flip_rate, position_bias : float
        As given.

    Raises
    ------
    GraphError
        If the shares are no shares, or there is no pair of different modalities.

    Examples
    --------
    >>> world = RehearsalWorld(160, seed=7)
    >>> world.num_pairs, int((world.truth == 1).sum()), int((world.truth == -1).sum())
    (8700, 4350, 783)
    >>> sorted(world.cards(world.catalogue[0]))
    ['ages', 'anti_categories', 'categories', 'intent', 'price_tier', 'regions', 'values']
    """

    def __init__(
        self,
        catalogue: Catalogue | Mapping[str, int] | int = 160,
        *,
        seed: int = 0,
        pos_frac: float = 0.5,
        neg_frac: float = 0.09,
        flip_rate: float = 0.05,
        malformed: float = 0.01,
        wrong_cards: float = 0.15,
        position_bias: float = 0.1,
    ) -> None:
        shares = {
            "pos_frac": (pos_frac, 1.0),
            "neg_frac": (neg_frac, 1.0 - pos_frac),
            "flip_rate": (flip_rate, 0.5),
            "malformed": (malformed, 1.0),
            "wrong_cards": (wrong_cards, 1.0),
            "position_bias": (position_bias, math.inf),
        }
        faults = [
            Fault(name, f"is {given!r}; expected 0 to {most:g}")
            for name, (given, most) in shares.items()
            if not 0 <= given <= most + 1e-12
        ]
        if faults:
            raise GraphError("there is no such world", faults=faults)
        self.seed = checked_seed(seed)
        self.flip_rate, self.malformed, self.position_bias = flip_rate, malformed, position_bias
        self.catalogue = _as_catalogue(catalogue)
        self._table = PairTable(self.catalogue)
        self.pairs = self._table.pairs
        traits = draw_traits(len(self.catalogue), stream(self.seed, "rehearsal", "traits"))
        self._told = with_errors(traits, wrong_cards, stream(self.seed, "rehearsal", "cards"))
        self.score = _scores(traits, self._table, stream(self.seed, "rehearsal", "scores"))
        self.truth, self._borders = _cut(self.score, pos_frac, neg_frac)
        self._drawn: dict[tuple[int, int], NDArray[np.float32]] = {}
        self._noise_sd = _noise_for(self.score, self._borders, flip_rate)

    @property
    def num_pairs(self) -> int:
        """Number of pairs of different modalities."""
        return len(self.pairs)

    def pair_index(self, one: Attribute, other: Attribute) -> int:
        """The row of a pair in `pairs`, whichever attribute comes first.

        Raises
        ------
        UnknownAttribute
            If an attribute is not of this world.
        GraphError
            If both are of one modality.
        """
        return self._table.index(one, other)

    def truth_graph(self) -> SignedGraph:
        """The true signs as a graph, neutral pairs among them."""
        source, target = self.pairs.T
        return SignedGraph.from_arrays(self.catalogue, source, target, self.truth)

    def carded(self) -> Catalogue:
        """The catalogue with trait cards and descriptions filled in, errors and all."""
        return Catalogue(
            Attribute(a.modality, a.value, self.describe(a), self.cards(a)) for a in self.catalogue
        )

    def cards(self, attribute: Attribute) -> dict[str, str | list[str]]:
        """The card of an attribute as the simulated model fills it in: some entries are wrong.

        Raises
        ------
        UnknownAttribute
            If it is not of this world.
        """
        return self._told.card(self.catalogue.index(attribute.key))

    def describe(self, attribute: Attribute) -> str:
        """A few sentences on an attribute, as the simulated model writes them: from its card.

        Examples
        --------
        >>> world = RehearsalWorld({"brand": 2, "geo": 1}, seed=3)
        >>> world.describe(world.catalogue[0]).split(".")[0]
        'brand 1 stands for drinks'
        """
        card = self.cards(attribute)
        listed = {name: " and ".join(card[name]) or "nothing in particular" for name in (
            "categories", "anti_categories", "regions", "values",
        )}  # fmt: skip
        return (
            f"{attribute.value} stands for {listed['categories']}. "
            f"Its price tier is {card['price_tier']}, its people are aged {card['ages']}. "
            f"They value {listed['values']} and come to {card['intent']}. "
            f"It is at home in {listed['regions']}. It keeps away from "
            f"{listed['anti_categories']}."
        )

    def scorer(self, *, rerun: int = 0) -> RehearsalScorer:
        """A scorer for `build_graph` that answers as the simulated model does."""
        return RehearsalScorer(self, rerun=rerun)

    def answers(
        self,
        index: ArrayLike | None = None,
        *,
        rerun: int = 0,
        turn: int = 0,
        place: ArrayLike = 0.0,
    ) -> NDArray[np.int8]:
        """int8: what the simulated model answers for pairs, by their rows in `pairs`.

        Parameters
        ----------
        index : int[k], optional
            Rows of `pairs`; all of them without it.
        rerun, turn : int
            Which run of the model, and how often the pair was asked before in it; each has errors
            of its own, and the same numbers have the same.
        place : float or float[k]
            Where in its call a pair stands: 0.5 first, -0.5 last.
        """
        rows = np.arange(self.num_pairs) if index is None else np.asarray(index, dtype=np.int64)
        return self.seen(rows, self._noise(rerun, turn)[rows], place=place)

    def seen(
        self, index: ArrayLike, noise: ArrayLike, *, place: ArrayLike = 0.0
    ) -> NDArray[np.int8]:
        """int8[k]: the signs that a judge with this standard normal noise sees.

        Parameters
        ----------
        index : int[k]
            Rows of `pairs`.
        noise : float[k]
            Of the judge; 0 sees the truth.
        place : float or float[k]
            As in `answers`.

        Examples
        --------
        >>> world = RehearsalWorld({"brand": 4, "geo": 3}, seed=1)
        >>> bool((world.seen([0, 5], [0, 0]) == world.truth[[0, 5]]).all())
        True
        """
        rows = np.asarray(index, dtype=np.int64)
        seen = self.score[rows] + np.asarray(place) * self.position_bias
        seen = seen + self._noise_sd * np.asarray(noise)
        low, high = self._borders
        return (seen > high).astype(np.int8) - (seen < low).astype(np.int8)

    def cluster_score(
        self, members: Sequence[Attribute], others: Sequence[Attribute], *, noise: float = 0.8
    ) -> int | None:
        """What the simulated model thinks of two clusters: 0 to 10, or None for "not viable".

        Parameters
        ----------
        members, others : sequence of Attribute
            Of two modalities.
        noise : float
            Standard deviation of the model's error, in points.

        Examples
        --------
        >>> world = RehearsalWorld(160, seed=7)
        >>> brands, audiences = world.catalogue.of("brand"), world.catalogue.of("audience")
        >>> 0 <= world.cluster_score(brands[:3], audiences[:3]) <= 10
        True
        """
        rows = np.array([self.pair_index(a, b) for a in members for b in others], dtype=np.int64)
        low, high = self._borders
        # On the scale that prompts ask for, 7 and more is + and below 4 is -, so one answer's
        # borders lie at 3.5 and 6.5. The mean of many pairs varies less than they do, and a judge
        # who compares clusters uses the scale all the same: the mean is spread again.
        points = 5 + 3 * (self.score[rows] - (low + high) / 2) / max(high - low, 1e-9)
        middle = 5 + 3 * (0 - (low + high) / 2) / max(high - low, 1e-9)
        spread = min(math.sqrt(len(rows)), 1.8)
        rng = stream(self.seed, "rehearsal", "clusters", *sorted(rows.tolist()))
        told = middle + (float(points.mean()) - middle) * spread + rng.normal(0, noise)
        if told < 1.0 and rng.random() < 0.5:
            return None
        return int(np.clip(round(told), 0, 10))

    def __repr__(self) -> str:
        return f"RehearsalWorld({len(self.catalogue)} attributes, seed={self.seed})"

    def _noise(self, rerun: int, turn: int) -> NDArray[np.float32]:
        # Drawn for all pairs at once and kept: a pair's errors do not hang on what else is asked.
        if (rerun, turn) not in self._drawn:
            rng = stream(self.seed, "rehearsal", "answers", rerun, turn)
            self._drawn[rerun, turn] = rng.normal(size=self.num_pairs).astype(np.float32)
        return self._drawn[rerun, turn]


class RehearsalScorer:
    """Signs from a :class:`RehearsalWorld`: near a border now one sign, now the other.

    A pair asked twice is answered by two draws; what came between does not matter. Pairs late in
    a call are answered a little lower where the world has a position bias.

    Parameters
    ----------
    world : RehearsalWorld
        Where the signs come from.
    rerun : int
        Another number, other errors: two runs of brute force are two numbers.

    Attributes
    ----------
    num_calls, num_judgements : int
        What was asked so far.

    Examples
    --------
    >>> world = RehearsalWorld({"brand": 3, "geo": 2}, seed=1)
    >>> scorer = world.scorer()
    >>> scorer.score([(world.catalogue[0], world.catalogue[3])]), scorer.num_calls
    ([1], 1)
    """

    def __init__(self, world: RehearsalWorld, *, rerun: int = 0) -> None:
        self._world = world
        self._rerun = rerun
        self._asked = np.zeros(world.num_pairs, dtype=np.int64)
        self.num_calls = 0
        self.num_judgements = 0

    def score(self, pairs: Sequence[tuple[Attribute, Attribute]]) -> list[int]:
        """A sign for each pair, in one call.

        Raises
        ------
        UnknownAttribute
            If an attribute is not of this world.
        GraphError
            If two attributes are of one modality.
        """
        asked = np.array([self._world.pair_index(a, b) for a, b in pairs], dtype=np.int64)
        self.num_calls += 1
        self.num_judgements += len(asked)
        turns = self._asked[asked]
        np.add.at(self._asked, asked, 1)
        place = places(len(asked))
        signs = np.zeros(len(asked), dtype=np.int64)
        for turn in np.unique(turns).tolist():
            rows = turns == turn
            signs[rows] = self._world.answers(
                asked[rows], rerun=self._rerun, turn=turn, place=place[rows]
            )
        return signs.tolist()


def places(num_pairs: int) -> Floats:
    """Where each pair of a call stands: 0.5 first, -0.5 last.

    Examples
    --------
    >>> places(3).tolist(), places(1).tolist()
    ([0.5, 0.0, -0.5], [0.0])
    """
    return np.linspace(0.5, -0.5, num_pairs) if num_pairs > 1 else np.zeros(num_pairs)


def _scores(traits: Traits, table: PairTable, rng: Generator) -> Floats:
    """float64[P]: the scores of all pairs, mean 0 and variance 1."""
    one, other = table.pairs.T
    visible = visible_scores(traits, table.codes, table.pairs, rng)
    left, right = (rng.normal(size=(len(table.codes), _HIDDEN_RANK)) for _ in range(2))
    hidden = LatentFactors(left, right).scores(one, other)
    own = rng.normal(size=len(table))
    parts = ((VISIBLE, visible), (HIDDEN, hidden), (OWN, own))
    return standard(sum(np.sqrt(share) * standard(part) for share, part in parts))


def _as_catalogue(given: Catalogue | Mapping[str, int] | int) -> Catalogue:
    if isinstance(given, Catalogue):
        return Catalogue(Attribute(a.modality, a.value) for a in given)
    if isinstance(given, Mapping):
        return numbered_catalogue(given)
    if isinstance(given, bool) or not isinstance(given, int) or given < 16 or given % 16:
        raise GraphError(
            f"catalogue is {given!r}; expected a catalogue, sizes by modality, or a number",
            hint="a number is a multiple of 16, such as 160, 320, 800 or 1600",
        )
    return _as_catalogue({m: given * share // 160 for m, share in _MODALITY_SHARES.items()})


def _cut(
    score: Floats, pos_frac: float, neg_frac: float
) -> tuple[NDArray[np.int8], tuple[float, float]]:
    """Signs with exactly these shares, and the scores between which they change."""
    num_neg = round(neg_frac * len(score))
    num_pos = min(round(pos_frac * len(score)), len(score) - num_neg)
    truth = np.zeros(len(score), dtype=np.int8)
    for sign, rows in zip((-1, 1), ends_of(score, num_neg, num_pos), strict=True):
        truth[rows] = sign

    def border(upper: NDArray[np.bool_]) -> float:
        return (
            float(
                np.max(score[~upper], initial=-math.inf) + np.min(score[upper], initial=math.inf)
            )
            / 2
        )

    return truth, (border(truth > -1), border(truth > 0))


def _noise_for(score: Floats, borders: tuple[float, float], flip_rate: float) -> float:
    """The standard deviation of noise that turns this share of the signs into another."""
    from scipy.special import ndtr

    if flip_rate == 0:
        return 0.0
    low, high = borders
    sample = score[:: max(len(score) // 20_000, 1)]

    def flipped(spread: float) -> float:
        below, above = ndtr((low - sample) / spread), ndtr((sample - high) / spread)
        kept = np.where(sample < low, below, np.where(sample > high, above, 1 - below - above))
        return 1 - float(kept.mean())

    # Bisection: more noise, more flips, up to a share that no noise exceeds.
    least, most = 1e-6, 20.0
    for _ in range(60):
        middle = math.sqrt(least * most)
        least, most = (middle, most) if flipped(middle) < flip_rate else (least, middle)
    return math.sqrt(least * most)
