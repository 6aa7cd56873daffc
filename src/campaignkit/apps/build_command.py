"""``campaignkit graph build``: a sign for every pair, by rules, by a model, or rehearsed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.build_words import budget_of, method_named, model_named, refuse_idle
from campaignkit.apps.names import catalogue_named, pairs_of
from campaignkit.apps.options import JsonOption, ReplaceOption, SeedOption
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working
from campaignkit.errors import NoEdges, SettingError
from campaignkit.store import refuse_occupied

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges import EdgeScorer, GraphBuild, GraphMethod, GraphPlan, KnownPairs
    from campaignkit.graph import SignedGraph
    from campaignkit.llm import ChatModel
    from campaignkit.simulation import RehearsalWorld

_MODEL = "With a language model"
_WAYS_ON = """signs come from one of four things
    traits:  columns that rules read, such as category, price_tier, interests:
             campaignkit graph build catalogue.csv
    signs:   campaignkit diagnose edges.csv
    results: campaignkit.graph_from_outcomes(table, outcome="ctr", exposure="impressions")
    a model: campaignkit graph build catalogue.csv --model gemini:gemini-3.1-flash-lite-preview"""
_SPENT = "What may be spent"
_TOLD = (
    "num_not_viable", "num_discarded", "num_failed", "calls", "calls_by_stage", "unconfirmed",
    "cost", "tokens_in", "tokens_out", "decided_by", "quality", "warnings",
)  # fmt: skip


def build(
    catalogue: Annotated[
        str,
        typer.Argument(
            metavar="CATALOGUE",
            help="A .csv or .json file, or a bundled one: retail-160, starter-27.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The edges.csv to write; default: edges.csv, or rehearsed_edges.csv.",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="DIR",
            help="Also write a folder with reasons, neutrals and attributes without an edge.",
        ),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(
            "--known",
            metavar="FILE",
            help="Check the graph against pairs you know: an edges.csv, where ? is ambiguous.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns", metavar="OURS=THEIRS", help="Other headers in your CSV, as value=name."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Ask this chat model: gemini:NAME, openai:NAME, local:PATH, or NAME with "
            "--base-url. Keys come from the environment.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            help="An OpenAI-compatible server, such as http://localhost:11434/v1.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse",
            help="Ask a simulated model instead: costs nothing, and the signs mean nothing.",
            rich_help_panel=_MODEL,
        ),
    ] = False,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            metavar="brute-force|active|pre-filter",
            help="Judge every pair (default); or the most informative ones and predict the "
            "others; or score clusters first.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    packing: Annotated[
        str | None,
        typer.Option(
            "--packing",
            metavar="mixed|pairs|oriented|published",
            help="Which pairs share a call of brute force; default: mixed.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size",
            metavar="N",
            help="Pairs per call; default: 25.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(
            "--target",
            metavar="SHARE",
            help="active: stop when the bound on disagreement is this low; default: 0.1.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature",
            metavar="T",
            help="Temperature of the model; default: 0.15, as published.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(
            "--embedder",
            metavar="hashing|minilm|gemini[:NAME]|openai[:NAME]",
            help="pre-filter: embedder of the descriptions; default: hashing.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    reduction: Annotated[
        str | None,
        typer.Option(
            "--reduction",
            metavar="pca|umap",
            help="pre-filter: reduction of dimensions before clustering; default: pca.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    min_cluster_size: Annotated[
        int | None,
        typer.Option(
            "--min-cluster-size",
            metavar="N",
            help="pre-filter: smallest number of attributes in a cluster; default: 2.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            "--prompts",
            metavar="FILE",
            help="pre-filter: a TOML file of wordings for descriptions, labels and scores.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    describe: Annotated[
        bool,
        typer.Option(
            "--describe",
            help="Show the model the attributes' names and descriptions.",
            rich_help_panel=_MODEL,
        ),
    ] = False,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="DIR",
            help="Keep every answer there: the same command continues after an interruption.",
            rich_help_panel=_SPENT,
        ),
    ] = None,
    calls: Annotated[
        int | None,
        typer.Option("--calls", metavar="N", help="Calls, at most.", rich_help_panel=_SPENT),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option("--tokens", metavar="N", help="Tokens, at most.", rich_help_panel=_SPENT),
    ] = None,
    money: Annotated[
        float | None,
        typer.Option(
            "--money",
            metavar="X",
            help="Money, at most; needs --prices.",
            rich_help_panel=_SPENT,
        ),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices",
            metavar="FILE",
            help="A TOML table of prices by model.",
            rich_help_panel=_SPENT,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="Calls at a time; default: 7.",
            rich_help_panel=_SPENT,
        ),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate", metavar="N", help="Calls a minute, at most.", rich_help_panel=_SPENT
        ),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Only print what it would cost; send nothing.", rich_help_panel=_SPENT
        ),
    ] = False,
    seed: SeedOption = 0,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Give every pair of attributes a sign, by marketing rules over their traits.

    Without --model or --rehearse this needs no key, no network and no GPU. The rules are listed in
    the documentation (trait rules). With a model, the plan is printed before anything is sent, and
    a plan that goes over the budget is refused.
    """
    from campaignkit.edges import KnownPairs, LLMEdgeScorer, TraitScorer, build_graph, plan_graph
    from campaignkit.llm import read_prices

    if rehearse and model is not None:
        raise SettingError("--rehearse and --model are both given; expected one of them")
    target_file = out or Path("rehearsed_edges.csv" if rehearse else "edges.csv")
    if not plan:
        refuse_existing(target_file, replace=replace)
        if save is not None:
            refuse_occupied(save, replace=replace)
    renamed = pairs_of(columns or [], option="--columns", example="value=name", read=str)
    attributes = catalogue_named(catalogue, columns=renamed)
    pairs = None if known is None else KnownPairs.read_csv(known)
    budget = budget_of(calls=calls, tokens=tokens, money=money)
    table = None if prices is None else read_prices(prices)
    world = _world(attributes, seed=seed) if rehearse else None
    chat = _chat(model, base_url, world)
    scorer: EdgeScorer = TraitScorer()
    chosen: GraphMethod | None = None
    if chat is not None:
        attributes = attributes if world is None else world.catalogue
        scorer = LLMEdgeScorer(
            chat,
            batch_size=25 if batch_size is None else batch_size,
            describe=describe,
            temperature=0.15 if temperature is None else temperature,
        )
    else:
        refuse_idle(
            {
                "temperature": temperature,
                "describe": describe or None,
                "workers": workers,
                "rate": rate,
            }
            | ({} if plan else {"tokens": tokens, "money": money, "prices": prices}),
            expected="--model or --rehearse",
        )
    settings = {
        "packing": packing,
        "target": target,
        "embedder": embedder,
        "reduction": reduction,
        "min_cluster_size": min_cluster_size,
        "prompts": prompts,
    }
    given = (chat, method, batch_size, *settings.values())
    if plan or any(one is not None for one in given):
        chosen = method_named(
            method,
            model=chat,
            batch_size=25 if batch_size is None else batch_size,
            temperature=temperature,
            settings=settings,
        )
        planned = plan_graph(attributes, method=chosen, model=chat, prices=table, budget=budget)
        if plan:
            _print_plan(planned, as_json=json)
            return
        if chat is not None:
            print(planned, file=sys.stderr)
    with working("scoring pairs") as bar, _ways_on():
        built = build_graph(
            attributes,
            scorer=scorer,
            method=chosen,
            budget=budget,
            store=store,
            seed=seed,
            concurrency=7 if workers is None else workers,
            requests_per_minute=rate,
            prices=table,
            progress=bar,
        )
        if save is not None:
            built.graph.save(save, replace=replace)
        built.graph.write_csv(target_file)
    _print_build(built, world, target_file, save, known=pairs, as_json=json)


