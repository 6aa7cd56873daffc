"""The sampler: labelled campaigns, exactly as many as asked, each in its label's box."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from campaignkit.dataset import (
    Block,
    CampaignDataset,
    DatasetWriter,
    EvaluationAccumulator,
    Provenance,
    Vocabulary,
    concat_blocks,
    evaluate_dataset,
)
from campaignkit.diagnosis import refuse_infeasible
from campaignkit.errors import CampaignkitError, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.graph.node_tables import NodeTables
from campaignkit.progress import Progress, Silent
from campaignkit.sample.annealers import checked_moves, is_compiled
from campaignkit.sample.checkpoint import Checkpoint
from campaignkit.sample.executors import run_chunks
from campaignkit.sample.job import Chunk, ChunkRows, LabelJob
from campaignkit.sample.long_chains import LongChains
from campaignkit.sample.plan import (
    LabelPlan,
    Mode,
    Pilot,
    Stop,
    box_of,
    plan_label,
    plan_labels,
    run_pilot,
    scarcity_notes,
)
from campaignkit.sample.priorities import Priorities
from campaignkit.sample.quality import QualityTally, Share, describe
from campaignkit.seeds import checked_seed, key64
from campaignkit.spec import SamplingSpec, check_fit, idle_notes, overlap_notes
from campaignkit.store import checked_path

Format = Literal["jsonl", "parquet"]

MAX_HELD = 50_000_000  # campaigns of sample(): some gigabytes; write() streams any number
CHUNK_ROWS = 10_000  # rows of a chunk; fewer than 2,500 make a cluster slower, not faster
_LONGEST_BLOCK = 1_000_000  # a block is one chunk: it has to fit into memory
_MODES = ("rejection", "heat_bath", "proposals")
_STOPS = ("mixed", "first_feasible")


class AnnealingSampler:
    """Draws labelled campaigns from a signed graph.

    A campaign of a label is a draw from **Q given F**: Q takes the number of attributes of each
    modality uniform in its type range and the attributes uniform given the numbers; F is the
    label's box of fractions. Rejection is exact for this law; heat-bath annealing, used where a
    box accepts few draws, mixes inside the box until it is at noise. See the docs page "What is a
    sample a sample of?".

    Campaign i of a label depends on (seed, label, i) only: not on workers, chunks, other labels
    or how many are drawn, and it is the same on every machine.

    Parameters
    ----------
    graph : SignedGraph
    spec : SamplingSpec
    seed : int
    mode : {"rejection", "heat_bath", "proposals"}, optional
        How to sample every label. By default a pilot of 10,000 draws with a fixed seed chooses
        for each label between the first two, and the report says which and why. Asked for,
        rejection gives a campaign up after a million draws.
    stop : {"mixed", "first_feasible"}
        "first_feasible" emits the first state inside the box, as published: with the
        random-proposal annealer, biased (total variation to the law .08-.17 on a graph small
        enough to enumerate, where the default is at sampling noise).
    chain_block : int
        Campaigns taken from one heat-bath chain. 1 (default) makes them independent; 32 costs
        half to a third, and consecutive rows share slightly more nodes.
    moves : list of moves, or of (move, share), optional
        For the random-proposal annealer, which this selects: see :mod:`campaignkit.sample.moves`.

    Raises
    ------
    SpecError
        If the spec does not fit the graph.
    InfeasibleSpec
        If a label can be shown to have no campaign, on first use.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> ranges = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}
    >>> profile = ck.diagnose(graph, type_ranges=ranges)
    >>> dataset = ck.AnnealingSampler(graph, profile.suggest({"pos": 20, "neg": 20})).sample()
    >>> len(dataset), dataset.evaluation.in_range_frac
    (40, 1.0)
    """

    def __init__(
        self,
        graph: SignedGraph,
        spec: SamplingSpec,
        *,
        seed: int = 0,
        mode: Mode | None = None,
        stop: Stop = "mixed",
        chain_block: int = 1,
        moves: Any = None,  # Any: numba dispatchers have no static type
    ) -> None:
        _check_types(graph, spec)
        check_fit(spec, graph)
        self.graph = graph
        self.spec = spec
        self.seed = checked_seed(seed)
        self._mode, self._stop = _checked_mode(mode, stop, uses_moves=moves is not None)
        is_count = isinstance(chain_block, int) and not isinstance(chain_block, bool)
        if not is_count or not 1 <= chain_block <= _LONGEST_BLOCK:
            raise CampaignkitError(
                f"chain_block is {chain_block!r}; expected an integer from 1 to {_LONGEST_BLOCK:,}"
            )
        self._chain_block = chain_block
        self._moves = None if moves is None else checked_moves(moves)
        for note in (*overlap_notes(spec), *idle_notes(spec)):
            warnings.warn(note, stacklevel=2)
        slow = [move for move, _ in self._moves or () if not is_compiled(move)]
        if slow:
            names = ", ".join(getattr(move, "__name__", repr(move)) for move in slow)
            warnings.warn(
                f"{names}: not compiled, so the slow reference annealer runs; "
                "decorate it with numba.njit",
                stacklevel=2,
            )

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The attributes that campaigns may hold, in canonical order."""
        return Vocabulary(self._tables.keys)

    @cached_property
    def plans(self) -> tuple[LabelPlan, ...]:
        """How each label is sampled, and why; runs the pilot on first use."""
        self._check_feasible()
        for note in scarcity_notes(self._tables, self.spec):
            warnings.warn(note, stacklevel=3)
        return tuple(
            plan_labels(
                self.spec,
                self._tables,
                self._pilot,
                mode=self._mode,
                stop=self._stop,
                chain_block=self._chain_block,
            )
        )

    def sample(
        self,
        *,
        executor: Executor | None = None,
        chunk_rows: int = CHUNK_ROWS,
        checkpoint: str | Path | None = None,
        progress: Progress | None = None,
    ) -> CampaignDataset:
        """Draw all campaigns of the spec, label after label, and evaluate them.

        Parameters
        ----------
        executor : concurrent.futures.Executor, optional
            Where chunks run: threads of this process by default; any executor gives the same
            campaigns.
        chunk_rows : int
            Rows of a chunk; 2,500 or more keep a cluster busy. Does not change the campaigns.
        checkpoint : path, optional
            A folder for finished chunks: the same call goes on from them after a stop. They are
            removed when the run is complete; those of other runs stay.
        progress : Progress, optional

        Raises
        ------
        InfeasibleSpec
            If a label has no campaign.
        SamplingFailed
            If a label could not be filled; says how close the search came.
        """
        if self.spec.num_samples > MAX_HELD:
            raise CampaignkitError(
                f"{self.spec.num_samples:,} campaigns are asked for; up to {MAX_HELD:,} are held "
                "in memory",
                hint="use write(folder), which streams them to disk",
            )
        blocks: list[Block] = []
        kept = _checkpoint(checkpoint)
        tallies = self._run(blocks.append, executor, chunk_rows, kept, progress)
        dataset = CampaignDataset(
            concat_blocks(blocks),
            self.vocabulary,
            tuple(self.spec.label_params),
            provenance=self._provenance(describe([tally.result() for tally in tallies])),
        )
        dataset = dataset.with_evaluation(evaluate_dataset(dataset, self.graph, self.spec))
        kept.clear()
        return dataset

    def write(
        self,
        folder: str | Path,
        *,
        format: Format = "jsonl",
        executor: Executor | None = None,
        chunk_rows: int = CHUNK_ROWS,
        checkpoint: str | Path | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Draw all campaigns straight into a data set folder, in bounded memory.

        The bytes are those of ``sample().write(folder)``. The folder appears whole when the run
        is complete, or not at all. The parameters are those of :meth:`sample` and of
        :meth:`CampaignDataset.write`.

        Examples
        --------
        >>> import campaignkit as ck, tempfile
        >>> graph = ck.build_graph(
        ...     ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
        >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
        >>> sampler = ck.AnnealingSampler(graph, profile.suggest({"pos": 20}))
        >>> with tempfile.TemporaryDirectory() as place:
        ...     folder = sampler.write(Path(place, "out"))
        ...     len(ck.CampaignDataset.read(folder))
        20
        """
        kept = _checkpoint(checkpoint)
        evaluation = EvaluationAccumulator(
            self.graph, self.spec, self.vocabulary, tuple(self.spec.label_params)
        )
        with DatasetWriter(
            folder, self.vocabulary, tuple(self.spec.label_params), format=format,
            replace=replace, provenance=self._provenance({}),
        ) as writer:  # fmt: skip

            def take(block: Block) -> None:
                writer.append(block)
                evaluation.update(block)

            tallies = self._run(take, executor, chunk_rows, kept, progress)
            writer.describe(
                evaluation=evaluation.result(),
                quality=describe([tally.result() for tally in tallies]),
            )
        kept.clear()
        return checked_path(folder)

    def __repr__(self) -> str:
        labels = ", ".join(
            f"{box.num_samples} {label}" for label, box in self.spec.label_params.items()
        )
        return f"AnnealingSampler({labels}; {self.graph!r}, seed={self.seed})"

    @cached_property
    def _tables(self) -> NodeTables:
        return NodeTables.from_graph(self.graph, self.spec.type_ranges)

    @cached_property
    def _pilot(self) -> Pilot:
        return run_pilot(self._tables, self.spec)

    def _check_feasible(self) -> None:
        accepted = {label: int(which.sum()) for label, which in self._pilot.accepted.items()}
        refuse_infeasible(self._tables, self.spec, accepted)

    def _provenance(self, quality: dict[str, Any]) -> Provenance:  # Any: JSON values
        return Provenance(
            graph_digest=self.graph.digest,
            spec_digest=self.spec.digest,
            spec=self.spec.model_dump(mode="json"),
            seed=self.seed,
            quality=quality,
        )

    def _jobs(self) -> Iterator[LabelJob]:
        for plan in self.plans:
            label = self.spec.label_params[plan.label]
            yield LabelJob(
                lists=self._tables.lists,
                box=box_of(label, self.spec, self._tables)[0],
                plan=plan,
                spec=self.spec,
                key=key64(self.seed, "sample", plan.label),
                chain_block=self._chain_block,
                moves=self._moves,
                priorities=Priorities.of(label, self.spec, self._tables),
            )

    def _near_bound(self, job: LabelJob) -> Share | None:
        """What long chains say of a label; they need a wall even where its rows do not."""
        plan = job.plan
        if plan.mode != "heat_bath":
            plan = plan_label(
                plan.label, self.spec, self._tables, self._pilot, mode="heat_bath", stop="mixed"
            )
        return LongChains(replace(job, plan=plan)).near_bound()

    def _run(
        self,
        take: Callable[[Block], object],
        executor: Executor | None,
        chunk_rows: int,
        kept: Checkpoint,
        progress: Progress | None,
    ) -> list[QualityTally]:
        """Draw all rows and hand them over in order; what remains are the tallies."""
        if isinstance(chunk_rows, bool) or not isinstance(chunk_rows, int) or chunk_rows < 1:
            raise CampaignkitError(f"chunk_rows is {chunk_rows!r}; expected an integer >= 1")
        # A chain's block is never cut: a chunk begins where a chain does.
        chunk_rows += -chunk_rows % self._chain_block
        tell = progress or Silent()
        tell.update("planning", 0, 1)
        jobs = list(self._jobs())
        tell.update("planning", 1, 1)
        chunks = [
            Chunk(job, first, min(chunk_rows, wanted - first))
            for job in jobs
            for wanted in [self.spec.label_params[job.plan.label].num_samples]
            for first in range(0, wanted, chunk_rows)
        ]
        tallies = {
            job.plan.label: QualityTally(
                job.plan, job.box.bounds, self._pilot, partial(self._near_bound, job)
            )
            for job in jobs
        }
        codes = {label: code for code, label in enumerate(self.spec.label_params)}
        done = 0
        # Closed whatever happens: a traceback that is kept would keep chunks running.
        with closing(run_chunks(chunks, executor=executor, checkpoint=kept)) as finished:
            for chunk, rows in zip(chunks, finished, strict=True):
                label = chunk.job.plan.label
                tallies[label].add(rows)
                take(_block(rows, codes[label]))
                done += chunk.num_rows
                tell.update("sampling", done, self.spec.num_samples)
        return list(tallies.values())


def _check_types(graph: object, spec: object) -> None:
    if not isinstance(graph, SignedGraph):
        raise CampaignkitError(
            f"graph is a {type(graph).__name__}; expected a SignedGraph",
            hint="read one with SignedGraph.read_csv(path)",
        )
    if not isinstance(spec, SamplingSpec):
        raise SpecError(
            f"spec is a {type(spec).__name__}; expected a SamplingSpec",
            hint="make one with SamplingSpec.model_validate({...}) or SamplingSpec.read(path)",
        )


def _checkpoint(folder: str | Path | None) -> Checkpoint:
    return Checkpoint(None if folder is None else checked_path(folder))


def _block(rows: ChunkRows, code: int) -> Block:
    offsets = np.zeros(len(rows.sizes) + 1, np.int64)
    np.cumsum(rows.sizes, out=offsets[1:])
    return Block(rows.nodes, offsets, np.full(len(rows.sizes), code, np.uint8))


def _checked_mode(mode: Mode | None, stop: Stop, *, uses_moves: bool) -> tuple[Mode | None, Stop]:
    if mode is not None and mode not in _MODES:
        raise CampaignkitError(f"mode is {mode!r}; expected one of {', '.join(_MODES)} or None")
    if stop not in _STOPS:
        raise CampaignkitError(f"stop is {stop!r}; expected one of {', '.join(_STOPS)}")
    if stop == "mixed" and not uses_moves:
        return mode, stop
    if mode not in (None, "proposals"):
        raise CampaignkitError(
            f"mode {mode!r} has neither moves nor a first feasible state to stop at",
            hint="leave mode out, or use mode='proposals'",
        )
    return "proposals", stop
