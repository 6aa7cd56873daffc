"""How long the ways through the code are: files and functions that run for one thing.

``python -m benchmarks paths`` counts and records; ``python -m benchmarks.paths pair`` (or
``campaign``, ``fit``, ``circles``) lists the files and their functions too.

A *way* is every file and function of this library that is called, in any thread, from the first
line of a user's code to its last: one pair from the catalogue to the edge, one campaign from the
spec to its line of JSONL, one fine-tuning of a language model from its folder to the report. What
compiled kernels call inside is not seen, and the simulated world that answers in place of a model
is left out. A *circle* is a set of files each of which imports
the others, directly or through others, at the top of the file, inside a function, or for type
checkers alone.
"""

from __future__ import annotations

import ast
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType

import networkx as nx

import campaignkit as ck
from benchmarks.record import record, show_table
from campaignkit.edges import LLMEdgeScorer

SRC = Path(ck.__file__).parent
LEFT_OUT = ("simulation", "testing")
Way = dict[str, set[str]]


def main() -> None:
    """Count, print and record."""
    ways = {"one pair": pair_way(), "one campaign": campaign_way(), "one fit": fit_way()}
    figures = {
        name: {"files": len(way), "functions": sum(map(len, way.values()))}
        for name, way in ways.items()
    }
    figures["circles"] = {"number": len(circles())}
    show_table(figures)
    record(
        "paths",
        figures,
        about="Files and functions called on the way of one pair (LLM scorer, active builder) "
        "from catalogue to edge, of one campaign from spec to JSONL, and of one fine-tuning of a "
        "language model on prompts; circles of imports "
        "between files.",
    )


def pair_way() -> Way:
    """From a catalogue to the graph, with a language model's scorer and the active builder."""
    world = ck.simulation.RehearsalWorld(48, seed=1)
    model = ck.simulation.RehearsalModel(world)

    def build() -> None:
        with tempfile.TemporaryDirectory() as folder:
            built = ck.build_graph(
                world.catalogue,
                scorer=LLMEdgeScorer(model),
                method=ck.ActiveBuilder(card_model=model),
                budget=ck.Budget(calls=60),
                store=Path(folder, "store"),
            )
            assert built.graph.num_edges

    return traced(build)


def campaign_way() -> Way:
    """From a graph and a spec to JSONL in a folder."""
    catalogue = ck.Catalogue.bundled("starter-27")
    graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
    box = {"pos_frac_range": (0.2, 1.0), "neg_frac_range": (0.0, 0.3), "num_samples": 10}
    ranges = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2)}

    def draw() -> None:
        with tempfile.TemporaryDirectory() as folder:
            spec = ck.SamplingSpec(type_ranges=ranges, label_params={"pos": box})
            ck.AnnealingSampler(graph, spec).sample().write(Path(folder, "out"))

    return traced(draw)


def fit_way() -> Way:
    """From a folder with a language model and prompts to a fine-tuned classifier."""
    from benchmarks.gpu_training import SMOKE_SHAPE
    from benchmarks.llm_shapes import LABELS, prompts, write_model
    from campaignkit.classify import ConstrainedClassifier
    from campaignkit.classify.llm import trainer  # what imports run is no part of the way

    assert trainer

    _, texts, codes = prompts(8, shared=20, own=(4, 16), vocab=SMOKE_SHAPE["vocab_size"])
    training = ck.FullFineTune(freeze_layers=14, epochs=2)
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), SMOKE_SHAPE)

        def fit() -> None:
            llm = ConstrainedClassifier(folder, labels=LABELS, training=training)
            llm.fit(texts, codes, validation=(texts, codes))

        return traced(fit)


def traced(run: Callable[[], None]) -> Way:
    """The functions that a call runs through, by file."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        # The body of a class runs once, when its file is imported: it is no function.
        if event == "call" and frame.f_code.co_flags & CO_OPTIMIZED:
            seen.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    way: Way = defaultdict(set)
    for code in seen:
        path = Path(code.co_filename)
        if not path.is_relative_to(SRC) or code.co_name.startswith("<"):
            continue
        file = path.relative_to(SRC).as_posix()
        if not file.startswith(LEFT_OUT) and "/kernels/" not in file:
            way[file].add(code.co_qualname)
    return way


def circles() -> list[list[str]]:
    """Sets of files that import each other."""
    graph = nx.DiGraph()
    names = {_module(path): path for path in SRC.rglob("*.py")}
    for name, path in names.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in _imported(node, names):
                if target in names and target not in ("campaignkit", name):
                    graph.add_edge(name, target)
    return sorted(sorted(one) for one in nx.strongly_connected_components(graph) if len(one) > 1)


def _imported(node: ast.AST, names: Collection[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        # What stands in a file of its own is taken from there, not from its room's menu.
        inside = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return [name if name in names else node.module for name in inside.values()]
    return []


def _module(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _list(way: Way) -> None:
    for file in sorted(way):
        print(f"{len(way[file]):4} {file}: {', '.join(sorted(way[file]))}")
    print(f"{len(way)} files, {sum(map(len, way.values()))} functions")


if __name__ == "__main__":
    for asked in sys.argv[1:] or ["pair", "campaign", "fit", "circles"]:
        if asked == "circles":
            for circle in circles():
                print("  circle:", ", ".join(circle))
        else:
            _list({"pair": pair_way, "campaign": campaign_way, "fit": fit_way}[asked]())
