"""From words on the command line to the scorer, method and budget of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from campaignkit.errors import SettingError

if TYPE_CHECKING:
    from campaignkit.edges import GraphMethod
    from campaignkit.edges.methods.packing import Packing
    from campaignkit.llm import Budget, ChatModel

_METHODS = ("brute-force", "active", "pre-filter")
_MODELS = "gemini:NAME, openai:NAME, local:PATH, or NAME with --base-url"


def model_named(name: str, *, base_url: str | None = None) -> ChatModel:
    """A chat model by its name; keys come from the environment.

    ``gemini-...`` and ``gemini:NAME`` are Google's, ``openai:NAME`` is OpenAI's, any other name
    with a `base_url` is one of an OpenAI-compatible server, ``local:PATH`` runs on this computer.

    Raises
    ------
    SettingError
        If it is none of these, or has no key.

    Examples
    --------
    >>> model_named("llama-3", base_url="http://localhost:11434/v1").name
    'llama-3'
    """
    from campaignkit.llm import GeminiModel, OpenAICompatibleModel, TransformersModel

    service, colon, rest = name.partition(":")
    if service == "gemini" and colon:
        return GeminiModel(rest, base_url=base_url)
    if service == "openai" and colon:
        return OpenAICompatibleModel(rest, base_url=base_url)
    if service == "local" and colon:
        return TransformersModel(rest)
    if base_url is not None:
        return OpenAICompatibleModel(name, base_url=base_url)
    if name.startswith("gemini-"):
        return GeminiModel(name)
    raise SettingError(f"--model is {name!r}; expected {_MODELS}")


def method_named(
    name: str,
    *,
    model: ChatModel | None,
    packing: str,
    batch_size: int,
    target: float | None,
) -> GraphMethod:
    """A method of building by its name.

    Raises
    ------
    SettingError
        If there is none of that name, or an argument is out of range.

    Examples
    --------
    >>> method_named("brute-force", model=None, packing="pairs", batch_size=25, target=None)
    BruteForce(batch_size=25, packing='pairs')
    """
    from campaignkit.edges import ActiveBuilder, BruteForce, ClusterPrefilter

    match name:
        case "brute-force":
            return BruteForce(batch_size=batch_size, packing=_packing(packing))
        case "active":
            return ActiveBuilder(target, card_model=model, batch_size=batch_size)
        case "pre-filter":
            return ClusterPrefilter(model=model, batch_size=batch_size)
        case _:
            raise SettingError(f"--method is {name!r}; expected {', '.join(_METHODS)}")


def budget_of(*, calls: int | None, tokens: int | None, money: float | None) -> Budget | None:
    """What may be spent; None where no limit was given.

    Examples
    --------
    >>> budget_of(calls=260, tokens=None, money=None)
    Budget(calls=260, tokens=None, money=None)
    """
    from campaignkit.llm import Budget

    if calls is None and tokens is None and money is None:
        return None
    return Budget(calls=calls, tokens=tokens, money=money)


def _packing(name: str) -> Packing:
    from campaignkit.edges.methods.packing import PACKINGS

    if name not in PACKINGS:
        raise SettingError(f"--packing is {name!r}; expected {', '.join(PACKINGS)}")
    return cast("Packing", name)
