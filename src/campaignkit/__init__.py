"""campaignkit: from marketing knowledge to labelled campaigns, with the evidence.

>>> import campaignkit as ck
>>> catalogue = ck.Catalogue.bundled("starter-27")
>>> graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
>>> len(graph.catalogue)
27

The names of the first hour are here; every other name is in its room:
``ck.edges.PairPrompt``, ``ck.errors.SpecError``.

The path, one room per step:

- ``catalogue``: attributes, what campaigns are made of
- ``edges``: scorers that give pairs their signs, and the methods that decide which pairs to ask
- ``graph``: the signed graph of all signs
- ``spec``: what to draw, by label
- ``diagnosis``: what the graph makes likely, and what it makes possible
- ``sample``: the sampler
- ``dataset``: labelled campaigns, their files and their checks
- ``classify``: classifiers of campaigns
- ``recommend``: the best rest of a campaign of which a part is known
- ``evaluation``: scores with their floor and their ceiling
- ``report``: pages, and charts at the root: ck.charts
- ``recipes``: named data sets, made in one call
- ``simulation``: worlds whose signs are known, to rehearse in and to draw graphs from

Tables of campaign results:

- ``tables``: what their columns mean, and the laws their rows keep
- ``inject``: faults, put in on purpose
- ``auditing``: faults, found
- ``harmonise``: ad platforms' tables in one schema, a client at a time

For people who do not write Python:

- ``service``: jobs over HTTP, with keys, quotas and results by digest

Below them all:

- ``llm``: language models, their budget and what they cost
- ``embed``: texts as points
- ``metrics``: F1, log-loss and calibration error, one definition each
- ``runs``: a log of fits and evaluations
- ``progress``: bars for long calls
- ``errors``: every exception that is raised on purpose
- ``testing``: the contracts that a scorer, a model, a move or a check of yours must keep
- ``checks``, ``distinct``, ``extras``, ``pools``, ``seeds``, ``show``, ``store``: what rooms share
- ``apps``: the command line

Importing the package does no work and loads nothing heavy: a name is imported at first use.
"""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType

__version__ = "0.1.0"

# Room -> those of its names that stand at the root too; `__init__.pyi` tells type checkers the
# same. No name equals a room's: importing the room sets that attribute here and would hide it.
_ROOMS: dict[str, tuple[str, ...]] = {
    "catalogue": ("Attribute", "Catalogue"),
    "edges": (
        "ActiveBuilder",
        "BruteForce",
        "ClusterPrefilter",
        "LLMEdgeScorer",
        "TraitScorer",
        "build_graph",
        "check_known_pairs",
        "compare_builds",
        "plan_graph",
    ),
    "graph": ("Edge", "SignedGraph", "compare"),
    "spec": ("LabelSpec", "SamplingSpec"),
    "diagnosis": ("diagnose", "feasible"),
    "sample": ("Annealing", "AnnealingSampler", "HeatBath", "Rejection"),
    "dataset": ("CampaignDataset", "evaluate_dataset", "verify_dataset"),
    "classify": (
        "BoostedTrees",
        "ConstrainedClassifier",
        "DecisionTuner",
        "EmbeddingLogistic",
        "FullFineTune",
        "LoRA",
        "MajorityClassifier",
        "OneHotLogistic",
        "PairLogistic",
        "PairwiseOrdinalClassifier",
        "PromptedClassifier",
        "TfidfLogistic",
    ),
    "recommend": ("PartialCampaign", "Recommender"),
    "evaluation": (
        "BlindEvaluator",
        "FeatureAblation",
        "Yardsticks",
        "compare_classifiers",
        "compare_predictions",
        "evaluate",
        "evaluate_recommender",
        "graph_from_outcomes",
        "learning_curve",
        "score_findings",
        "validate_edges",
    ),
    "report": ("write_report",),
    "recipes": (),
    "service": ("Client",),
    "simulation": (),
    "tables": ("synthetic_table",),
    "inject": ("ErrorInjector", "anonymise"),
    "auditing": ("audit", "mine_rules", "plan_audit"),
    "harmonise": ("ClientStore", "discover", "read_across"),
    "llm": (
        "Budget",
        "GeminiModel",
        "OpenAICompatibleModel",
        "ScriptedModel",
        "TransformersModel",
    ),
    "embed": (
        "GeminiEmbedder",
        "HashingEmbedder",
        "MiniLMEmbedder",
        "OpenAICompatibleEmbedder",
    ),
    "metrics": (),
    "runs": ("RunLog",),
    "progress": ("ProgressBar",),
    "errors": ("CampaignkitError",),
    "testing": (),
    "seeds": (),
    "store": (),
    "show": (),
    "checks": (),
    "extras": (),
    "distinct": (),
    "pools": (),
    "apps": (),
}
# A room within a room that the root leads to, as it leads to rooms.
_WITHIN = {"charts": "report"}
# Names that are gone, and what stands in their places.
_SUCCESSORS = {
    "AnnealingTrace": "campaignkit.report.annealing_trace.AnnealingTrace",
    "Decider": "the words of campaignkit.edges.PairStates.decide(by=...)",
    "Fate": "campaignkit.edges.Outcome",
    "trace_annealing": "campaignkit.report.annealing_trace.trace_annealing",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *sorted(_ROOM_OF)]  # noqa: PLE0604  # they are strings


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _ROOMS:
        return import_module(f"campaignkit.{name}")
    if name in _WITHIN:
        return import_module(f"campaignkit.{_WITHIN[name]}.{name}")
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'campaignkit' has no attribute {name!r}{_advice(name)}")
    value = getattr(import_module(f"campaignkit.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, *_WITHIN])


class _Root(ModuleType):
    """The package, which gives each room that is imported an answer for names it does not have."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _ROOMS and isinstance(value, ModuleType) and "__getattr__" not in vars(value):
            value.__getattr__ = partial(_no_such_name, value)  # type: ignore[method-assign]
        super().__setattr__(name, value)


def _no_such_name(room: ModuleType, name: str) -> object:
    from difflib import get_close_matches

    names = vars(room).get("__all__", vars(room))
    near = [] if name.startswith("_") else get_close_matches(name, names, n=1)
    told = f"; did you mean {near[0]!r}?" if near else ""
    raise AttributeError(f"module {room.__name__!r} has no attribute {name!r}{told}")


sys.modules[__name__].__class__ = _Root


def _advice(name: str) -> str:
    """Where a name stands that is not at the root, or which one was meant."""
    from difflib import get_close_matches
    from importlib import import_module

    if name.startswith("_"):  # tools probe for these
        return ""
    for room in _ROOMS:
        module = import_module(f"campaignkit.{room}")
        if name in getattr(module, "__all__", vars(module)):
            return f"; it is in its room: campaignkit.{room}.{name}"
    if name in _SUCCESSORS:
        return f"; its successor: {_SUCCESSORS[name]}"
    near = get_close_matches(name, [*_ROOM_OF, *_ROOMS, *_WITHIN], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
