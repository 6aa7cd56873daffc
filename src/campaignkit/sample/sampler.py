"""The sampler: labelled campaigns, exactly as many as asked, each in its label's box."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from functools import cached_property
from pathlib import Path

import numpy as np

from campaignkit.checks import check_all, checked_count
from campaignkit.dataset import (
    Block,
    CampaignDataset,
    DatasetEvaluation,
    DatasetWriter,
    EvaluationAccumulator,
    Provenance,
    Vocabulary,
    concat_blocks,
)
from campaignkit.dataset.writer import Format
from campaignkit.diagnosis import refuse_infeasible
from campaignkit.errors import SettingError
from campaignkit.graph import SignedGraph
from campaignkit.graph.node_tables import NodeTables
from campaignkit.progress import Progress, listener
from campaignkit.sample.arrays import NUM_EFFORTS, Box
from campaignkit.sample.chunks import Checkpoint, LabelJob, run_chunks
from campaignkit.sample.pilot import LabelPlan, Pilot, scarcity_notes, unused_notes
from campaignkit.sample.priorities import worth_of
from campaignkit.sample.quality import LabelQuality
from campaignkit.sample.strategies import Strategy
from campaignkit.seeds import checked_seed, key64
from campaignkit.spec import SamplingSpec, check_fit, idle_notes, overlap_notes

MAX_HELD = 50_000_000  # campaigns of sample(): some gigabytes; write() streams any number
CHUNK_ROWS = 10_000  # rows of a chunk; fewer than 2,500 make a cluster slower, not faster


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
    strategy : Strategy, optional
        How to sample every label: :class:`~campaignkit.Rejection`, :class:`~campaignkit.HeatBath`,
        :class:`~campaignkit.Annealing` (the published algorithm), or your own. By default a pilot
        of 10,000 draws with a fixed seed chooses for each label between the first two, which are
        exact, and the report says which and why.

    Warns
    -----
    UserWarning
        Of labels that nothing tells apart, of modalities no campaign may contain, and of annealing
        parameters that the spec gives and the strategy does not use.

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
        strategy: Strategy | None = None,
    ) -> None:
        is_one = callable(getattr(strategy, "draw", None)) and not isinstance(strategy, type)
        expected = {
            "graph": (
                graph,
                isinstance(graph, SignedGraph),
                "a SignedGraph, as of read_csv(path)",
            ),
            "strategy": (
                strategy,
                strategy is None or is_one,
                "a Strategy or None, such as HeatBath()",
            ),
        }
        check_all("wrong settings of the sampler", expected)
        check_fit(spec, graph)
        self.graph = graph
        self.spec = spec
        self.seed = checked_seed(seed)
        self.strategy = strategy
        for note in (*overlap_notes(spec), *idle_notes(spec), *unused_notes(spec, strategy)):
            warnings.warn(note, stacklevel=2)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The attributes that campaigns may contain, in canonical order."""
        return Vocabulary(self._tables.keys)

    @cached_property
    def plans(self) -> tuple[LabelPlan, ...]:
        """How each label is sampled, and why; runs the pilot on first use."""
        accepted = self._pilot.accepted
        if doubtful := [label for label, inside in accepted.items() if not inside.any()]:
            refuse_infeasible(self._tables, self.spec, doubtful)
        for note in scarcity_notes(self._tables, self.spec):
            warnings.warn(note, stacklevel=3)
        plans = []
        for label, inside in accepted.items():
            strategy, reason = self.strategy, "asked for"
            if strategy is None:
                strategy, reason = self._pilot.choose(label)
            tuned = strategy.tuned(self._job(label, strategy).world())
            plans.append(LabelPlan(label, tuned, reason, float(inside.mean())))
        return tuple(plans)

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
            A folder for finished chunks: the same call continues from them after an interruption.
            They are removed when the run is complete; those of other runs stay.
        progress : Progress, optional

        Raises
        ------
        InfeasibleSpec
            If a label has no campaign.
        SamplingFailed
            If a label could not be filled; says how close the search came.
        """
        if self.spec.num_samples > MAX_HELD:
            raise SettingError(
                f"{self.spec.num_samples:,} campaigns are requested; up to {MAX_HELD:,} are kept "
                "in memory",
                hint="use write(folder), which streams them to disk",
            )
        blocks: list[Block] = []
        kept = Checkpoint(checkpoint)
        evaluation, provenance = self._run(blocks.append, executor, chunk_rows, kept, progress)
        dataset = CampaignDataset(
            concat_blocks(blocks),
            self.vocabulary,
            tuple(self.spec.label_params),
            provenance=provenance,
            evaluation=evaluation,
        )
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
        kept = Checkpoint(checkpoint)
        with DatasetWriter(
            folder, self.vocabulary, tuple(self.spec.label_params), format=format, replace=replace
        ) as writer:
            evaluation, provenance = self._run(writer.append, executor, chunk_rows, kept, progress)
            writer.describe(evaluation=evaluation, provenance=provenance)
        kept.clear()
        return writer.folder

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
        return Pilot.run(self._tables, self.spec)

    def _job(self, label: str, strategy: Strategy) -> LabelJob:
        return LabelJob(
            label=label,
            lists=self._tables.lists,
            box=Box.of(label, self.spec, self._tables),
            strategy=strategy,
            spec=self.spec,
            key=key64(self.seed, "sample", label),
            worth=worth_of(self.spec, self._tables),
        )

    def _jobs(self) -> list[LabelJob]:
        return [self._job(plan.label, plan.strategy) for plan in self.plans]

    def _run(
        self,
        take: Callable[[Block], object],
        executor: Executor | None,
        chunk_rows: int,
        kept: Checkpoint,
        progress: Progress | None,
    ) -> tuple[DatasetEvaluation, Provenance]:
        """Draw all rows, hand them over in order and evaluate them as they come."""
        checked_count(chunk_rows, "chunk_rows")
        tell = listener(progress)
        tell.update("planning", 0, 1)
        jobs = self._jobs()
        tell.update("planning", 1, 1)
        names = tuple(self.spec.label_params)
        accumulator = EvaluationAccumulator(
            self.graph, self.spec, self.vocabulary, names, num_rows=self.spec.num_samples
        )
        efforts = {name: np.zeros(NUM_EFFORTS, np.int64) for name in names}
        chunks = [chunk for job in jobs for chunk in job.chunks(chunk_rows)]
        done = 0
        # Closed whatever happens: a traceback that is kept would keep chunks running.
        with closing(run_chunks(chunks, executor=executor, checkpoint=kept)) as finished:
            for chunk, rows in zip(chunks, finished, strict=True):
                label = chunk.job.label
                codes = np.full(len(rows.sizes), names.index(label), np.uint8)
                block = Block.of_sizes(rows.nodes, rows.sizes, codes)
                take(block)
                accumulator.update(block, signed=rows.counts)
                efforts[label] += rows.effort
                done += chunk.num_rows
                tell.update("sampling", done, self.spec.num_samples)
        evaluation = accumulator.result()
        qualities = {
            plan.label: LabelQuality.of(
                plan, evaluation.labels[plan.label], efforts[plan.label], self._pilot, job.world()
            ).to_dict()
            for plan, job in zip(self.plans, jobs, strict=True)
        }
        return evaluation, Provenance(
            graph_digest=self.graph.digest,
            spec_digest=self.spec.digest,
            spec=self.spec.model_dump(mode="json"),
            seed=self.seed,
            quality={"labels": qualities},
        )
