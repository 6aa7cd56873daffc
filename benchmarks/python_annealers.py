"""The usual ways to draw a labelled campaign in Python, written as their users would.

Each draws one campaign of a label by simulated annealing, stopping at the first feasible state:
over networkx with a full recount a step, over networkx with incremental counts, and with the
`simanneal` package. All share the moves, the schedule and the energy in edges outside the box.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

Node = tuple[str, str]
Box = tuple[tuple[float, float], tuple[float, float]]


@dataclass
class Problem:
    """A networkx graph, type ranges and a box."""

    graph: nx.Graph
    type_ranges: dict[str, tuple[int, int]]
    box: Box
    nodes: dict[str, list[Node]] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = {modality: [] for modality in self.type_ranges}
        for node in self.graph:
            if node[0] in self.nodes:
                self.nodes[node[0]].append(node)

    def draw(self, rng: random.Random) -> dict[str, list[Node]]:
        """An unconstrained campaign."""
        return {
            modality: rng.sample(self.nodes[modality], rng.randint(low, high))
            for modality, (low, high) in self.type_ranges.items()
        }

    def outside(self, pos: int, neg: int, size: int) -> float:
        """Edges outside the box."""
        pairs = size * (size - 1) / 2
        (low_p, high_p), (low_n, high_n) = self.box
        return sum(
            max(
                0.0, math.ceil(low * pairs - 1e-9) - count, count - math.floor(high * pairs + 1e-9)
            )
            for count, low, high in ((pos, low_p, high_p), (neg, low_n, high_n))
        )

    def propose(
        self, state: dict[str, list[Node]], rng: random.Random
    ) -> tuple[Node | None, Node | None]:
        """Which node leaves and which joins."""
        modality = rng.choice(list(state))
        low, high = self.type_ranges[modality]
        held = state[modality]
        kind = rng.random()
        if kind < 0.6 and held:
            joining = rng.choice(self.nodes[modality])
            return (None, None) if joining in held else (rng.choice(held), joining)
        if kind < 0.8 and len(held) < high:
            joining = rng.choice(self.nodes[modality])
            return (None, None) if joining in held else (None, joining)
        if kind >= 0.8 and len(held) > low:
            return rng.choice(held), None
        return None, None


def count(graph: nx.Graph, members: list[Node]) -> tuple[int, int]:
    """Positive and negative pairs, by asking for every pair."""
    pos = neg = 0
    for i, a in enumerate(members):
        neighbours = graph[a]
        for b in members[:i]:
            edge = neighbours.get(b)
            if edge is not None:
                if edge["sign"] > 0:
                    pos += 1
                else:
                    neg += 1
    return pos, neg


def change(state: dict[str, list[Node]], leaving: Node | None, joining: Node | None) -> None:
    """Apply a proposal."""
    if leaving is not None:
        state[leaving[0]].remove(leaving)
    if joining is not None:
        state[joining[0]].append(joining)


def anneal_recount(problem: Problem, rng: random.Random, *, steps: int = 20_000) -> int:
    """Simulated annealing with a full recount at each step; the steps it took."""
    state = problem.draw(rng)
    members = [node for held in state.values() for node in held]
    energy = problem.outside(*count(problem.graph, members), len(members))
    for step in range(steps):
        if energy == 0:
            return step
        temperature = 2.0 * (0.1 / 2.0) ** (step / steps)
        leaving, joining = problem.propose(state, rng)
        if leaving is None and joining is None:
            continue
        change(state, leaving, joining)
        members = [node for held in state.values() for node in held]
        new = problem.outside(*count(problem.graph, members), len(members))
        if new <= energy or rng.random() < math.exp((energy - new) / temperature):
            energy = new
        else:
            change(state, joining, leaving)
    raise RuntimeError("no feasible state")


def anneal_incremental(problem: Problem, rng: random.Random, *, steps: int = 20_000) -> int:
    """The same with counts kept up to date; the steps it took."""
    state = problem.draw(rng)
    members = {node for held in state.values() for node in held}
    pos, neg = count(problem.graph, list(members))
    energy = problem.outside(pos, neg, len(members))
    for step in range(steps):
        if energy == 0:
            return step
        temperature = 2.0 * (0.1 / 2.0) ** (step / steps)
        leaving, joining = problem.propose(state, rng)
        if leaving is None and joining is None:
            continue
        new_pos, new_neg = pos, neg
        for node, by in ((leaving, -1), (joining, 1)):
            if node is None:
                continue
            neighbours = problem.graph[node]
            for other in members:
                if other == leaving:
                    continue
                edge = neighbours.get(other)
                if edge is not None:
                    if edge["sign"] > 0:
                        new_pos += by
                    else:
                        new_neg += by
        size = len(members) + (joining is not None) - (leaving is not None)
        new = problem.outside(new_pos, new_neg, size)
        if new <= energy or rng.random() < math.exp((energy - new) / temperature):
            change(state, leaving, joining)
            members.discard(leaving)  # type: ignore[arg-type]
            if joining is not None:
                members.add(joining)
            pos, neg, energy = new_pos, new_neg, new
    raise RuntimeError("no feasible state")


def simanneal_drawer(problem: Problem, *, stops_early: bool) -> Any:
    """A function that draws one campaign with the simanneal package."""
    from simanneal import Annealer

    class CampaignProblem(Annealer):  # type: ignore[misc]
        copy_strategy = "method"
        Tmax, Tmin, steps, updates = 2.0, 0.1, 20_000, 0

        def move(self) -> None:
            leaving, joining = problem.propose(self.state.held, self.rng)
            change(self.state.held, leaving, joining)

        def energy(self) -> float:
            members = [node for held in self.state.held.values() for node in held]
            outside = problem.outside(*count(problem.graph, members), len(members))
            if outside == 0 and stops_early:
                self.user_exit = True
            return outside

    class Held:
        def __init__(self, held: dict[str, list[Node]]) -> None:
            self.held = held

        def copy(self) -> Held:
            return Held({modality: list(nodes) for modality, nodes in self.held.items()})

    def draw(rng: random.Random) -> None:
        annealer = CampaignProblem(Held(problem.draw(rng)))
        annealer.rng = rng
        _, energy = annealer.anneal()
        if energy > 0:
            raise RuntimeError("no feasible state")

    return draw
