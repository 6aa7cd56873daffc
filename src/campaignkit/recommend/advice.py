"""What a recommender answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaignkit.catalogue.attribute import Key
from campaignkit.recommend.changes import Kind
from campaignkit.show import table


@dataclass(frozen=True)
class Reason:
    """A pair of attributes that helps a campaign or clashes in it.

    Attributes
    ----------
    pair : (attribute, attribute)
        As (modality, value).
    effect : float
        Above or below that of the model's average pair.
    share : float
        Of the campaign's effects, all taken as positive.
    origin : str
        Where the effect comes from: "learned" from campaigns that had the pair, "predicted" from
        other pairs, or who decided the sign of a graph's edge.
    """

    pair: tuple[Key, Key]
    effect: float
    share: float
    origin: str

    def __str__(self) -> str:
        (_, one), (_, other) = self.pair
        return f"{one} + {other}: {self.effect:+.3g} ({self.share:.0%}, {self.origin})"


@dataclass(frozen=True)
class Neighbour:
    """A training campaign near a recommended one.

    Attributes
    ----------
    row : int
        Among the campaigns that the recommender was given.
    overlap : float
        Shared attributes over all attributes of both (Jaccard).
    label : object
        None where campaigns have no labels.
    """

    row: int
    overlap: float
    label: Any


@dataclass(frozen=True)
class Advice:
    """A campaign that is recommended, with how sure that is and why.

    Attributes
    ----------
    campaign : dict of str to list of str
        What was known and what was chosen.
    score : float
        Of the model; higher is better.
    probabilities : dict or None
        Of each label, from worst to best, calibrated where a search looks; None where the model
        gives ranks alone.
    interval : (float, float) or None
        Of the best label's probability, 80%. Needs labelled training campaigns.
    proven : bool
        Whether no completion that the search did not look at has a higher score.
    gap : float
        How much higher such a completion can score at most; 0 where it is proven, inf where no
        bound is known.
    reasons : tuple of Reason
        The three pairs that help most, then the three that clash most.
    nearest : tuple of Neighbour
        The three training campaigns that share most.
    percentile : float or None
        Share of training campaigns with a lower score.
    warnings : tuple of str
        What the reader must know.
    """

    campaign: Mapping[str, list[str]]
    score: float
    probabilities: Mapping[Any, float] | None
    interval: tuple[float, float] | None
    proven: bool
    gap: float
    reasons: tuple[Reason, ...] = ()
    nearest: tuple[Neighbour, ...] = ()
    percentile: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def chance(self) -> float | None:
        """The best label's probability."""
        return None if self.probabilities is None else [*self.probabilities.values()][-1]

    def __str__(self) -> str:
        named = "; ".join(f"{name} {', '.join(values)}" for name, values in self.campaign.items())
        return f"{named} ({self.value}, {'proven' if self.proven else 'best found'})"

    @property
    def value(self) -> str:
        """The best label's probability with its interval, or the score, in words."""
        if self.probabilities is None or self.chance is None:
            return f"score {self.score:.3g}"
        of = f"P({[*self.probabilities][-1]}) {self.chance:.2f}"
        return of + (f" [{self.interval[0]:.2f}, {self.interval[1]:.2f}]" if self.interval else "")

    def _repr_html_(self) -> str:
        rows = [[name, ", ".join(values)] for name, values in self.campaign.items()]
        return table(["modality", self.value], rows + [["why", str(r)] for r in self.reasons])


@dataclass(frozen=True)
class Change:
    """One value of a campaign swapped, added or removed, and what that is expected to bring.

    Attributes
    ----------
    kind : {"swap", "add", "remove"}
    modality : str
    out, into : str or None
        The value that leaves, and the one that comes.
    gain : float
        Of the best label's probability, or of the score where there are no probabilities; shrunk.
    stated : float
        The gain as the model states it.
    interval : (float, float) or None
        Of the gain, 80%. Needs labelled training campaigns.
    campaign : dict of str to list of str
        After the change.
    """

    kind: Kind
    modality: str
    out: str | None
    into: str | None
    gain: float
    stated: float
    interval: tuple[float, float] | None
    campaign: Mapping[str, list[str]]

    def __str__(self) -> str:
        what = {
            "swap": f"swap {self.out} for {self.into}",
            "add": f"add {self.into}",
            "remove": f"remove {self.out}",
        }[self.kind]
        within = f" [{self.interval[0]:+.2f}, {self.interval[1]:+.2f}]" if self.interval else ""
        return f"{self.modality}: {what}, {self.gain:+.3f}{within}"
