"""Asking a model about attributes or groups of them: numbered, a few of one modality a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from campaignkit.edges.pairs import chunks
from campaignkit.edges.prompt_data import data_block
from campaignkit.llm import Prompt, Request, numbered_reply


class OfModality(Protocol):
    """An attribute, or a cluster of some."""

    @property
    def modality(self) -> str:
        """What kind of thing it is."""


Item = TypeVar("Item", bound=OfModality)


def calls_of_items(items: Iterable[Item], per_call: int) -> list[list[Item]]:
    """The items of each call: of one modality, at most so many.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> len(calls_of_items(Catalogue.bundled("retail-160"), 10))
    16
    """
    of_modality: dict[str, list[Item]] = {}
    for item in items:
        of_modality.setdefault(item.modality, []).append(item)
    return [call for held in of_modality.values() for call in chunks(held, per_call)]


def numbered_request(
    question: str,
    entries: Sequence[object],
    *,
    about: Mapping[str, object],
    form: dict[str, Any],  # Any: a JSON schema
    stage: str,
    system: str,
    template: str,
    temperature: float | None,
    asked: int = 1,
) -> Request:
    """A question about numbered entries, which stand in the data block after what all are about.

    Parameters
    ----------
    form : dict
        The JSON schema of each answer.
    asked : int
        How often the entries were asked about, this time included; another time has another
        template, or the stored reply would come back.
    """
    shown = {**about, **{f"[{number}]": held for number, held in enumerate(entries, start=1)}}
    prompt = Prompt(
        user=f"{question}\n{data_block(shown)}",
        system=system,
        template=template if asked == 1 else f"{template} ask {asked}",
        temperature=temperature,
    )
    return Request(prompt, numbered_reply(len(entries), form), stage)
