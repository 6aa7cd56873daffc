"""From words on the command line to the scorer, method and budget of a build."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from campaignkit.errors import SettingError

if TYPE_CHECKING:
    from campaignkit.edges import GraphMethod
    from campaignkit.edges.methods.packing import Packing
    from campaignkit.edges.methods.prefilter.routing import CallPacking
    from campaignkit.embed import Embedder
    from campaignkit.llm import Budget, ChatModel

_METHODS = ("brute-force", "active", "pre-filter")
_EMBEDDERS = "hashing, minilm, gemini[:NAME] or openai[:NAME]"
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
    temperature: float | None = None,
    clusters: Mapping[str, object] = MappingProxyType({}),
) -> GraphMethod:
    """A method of building by its name; `clusters` are the pre-filter's own options.

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

    given = [
        f"--{option.replace('_', '-')}" for option, said in clusters.items() if said is not None
    ]
    if given and name != "pre-filter":
        raise SettingError(
            f"{', '.join(given)} and --method {name} are given; expected --method pre-filter"
        )
    match name:
        case "brute-force":
            return BruteForce(batch_size=batch_size, packing=_packing(packing))
        case "active":
            return ActiveBuilder(target, card_model=model, batch_size=batch_size)
        case "pre-filter":
            return ClusterPrefilter(
                model=model,
                batch_size=batch_size,
                packing=cast("CallPacking", packing),
                temperature=0.15 if temperature is None else temperature,
                **_clustering(**clusters),  # type: ignore[arg-type]  # words, read there
            )
        case _:
            raise SettingError(f"--method is {name!r}; expected {', '.join(_METHODS)}")


def _clustering(
    *,
    embedder: str | None = None,
    reduction: str | None = None,
    min_cluster_size: int | None = None,
    prompts: Path | None = None,
) -> dict[str, object]:
    """The pre-filter's parameters from what was said of them; what was not said is left out."""
    from campaignkit.edges import HDBSCAN, PCA, UMAP
    from campaignkit.edges.methods.prefilter import PrefilterPrompts

    told: dict[str, object] = {}
    if embedder is not None:
        told["embedder"] = embedder_named(embedder)
    if reduction is not None:
        reductions = {"pca": PCA, "umap": UMAP}
        if reduction not in reductions:
            raise SettingError(f"--reduction is {reduction!r}; expected pca or umap")
        told["reduction"] = reductions[reduction]()
    if min_cluster_size is not None:
        told["clusterer"] = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=1)
    if prompts is not None:
        told["prompts"] = PrefilterPrompts.read(prompts)
    return told


def embedder_named(name: str) -> Embedder:
    """An embedder by its name; keys come from the environment.

    Raises
    ------
    SettingError
        If there is none of that name.

    Examples
    --------
    >>> embedder_named("hashing")
    HashingEmbedder(dimensions=512)
    """
    from campaignkit import embed

    service, _, model = name.partition(":")
    match service:
        case "hashing":
            return embed.HashingEmbedder()
        case "minilm":
            return embed.MiniLMEmbedder()
        case "gemini":
            return embed.GeminiEmbedder(model) if model else embed.GeminiEmbedder()
        case "openai":
            return embed.OpenAICompatibleEmbedder(model or "text-embedding-3-small")
        case _:
            raise SettingError(f"--embedder is {name!r}; expected {_EMBEDDERS}")


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
