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
    from campaignkit.embed import Embedder
    from campaignkit.llm import Budget, ChatModel

_CLUSTERS = ("embedder", "reduction", "min_cluster_size", "prompts")
_METHODS: Mapping[str, tuple[str, ...]] = {  # with the options that each reads
    "brute-force": ("packing",),
    "active": ("target",),
    "pre-filter": ("packing", *_CLUSTERS),
}
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
    name: str | None,
    *,
    model: ChatModel | None,
    batch_size: int = 25,
    temperature: float | None = None,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> GraphMethod:
    """A method of building by its name, brute force without one; `settings` are its own options.

    Raises
    ------
    SettingError
        If there is none of that name, it has no such option, or an argument is out of range.

    Examples
    --------
    >>> method_named("brute-force", model=None, settings={"packing": "pairs"})
    BruteForce(batch_size=25, packing='pairs')
    """
    from campaignkit.edges import ActiveBuilder, BruteForce, ClusterPrefilter

    if name not in (None, *_METHODS):
        raise SettingError(f"--method is {name!r}; expected {', '.join(_METHODS)}")
    chosen = name or "brute-force"
    for option, said in settings.items():
        readers = [method for method, options in _METHODS.items() if option in options]
        if chosen not in readers:
            expected = " or ".join(f"--method {method}" for method in readers)
            refuse_idle({option: said}, expected=expected, found=name and f"--method {name}")
    told = {option: said for option, said in settings.items() if said is not None}
    if "packing" in told:
        told["packing"] = _packing(str(told["packing"]))
    if chosen == "active":
        told["target_disagreement"] = told.pop("target", 0.1)
        return ActiveBuilder(card_model=model, batch_size=batch_size, **told)  # type: ignore[arg-type]  # words, read by it
    if chosen == "pre-filter":
        heat = 0.15 if temperature is None else temperature
        return ClusterPrefilter(
            model=model,
            batch_size=batch_size,
            temperature=heat,
            **_clustering(**told),  # type: ignore[arg-type]  # words, read there
        )
    return BruteForce(batch_size=batch_size, **told)  # type: ignore[arg-type]  # read above


def refuse_idle(options: Mapping[str, object], *, expected: str, found: str | None = None) -> None:
    """Refuse options that would be ignored.

    Raises
    ------
    SettingError
        Names the given options, the setting they conflict with, and the setting that would read
        them.

    Examples
    --------
    >>> refuse_idle({"min_cluster_size": 3, "prompts": None}, expected="--method pre-filter")
    Traceback (most recent call last):
        ...
    campaignkit.errors.SettingError: --min-cluster-size is given without --method pre-filter, which reads it
    """  # noqa: E501  # the message as it is
    given = [f"--{name.replace('_', '-')}" for name, said in options.items() if said is not None]
    if given:
        listed, it = ", ".join(given), "it" if len(given) == 1 else "them"
        told = f"together with {found}; expected {expected}, which reads {it}"
        told = told if found else f"without {expected}, which reads {it}"
        raise SettingError(f"{listed} {'is' if it == 'it' else 'are'} given {told}")


def _clustering(
    *,
    embedder: str | None = None,
    reduction: str | None = None,
    min_cluster_size: int | None = None,
    prompts: Path | None = None,
    **others: object,
) -> dict[str, object]:
    """The pre-filter's parameters from the options given; others are left out."""
    from campaignkit.edges import HDBSCAN, PCA, UMAP
    from campaignkit.edges.methods.prefilter import PrefilterPrompts

    told = others
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
