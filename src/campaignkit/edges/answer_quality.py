"""How steady a judge's answers are: flips, the pull of position, answers without information."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.answer_store import Answer, Vote

_FEW = 20  # judged pairs below which one sign for all of them says little
_STEEP = 3.0  # standard errors from which a slope is told as a warning


@dataclass(frozen=True, slots=True)
class AnswerQuality:
    """What the repeats and the positions of a model's answers say about it.

    Attributes
    ----------
    num_repeats : int
        Pairs that were asked twice, each in another call.
    num_flips : int
        Those of them whose two answers differ.
    position_slope, position_slope_se : float or None
        Change of the sign from the first to the last place of a call, and its standard error;
        None where nothing can be said. Places are drawn, so this is the pull of position alone.

    Examples
    --------
    >>> AnswerQuality(num_repeats=40, num_flips=3).flip_rate
    0.075
    """

    num_repeats: int = 0
    num_flips: int = 0
    position_slope: float | None = None
    position_slope_se: float | None = None

    @property
    def flip_rate(self) -> float | None:
        """Share of the repeats that came out otherwise; None without any."""
        return self.num_flips / self.num_repeats if self.num_repeats else None

    @property
    def flip_interval(self) -> tuple[float, float] | None:
        """95% interval of the flip rate (Wilson); None without repeats.

        Examples
        --------
        >>> low, high = AnswerQuality(num_repeats=100, num_flips=7).flip_interval
        >>> round(low, 3), round(high, 3)
        (0.034, 0.137)
        """
        n, z = self.num_repeats, 1.96
        if not n:
            return None
        share = self.num_flips / n
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        return max(0.0, middle - half), min(1.0, middle + half)

    @property
    def rerun_ceiling(self) -> float | None:
        """Share of pairs on which another run of the same judge would agree; None without any.

        No build can be expected to agree with this one more than it agrees with itself.
        """
        rate = self.flip_rate
        return None if rate is None else 1 - rate


def measure_answers(answers: Iterable[Answer]) -> AnswerQuality:
    """Measure flips and the pull of position over all answers of a build.

    Examples
    --------
    >>> from campaignkit.edges.judgement import Judgement
    >>> pair = ("brand", "Nike"), ("geo", "Peru")
    >>> measure_answers([
    ...     Answer(pair, Judgement(1)), Answer(pair, Judgement(0), Vote.REPEAT)
    ... ]).flip_rate
    1.0
    """
    first: dict[object, int] = {}
    repeats: list[tuple[object, int]] = []
    places, signs = [], []
    for answer in answers:
        pair, sign = frozenset(answer.pair), int(answer.judgement.sign)
        if answer.vote is Vote.REPEAT:
            repeats.append((pair, sign))
        elif answer.vote is Vote.FIRST:
            first[pair] = sign
            if answer.place is not None:
                places.append(answer.place)
                signs.append(sign)
    seen = [(first[pair], sign) for pair, sign in repeats if pair in first]
    slope, error = _slope(np.array(places), np.array(signs))
    return AnswerQuality(len(seen), sum(a != b for a, b in seen), slope, error)


def quality_warnings(quality: AnswerQuality, signs: Sequence[int] | NDArray[np.int8]) -> list[str]:
    """What a user should be warned of; `signs` are those of all pairs that were judged.

    Examples
    --------
    >>> quality_warnings(AnswerQuality(), [1] * 30)
    ['all 30 judged pairs are +: the answers hold no information']
    """
    warnings = []
    held = np.unique(np.asarray(signs))
    if len(signs) >= _FEW and len(held) == 1:
        said = {1: "+", -1: "-", 0: "0"}[int(held[0])]
        warnings.append(
            f"all {len(signs):,} judged pairs are {said}: the answers hold no information"
        )
    slope, error = quality.position_slope, quality.position_slope_se
    if slope is not None and error is not None and abs(slope) > _STEEP * error:
        warnings.append(
            f"the place in a call sways the answers: the last is {slope:+.3f} against the first "
            f"(standard error {error:.3f}); smaller batches lessen it"
        )
    return warnings


def _slope(
    places: NDArray[np.float64], signs: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """Slope of the least-squares line and its standard error."""
    if len(places) < 3 or not np.ptp(places):
        return None, None
    if not np.ptp(signs):
        return 0.0, 0.0
    centred = places - places.mean()
    spread = float((centred**2).sum())
    slope = float((centred * signs).sum()) / spread
    left = signs - signs.mean() - slope * centred
    return slope, math.sqrt(float((left**2).sum()) / (len(places) - 2) / spread)
