"""``campaignkit graph``: build, compare and show signed graphs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.build_command import build, numbers_of
from campaignkit.apps.names import graph_at
from campaignkit.apps.options import CatalogueOption, EdgesArgument, JsonOption, ReplaceOption
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working

if TYPE_CHECKING:
    from campaignkit.graph import GraphComparison

graph_app = typer.Typer(
    help="Build, compare and show signed graphs.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


graph_app.command()(build)


@graph_app.command()
def compare(
    reference: Annotated[Path, typer.Argument(metavar="A", help="What recall is a share of.")],
    candidate: Annotated[Path, typer.Argument(metavar="B", help="What is measured.")],
    *,
    json: JsonOption = False,
) -> None:
    """Measure how far graph B agrees with graph A.

    Recall alone would favour a graph that says + everywhere: agreement on signs, kappa and the
    recall of negative edges are printed with it, for each pair of modalities.
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
            from campaignkit.report import write_graph

            write_graph(out, graph)
    if json:
        print_json({"page": out and str(out), **numbers_of(graph)})
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


def _print_comparison(found: GraphComparison) -> None:
    rows = {"all pairs": found.overall}
    rows |= {" - ".join(pair): held for pair, held in found.by_modality_pair.items()}
    width = max(map(len, rows))
    heads = ("pairs", "recall", "precision", "sign", "3-way", "kappa", "- recall")
    print(" " * width + "".join(f"{head:>10}" for head in heads))
    for name, held in rows.items():
        print(f"{name:<{width}}{held.num_pairs:>10,}" + "".join(held.table_cells()))
    for what, keys in (("A", found.only_in_reference), ("B", found.only_in_candidate)):
        if keys:
            named = ", ".join(f"{modality} {value}" for modality, value in keys[:5])
            more = ", ..." if len(keys) > 5 else ""
            print(f"{len(keys):,} attributes only in {what}, not compared: {named}{more}")
