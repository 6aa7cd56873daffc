"""What a model is told about pairs: the task, what the signs mean, the names as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaignkit.catalogue import Attribute
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.edges.scorers.protocols import Pair
from campaignkit.edges.scorers.scale import Scale
from campaignkit.llm import Prompt

_ROLE = (
    "You plan marketing campaigns. You judge which attributes of a campaign (brands, audiences, "
    "platforms, places and others) help each other and which harm each other."
)
_MEANINGS = (
    "+ : an obvious natural fit. The audiences overlap strongly, the brand is aligned with it, "
    "and putting the two into one campaign raises its return.\n"
    "- : friction. Spend would be wasted: demographics conflict, the brand is at odds with it, "
    "or the two cannot be had together.\n"
    "0 : unrelated, no more than the baseline, or you are not sure."
)
_GUARD = (
    "Judge what a marketer would expect of the two as they are commonly known. Do not invent edge "
    "cases: a fit that needs unconventional reasoning is a mismatch. If you are unsure, answer 0."
)
_PRIMARY_TASK = (
    "Judge the primary attribute against each numbered target: would a campaign that has "
    "both do better, worse, or neither?"
)
_PAIRS_TASK = (
    "Judge each numbered pair of attributes: would a campaign that has both do better, worse, or "
    "neither?"
)


@dataclass(frozen=True, slots=True)
class PairPrompt:
    """The wording of the prompt that judges pairs; replace any part of it.

    A call whose pairs share an attribute shows that one as primary and the others as its numbered
    targets; any other call shows numbered pairs. Names, descriptions and facts are quoted in a
    data block; your texts are taken as they stand, braces included.

    Attributes
    ----------
    role, meanings, guard : str
        Who the model is, what + - and 0 mean in campaign terms, and what to do in doubt.
    primary_task, pairs_task : str
        What is asked, in each of the two forms.
    name, version : str and int
        Of the template. Raise the version, or change the name, with the wording: both are part of
        the cache key, as the wording itself is.

    Examples
    --------
    >>> from campaignkit.edges.scorers.scale import SignScale
    >>> nike, athletes = Attribute("brand", "Nike"), Attribute("audience", "Athletes")
    >>> prompt = PairPrompt().render([(nike, athletes)], scale=SignScale())
    >>> print(prompt.user)
    Judge the primary attribute against each numbered target: would a campaign that has both do better, worse, or neither?
    <data>
    {"primary": ["brand", "Nike"],
    "[1]": ["audience", "Athletes"]}
    </data>
    """  # noqa: E501  # the prompt as it is sent

    role: str = _ROLE
    meanings: str = _MEANINGS
    guard: str = _GUARD
    primary_task: str = _PRIMARY_TASK
    pairs_task: str = _PAIRS_TASK
    name: str = "pairs"
    version: int = 1

    @property
    def template(self) -> str:
        """``"name@version"``."""
        return f"{self.name}@{self.version}"

    def system(self, scale: Scale) -> str:
        """The standing instruction."""
        return (
            f"{self.role}\n\n{self.meanings}\n\n{self.guard}\n\n{DATA_RULE}\n\n"
            "Answer with one JSON object and nothing else. Its keys are the numbers in brackets, "
            f"every one of them once, never a name. {scale.instruction}"
        )

    def render(
        self,
        pairs: Sequence[Pair],
        *,
        scale: Scale,
        describe: bool = False,
        facts: Sequence[Sequence[str]] = (),
        about: Sequence[tuple[Attribute, Sequence[str]]] = (),
        temperature: float | None = 0.15,
        mark: str = "",
    ) -> Prompt:
        """The prompt of one call.

        Parameters
        ----------
        pairs : sequence of (Attribute, Attribute)
            Numbered from 1 in this order.
        scale : Scale
            How answers are to be given.
        describe : bool
            Whether descriptions are shown beside the names.
        facts : sequence of sequences of str
            What is known of each pair.
        about : sequence of (Attribute, sequence of str)
            What is known of attributes.
        temperature : float or None
            As in :class:`~campaignkit.llm.Prompt`.
        mark : str
            Tells this asking from others of the same words.
        """
        primary = shared_attribute(pairs)
        shown: dict[str, object] = {}
        if primary is not None:
            shown["primary"] = _shown(primary, describe=describe)
        for number, (one, other) in enumerate(pairs, start=1):
            if primary is None:
                ends = [_shown(one, describe=describe), _shown(other, describe=describe)]
                shown[f"[{number}]"] = ends
            else:
                target = other if one.key == primary.key else one
                shown[f"[{number}]"] = _shown(target, describe=describe)
        known_of = [[a.modality, a.value, *known] for a, known in about if known]
        if known_of:
            shown["facts"] = known_of
        numbered = {f"[{n}]": list(known) for n, known in enumerate(facts, start=1) if known}
        if numbered:
            shown["facts about pairs"] = numbered
        task = self.pairs_task if primary is None else self.primary_task
        return Prompt(
            user=f"{task}\n{data_block(shown)}",
            system=self.system(scale),
            template=f"{self.template} {mark}".strip(),
            temperature=temperature,
        )


def shared_attribute(pairs: Sequence[Pair]) -> Attribute | None:
    """The attribute that all pairs have in common, the first one of a single pair; or None.

    Examples
    --------
    >>> nike, peru = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> shared_attribute([(nike, peru), (Attribute("brand", "Dior"), peru)]).value
    'Peru'
    """
    if not pairs:
        return None
    for candidate in pairs[0]:
        if all(candidate.key in (one.key, other.key) for one, other in pairs):
            return candidate
    return None


def _shown(attribute: Attribute, *, describe: bool) -> list[str]:
    named = [attribute.modality, attribute.value]
    return [*named, attribute.description] if describe and attribute.description else named