@contextmanager
def _ways_on() -> Iterator[None]:
    """Where no pair got a sign, the ways on are commands."""
    try:
        yield
    except NoEdges as err:
        raise NoEdges(err.message, hint=_WAYS_ON, faults=err.faults) from None


def _world(attributes: Catalogue, *, seed: int) -> RehearsalWorld:
    from campaignkit.simulation import RehearsalWorld

    return RehearsalWorld(attributes, seed=seed)


def _chat(
    model: str | None, base_url: str | None, world: RehearsalWorld | None
) -> ChatModel | None:
    from campaignkit.simulation import RehearsalModel

    if world is not None:
        return RehearsalModel(world)
    if model is not None:
        return model_named(model, base_url=base_url)
    if base_url is not None:
        raise SettingError("--base-url is given without --model; expected both or neither")
    return None


def _print_plan(planned: GraphPlan, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(planned))
    else:
        print(planned)


def _print_build(
    built: GraphBuild,
    world: RehearsalWorld | None,
    out: Path,
    save: Path | None,
    *,
    known: KnownPairs | None,
    as_json: bool,
) -> None:
    from campaignkit.edges import check_known_pairs
    from campaignkit.graph import compare

    report = built.report
    check = None if known is None else check_known_pairs(built.graph, known)
    agreement = None
    if world is not None:
        agreement = compare(world.truth_graph(), built.graph).overall.three_way_agreement
    if as_json:
        whole = report.to_dict()
        told: dict[str, object] = {
            "edges": str(out), "folder": save and str(save), **numbers_of(built.graph),
            **{name: whole[name] for name in _TOLD},
        }  # fmt: skip
        if world is not None:
            told |= {"rehearsed": True, "agreement_with_simulated_truth": agreement}
        if check is not None:
            told["known_pairs"] = {
                "right": len(check.right),
                "wrong": [f"{edge.source[1]} - {edge.target[1]}" for edge, _ in check.wrong],
                "ambiguous": len(check.ambiguous),
                "not_there": len(check.not_there),
            }
        print_json(told)
        return
    print(report)
    if check is not None:
        print(check)
    if agreement is not None:
        print(f"rehearsed: {agreement:.1%} of the signs are those of the simulated world")
    print(f"wrote {out}" + (f" and {save}" if save else ""))


def numbers_of(graph: SignedGraph) -> dict[str, object]:
    """A graph's counts, as JSON values."""
    return {
        "digest": graph.digest,
        "num_attributes": graph.num_nodes,
        "num_positive": graph.num_positive,
        "num_negative": graph.num_negative,
        "num_neutral": graph.num_neutral,
        "by_modality_pair": [
            {
                "modalities": list(pair),
                "num_pairs": held.num_pairs,
                "num_positive": held.num_positive,
                "num_negative": held.num_negative,
                "num_neutral": held.num_neutral,
            }
            for pair, held in graph.by_modality_pair().items()
        ],
    }
