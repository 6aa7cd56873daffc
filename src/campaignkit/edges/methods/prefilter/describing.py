"""Descriptions from a chat model, for attributes that have none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.prefilter.prompts import GUIDES, Guide, guide_for
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.errors import CatalogueError
from campaignkit.llm import CallFailed, Prompt, Reply, Request, numbered_reply, read_numbers

STAGE = "describe"
TEXT = {"type": "string"}
Ask = Callable[[Sequence[Request]], Sequence[Reply[Any] | CallFailed]]
"""Sends requests and gives what came, in order: ``account.ask_many`` is one."""


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What came of asking for descriptions.

    Attributes
    ----------
    catalogue : Catalogue
        The same attributes, those that were described with their description.
    failures : mapping of int to str
        Why the others have none, by position in the catalogue.
    """

    catalogue: Catalogue
    failures: Mapping[int, str]


def describe_attributes(
    catalogue: Catalogue,
    ask: Ask,
    *,
    only_missing: bool = True,
    per_call: int = 10,
    guides: Mapping[str, Guide] = GUIDES,
    temperature: float | None = 0.15,
) -> Descriptions:
    """Have a chat model describe attributes, each by what matters for its modality.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes; traits and descriptions that are there are shown to the model.
    ask : callable
        Sends the requests: an :class:`~campaignkit.llm.Account`'s ``ask_many``.
    only_missing : bool
        Whether attributes that have a description keep it and are not asked about.
    per_call : int
        Attributes of one modality in a call, at most.
    guides : mapping of str to Guide
        What to say, by modality.
    temperature : float or None
        As in :class:`~campaignkit.llm.Prompt`.

    Returns
    -------
    Descriptions
        A key that a reply lacks is asked for once more, alone with others that lack.

    Examples
    --------
    >>> import json
    >>> from campaignkit.llm import Account, ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: json.dumps(
    ...     {key: "Sells shoes." for key in schema["required"]}))
    >>> with Account(model) as account:
    ...     told = describe_attributes(Catalogue([Attribute("brand", "Nike")]), account.ask_many)
    >>> told.catalogue[0].description
    'Sells shoes.'
    """
    found: dict[int, str] = {}
    failures: dict[int, str] = {}
    missing = [i for i, a in enumerate(catalogue) if not (only_missing and a.description)]
    for again in (False, True):
        calls = _calls(catalogue, missing, per_call)
        mark = " again" if again else ""
        requests = [
            describe_request([catalogue[i] for i in call], guides=guides,
                             temperature=temperature, mark=mark)
            for call in calls
        ]  # fmt: skip
        for call, reply in zip(calls, ask(requests), strict=True):
            _read(catalogue, call, reply, found, failures)
        missing = [i for i in missing if i not in found]
        if not missing:
            break
    described = Catalogue(
        Attribute(a.modality, a.value, found.get(i, a.description), a.traits)
        for i, a in enumerate(catalogue)
    )
    return Descriptions(described, {i: failures.get(i, "no answer") for i in missing})


def describe_request(
    attributes: Sequence[Attribute],
    *,
    guides: Mapping[str, Guide] = GUIDES,
    temperature: float | None = 0.15,
    mark: str = "",
) -> Request:
    """The request that describes attributes of one modality.

    Examples
    --------
    >>> request = describe_request([Attribute("brand", "Nike", traits={"price": "mid"})])
    >>> print(request.prompt.user.splitlines()[-2])
    "[1]": {"name": "Nike", "known": {"price": "mid"}}}
    >>> request.prompt.template
    'describe-brand@1'
    """
    modality = attributes[0].modality
    guide = guide_for(modality, guides)
    shown: dict[str, object] = {"modality": modality}
    for number, attribute in enumerate(attributes, start=1):
        known = {name: _plain(item) for name, item in attribute.traits.items()}
        entry: dict[str, object] = {"name": attribute.value}
        if attribute.description:
            entry["described as"] = attribute.description
        if known:
            entry["known"] = known
        shown[f"[{number}]"] = entry
    answer = (
        "Answer with one JSON object and nothing else: for each number in brackets, without the "
        "brackets, the description as one string."
    )
    name = modality if modality in guides else "other"
    prompt = Prompt(
        user=f"{guide.instruction}\n{answer}\n{data_block(shown)}",
        system=f"You know brands, audiences, media and markets. {DATA_RULE}",
        template=f"describe-{name}@{guide.version}{mark}",
        temperature=temperature,
    )
    return Request(prompt, numbered_reply(len(attributes), TEXT), STAGE)


def _calls(catalogue: Catalogue, positions: Sequence[int], per_call: int) -> list[list[int]]:
    if per_call < 1:
        raise CatalogueError(f"per_call is {per_call}; expected at least 1")
    by_modality: dict[str, list[int]] = {}
    for position in positions:
        by_modality.setdefault(catalogue[position].modality, []).append(position)
    return [
        held[start : start + per_call]
        for held in by_modality.values()
        for start in range(0, len(held), per_call)
    ]


def _read(
    catalogue: Catalogue,
    call: Sequence[int],
    reply: Reply[Any] | CallFailed,
    found: dict[int, str],
    failures: dict[int, str],
) -> None:  # fmt: skip
    """Enter what a reply says of each attribute of its call."""
    if isinstance(reply, CallFailed):
        failures.update(dict.fromkeys(call, f"{reply.reason}: {reply.message}"))
        return
    said = read_numbers(reply.value)
    for number, position in enumerate(call, start=1):
        text = said.get(number)
        if not isinstance(text, str) or not text.strip():
            failures[position] = f"the answer was {text!r}"[:80]
            continue
        a = catalogue[position]
        try:
            Attribute(a.modality, a.value, _tidy(text))
        except CatalogueError as err:
            failures[position] = "; ".join(str(fault) for fault in err.faults)
        else:
            found[position] = _tidy(text)


def _tidy(text: str) -> str:
    """A model's prose in the form that catalogues keep: NFC, one kind of white space."""
    import unicodedata

    return unicodedata.normalize("NFC", " ".join(text.split()))


def _plain(item: str | Sequence[str]) -> str | list[str]:
    return item if isinstance(item, str) else list(item)
