"""Jobs of kind ``graph``: a sign for every pair, as ``campaignkit graph build`` gives."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from campaignkit.errors import ServiceError, SettingError
from campaignkit.progress import CallProgress
from campaignkit.service.jobs import Cost, NotThere, Plan
from campaignkit.service.kinds.kind import Files, Kind, Tell
from campaignkit.service.kinds.request import InputFile, Number, Request, Text, Whole
from campaignkit.store import TextFileKind, read_text

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.llm import Budget, ChatModel, Price

MODELS_NAME = "models.toml"
_EXAMPLE = '[fast]\nprovider = "openai"\nname = "my-model"\nin_per_million = 0.1\n'
_MODELS = TextFileKind(SettingError, "a list of models", _EXAMPLE)


class GraphRequest(Request):
    """What ``campaignkit graph build`` takes; by rules over traits without a model."""

    catalogue: InputFile
    model: Text | None = None
    calls: Whole | None = None
    money: Number | None = None
    seed: Whole = 0


class _Model(Request):
    """A model of the operator's."""

    provider: Literal["gemini", "openai"]
    name: Text
    base_url: Text | None = None
    in_per_million: Number = 0.0
    out_per_million: Number = 0.0


class GraphKind(Kind[GraphRequest]):
    """Builds a signed graph, by rules or by a model that the operator configured."""

    name: ClassVar[str] = "graph"
    request: ClassVar[type[Request]] = GraphRequest

    def plan(self, request: GraphRequest, files: Files) -> Plan:
        """The calls and the money of a build by a model; those of the budget are reserved."""
        from campaignkit.edges import BruteForce, PairTable, plan_graph

        catalogue = _catalogue(request, files)
        num_pairs = len(PairTable(catalogue))
        most_bytes = 1_000 + num_pairs * (10 + 2 * max(len(f"{a.modality}{a.value}") * 4
                                                       for a in catalogue))  # fmt: skip
        chat, prices, budget = _model(request, files)
        if budget is None:
            return Plan((), Cost(bytes=most_bytes), num_pairs, "pairs")
        planned = plan_graph(
            catalogue, method=BruteForce(), model=chat, prices=prices, budget=budget
        )
        planned.check_budget(budget)
        cost = Cost(calls=budget.calls or 0, micros=_micros(budget.money), bytes=most_bytes)
        return Plan((str(planned),), cost, num_pairs, "pairs")

    def run(
        self, request: GraphRequest, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Build; every answer of a model is kept, and asked for once."""
        from campaignkit.edges import BruteForce, LLMEdgeScorer, TraitScorer, build_graph

        chat, prices, budget = _model(request, files)
        by_model = {"store": kept / "answers", "prices": prices, "method": BruteForce()}
        built = build_graph(
            _catalogue(request, files),
            scorer=TraitScorer() if chat is None else LLMEdgeScorer(chat, temperature=0.15),
            budget=budget,
            seed=request.seed,
            progress=CallProgress(lambda _, *far: tell(*far)),
            **({} if chat is None else by_model),  # type: ignore[arg-type]  # as named above
        )
        out.mkdir()
        built.graph.write_csv(out / "edges.csv")
        return built.report.to_dict(), self.spent(kept)

    def spent(self, kept: Path) -> Cost:
        """The calls in the ledger of the build, also of one that was killed."""
        from campaignkit.edges.store import BuildStore

        if not (kept / "answers").exists():
            return Cost()
        with closing(BuildStore(kept / "answers")) as store:
            spent = store.spent
        return Cost(calls=spent.calls, micros=_micros(spent.money))


def _catalogue(request: GraphRequest, files: Files) -> Catalogue:
    from campaignkit.catalogue import Catalogue

    path = files.path(request.catalogue)
    return Catalogue.read_json(path) if path.suffix == ".json" else Catalogue.read_csv(path)


def _model(
    request: GraphRequest, files: Files
) -> tuple[ChatModel | None, Mapping[str, Price] | None, Budget | None]:
    """The model that a request names, its price and the budget, which it must state."""
    from campaignkit.llm import Budget, GeminiModel, OpenAICompatibleModel, Price

    if request.model is None:
        return None, None, None
    if request.calls is None or request.money is None:
        raise SettingError(
            "a job that asks a model has no budget", hint="give calls and money, at most"
        )
    models = _models(files.home / MODELS_NAME)
    if request.model not in models:
        known = ", ".join(models) or "none"
        raise NotThere(f"there is no model {request.model!r}; this service has: {known}")
    said = models[request.model]
    made = GeminiModel if said.provider == "gemini" else OpenAICompatibleModel
    chat: ChatModel = made(said.name, base_url=said.base_url)
    price = Price(said.in_per_million, said.out_per_million)
    return chat, {chat.name: price}, Budget(calls=request.calls, money=request.money)


def _models(path: Path) -> dict[str, _Model]:
    """What the operator configured; a fault in it is told without its values."""
    try:
        told = tomllib.loads(read_text(path, _MODELS)) if path.exists() else {}
        return {name: _Model.model_validate(said) for name, said in told.items()}
    except ValueError as err:
        raise ServiceError(
            f"{MODELS_NAME} of the service cannot be read", hint="ask the operator to correct it"
        ) from err


def _micros(money: float | None) -> int:
    return round((money or 0.0) * 1e6)
