"""``campaignkit graph``: build, compare and show signed graphs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.names import catalogue_named, graph_at, pairs_of
from campaignkit.apps.options import CatalogueOption, EdgesArgument, JsonOption, ReplaceOption
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working

if TYPE_CHECKING:
    from campaignkit.graph import Agreement, GraphComparison, SignedGraph

graph_app = typer.Typer(
    help="Build, compare and show signed graphs.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@graph_app.command()
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
        Path, typer.Option("--out", metavar="FILE", help="The edges.csv to write.")
    ] = Path("edges.csv"),
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="DIR",
            help="Also a folder that keeps reasons, neutrals and attributes without an edge.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns", metavar="OURS=THEIRS", help="Other headers in your CSV, as value=name."
        ),
    ] = None,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Give every pair of attributes a sign, by marketing rules over their traits.

    Needs no key, no network and no GPU. The rules are listed in the documentation (trait rules);
    scorers of your own are passed to build_graph in Python.
    """
    from campaignkit.edges import TraitScorer, build_graph

    refuse_existing(out, replace=replace)
    renamed = pairs_of(columns or [], option="--columns", example="value=name", read=str)
    with working("scoring pairs") as bar:
        built = build_graph(
            catalogue_named(catalogue, columns=renamed), scorer=TraitScorer(), progress=bar
        )
        if save is not None:
            built.graph.save(save, replace=replace)
        built.graph.write_csv(out)
    if json:
        print_json({"edges": str(out), "folder": save and str(save), **_numbers(built.graph)})
        return
    print(built.report)
    print(f"wrote {out}" + (f" and {save}" if save else ""))


@graph_app.command()
def compare(
    reference: Annotated[Path, typer.Argument(metavar="A", help="What recall is a share of.")],
    candidate: Annotated[Path, typer.Argument(metavar="B", help="What is measured.")],
    *,
    json: JsonOption = False,
) -> None:
    """Measure how far graph B says what graph A says.

    Recall alone would favour a graph that says + everywhere: agreement on signs, kappa and the
    recall of negative edges are printed beside it, for each pair of modalities.
    """
    from campaignkit.graph import compare as compare_graphs

    with working("comparing"):
        found = compare_graphs(graph_at(reference), graph_at(candidate))
    if json:
        print_json(found.to_dict())
    else:
        _print_comparison(found)


@graph_app.command()
def show(
    edges: EdgesArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write a self-contained page (.html)."),
    ] = None,
    catalogue: CatalogueOption = None,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Print a graph's counts by pair of modalities; with --out, draw it on a page."""
    graph = graph_at(edges, catalogue=catalogue)
    if out is not None:
        refuse_existing(out, replace=replace)
        with working("drawing"):
            graph.to_html(out)
    if json:
        print_json({"page": out and str(out), **_numbers(graph)})
        return
    print(f"{graph.num_nodes:,} attributes, {graph.num_positive:,} +, {graph.num_negative:,} -")
    for (one, other), held in graph.by_modality_pair().items():
        print(
            f"  {one} - {other}: {held.num_pairs:,} pairs, "
            f"{held.num_positive:,} + ({held.pos_frac:.1%}), "
            f"{held.num_negative:,} - ({held.neg_frac:.1%})"
        )
    print(f"digest {graph.digest}")
    if out is not None:
        print(f"wrote {out}")


def _numbers(graph: SignedGraph) -> dict[str, object]:
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


def _print_comparison(found: GraphComparison) -> None:
    rows = {"all pairs": found.overall}
    rows |= {" - ".join(pair): held for pair, held in found.by_modality_pair.items()}
    width = max(map(len, rows))
    heads = ("pairs", "recall", "precision", "sign", "3-way", "kappa", "- recall")
    print(" " * width + "".join(f"{head:>10}" for head in heads))
    for name, held in rows.items():
        print(f"{name:<{width}}{held.num_pairs:>10,}" + "".join(_shares(held)))
    for what, keys in (("A", found.only_in_reference), ("B", found.only_in_candidate)):
        if keys:
            named = ", ".join(f"{modality} {value}" for modality, value in keys[:5])
            more = ", ..." if len(keys) > 5 else ""
            print(f"{len(keys):,} attributes only in {what}, not compared: {named}{more}")


def _shares(held: Agreement) -> list[str]:
    shares = (
        held.edge_recall, held.edge_precision, held.sign_agreement, held.three_way_agreement,
        held.kappa, held.negative_recall,
    )  # fmt: skip
    return [f"{'-':>10}" if share is None else f"{share:>10.3f}" for share in shares]
