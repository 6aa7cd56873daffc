"""From campaigns to numbers, in one pass and bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.evaluation import DatasetEvaluation, LabelEvaluation
from campaignkit.dataset.label_tally import LabelTally
from campaignkit.dataset.leakage import measure_leakage
from campaignkit.dataset.row_hash import Repeats, count_repeats
from campaignkit.dataset.row_sample import RowSample, compare_rows
from campaignkit.dataset.sign_counts import SignCounter
from campaignkit.dataset.vocabulary import Vocabulary, checked_label_names
from campaignkit.progress import Progress, listener
from campaignkit.seeds import stream

if TYPE_CHECKING:
    from campaignkit.dataset.campaign_dataset import CampaignDataset
    from campaignkit.graph import SignedGraph
    from campaignkit.spec import SamplingSpec

_STEP_ROWS = 50_000
_SAMPLE_ROWS = 20_000  # for what compares rows or fits a model; all rows of the usual 13,000
_SHOWN_UNUSED = 50
_DIGITS = 9  # sums over rows differ in the last digits with the size of the blocks


def evaluate_dataset(
    dataset: CampaignDataset,
    graph: SignedGraph,
    spec: SamplingSpec | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> DatasetEvaluation:
    """What a data set is, against what its spec asked for.

    Parameters
    ----------
    dataset : CampaignDataset
        The campaigns.
    graph : SignedGraph
        The graph they were sampled from: its signs decide the fractions.
    spec : SamplingSpec or None
        Without one, what is in range is left open.
    seed : int
        Decides which rows and pairs are sampled where not all are looked at.
    progress : Progress or None
        Receives the number of rows done.

    Raises
    ------
    DatasetError
        If the graph lacks attributes of the data set.

    Examples
    --------
    >>> from campaignkit.dataset import CampaignDataset
    >>> from campaignkit.graph import Edge, SignedGraph
    >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), 1)])
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Peru")])
    >>> dataset = CampaignDataset(Block.of_rows([[0, 1]], labels=[0]), vocabulary, ["pos"])
    >>> evaluate_dataset(dataset, graph).labels["pos"].mean_pos_frac
    1.0
    """
    accumulator = EvaluationAccumulator(
        graph, spec, dataset.vocabulary, dataset.label_names, seed=seed, num_rows=len(dataset)
    )
    tell = listener(progress)
    for start in range(0, len(dataset), _STEP_ROWS):
        accumulator.update(dataset.block[start : start + _STEP_ROWS])
        tell.update("evaluating", min(start + _STEP_ROWS, len(dataset)), len(dataset))
    return accumulator.result()


class EvaluationAccumulator:
    """Evaluates blocks as they stream by, with nine bytes per row kept.

    Parameters
    ----------
    graph, spec, seed
        As for :func:`evaluate_dataset`.
    vocabulary, label_names
        What the blocks' codes stand for.
    num_rows : int, optional
        How many rows will come, where that is known: fewer are then held.

    Raises
    ------
    DatasetError
        If the graph lacks attributes of the vocabulary.

    Examples
    --------
    >>> from campaignkit.graph import Edge, SignedGraph
    >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), 1)])
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Peru")])
    >>> accumulator = EvaluationAccumulator(graph, None, vocabulary, ["pos"])
    >>> accumulator.update(Block.of_rows([[0, 1], [0, 1]], labels=[0, 0]))
    >>> accumulator.result().duplicates
    1
    """

    def __init__(
        self,
        graph: SignedGraph,
        spec: SamplingSpec | None,
        vocabulary: Vocabulary,
        label_names: Sequence[str],
        *,
        seed: int = 0,
        num_rows: int | None = None,
    ) -> None:
        self._spec = spec
        self._vocabulary = vocabulary
        self._label_names = checked_label_names(label_names)
        self._seed = seed
        ranges = spec.type_ranges if spec is not None else None
        self._counter = SignCounter(graph, vocabulary, ranges)
        boxes = spec.label_params if spec is not None else {}
        self._tallies = {name: LabelTally(boxes.get(name)) for name in self._label_names}
        self._used = np.zeros(len(vocabulary), bool)
        self._hashes: list[NDArray[np.uint64]] = []
        self._labels: list[NDArray[np.uint8]] = []
        self._sample = RowSample(_SAMPLE_ROWS, seed=seed, expected=num_rows)

    def update(self, block: Block, *, signed: NDArray[np.integer] | None = None) -> None:
        """Add the next rows.

        Parameters
        ----------
        block : Block
        signed : integers[rows, 2], optional
            Their + and - pairs, where who made the rows has counted them: they are not counted
            again, nor are the label codes checked.
        """
        if signed is None:
            block.check(num_nodes=len(self._vocabulary), num_labels=len(self._label_names))
        counts, sizes = self._counter.count(block, signed=signed, used=self._used), block.sizes
        for code, tally in enumerate(self._tallies.values()):
            mine = block.labels == code
            if mine.all():  # the rule while sampling: no copies
                tally.add(counts.signed, sizes, counts.is_legal)
            elif mine.any():
                tally.add(counts.signed[mine], sizes[mine], counts.is_legal[mine])
        self._hashes.append(counts.hashes)
        self._labels.append(block.labels.copy())
        self._sample.update(block)

    def result(self) -> DatasetEvaluation:
        """The evaluation of all rows so far."""
        self._hashes = [np.concatenate([np.zeros(0, np.uint64), *self._hashes])]
        self._labels = [np.concatenate([np.zeros(0, np.uint8), *self._labels])]
        hashes, codes = self._hashes[0], self._labels[0]
        sample = self._sample.rows()
        repeats, repeats_of = count_repeats(hashes, codes, num_labels=len(self._label_names))
        labels = {
            name: self._label(code, name, len(hashes), repeats_of[code], sample)
            for code, name in enumerate(self._label_names)
        }
        boxes = self._spec.label_params if self._spec is not None else {}
        for name in [name for name in boxes if name not in labels]:
            labels[name] = LabelEvaluation(rows=0, requested=boxes[name].num_samples)
        rows = len(hashes)
        in_range = [label.in_range for label in labels.values() if label.rows]
        known = [count for count in in_range if count is not None]
        rng = stream(self._seed, "dataset", "pairs")
        names, leakage = self._label_names, None
        if len(names) > 1:
            leakage = measure_leakage(sample, self._vocabulary, names, seed=self._seed)
        coverage, unused = {}, {}
        starts = self._vocabulary.starts
        for m, modality in enumerate(self._vocabulary.modalities):
            used = self._used[starts[m] : starts[m + 1]]
            coverage[modality] = _share(int(used.sum()), len(used))
            idle = starts[m] + np.flatnonzero(~used)[:_SHOWN_UNUSED]
            if len(idle):
                unused[modality] = [self._vocabulary.keys[node][1] for node in idle]
        return DatasetEvaluation(
            rows=rows,
            labels=labels,
            in_range_frac=_share(sum(known), rows) if len(known) == len(in_range) else None,
            class_balance=_balance([label.rows for label in labels.values()]),
            coverage_frac=coverage,
            unused=unused,
            duplicates=repeats.duplicates,
            distinct_frac=_share(repeats.distinct, rows),
            effective_distinct=round(repeats.effective, 3),
            similarity=compare_rows(sample, len(self._vocabulary), rng),
            leakage=leakage,
            notes=self._notes(rows, labels),
        )

    def _label(
        self,
        code: int,
        name: str,
        num_rows: int,
        repeats: Repeats,
        sample: Block,
    ) -> LabelEvaluation:
        tally, total = self._tallies[name], self._tallies[name].totals()
        box, rows = tally.spec, total.rows
        pos, neg = _share(total.pos, rows), _share(total.neg, rows)
        rng = stream(self._seed, "dataset", "pairs", name)
        own = sample.take(np.flatnonzero(sample.labels == code))
        sizes = {str(size): int(num) for size, num in enumerate(tally.by_size[:, 0]) if num}
        return LabelEvaluation(
            rows=rows,
            requested=box.num_samples if box else None,
            row_frac=_share(rows, num_rows),
            mean_pos_frac=pos,
            mean_neg_frac=neg,
            mean_absent_frac=round(1 - pos - neg, _DIGITS) if rows else 0.0,
            mean_deviation=_share(tally.deviation, rows) if box else None,
            in_range=total.in_range if box else None,
            in_range_frac=_share(total.in_range, rows) if box else None,
            type_counts_legal=total.legal if self._spec is not None else None,
            near_bound_frac=_share(total.near_bound, rows) if box else None,
            sizes=sizes,
            duplicates=repeats.duplicates,
            duplicates_across=repeats.across,
            distinct_frac=_share(repeats.distinct, rows),
            effective_distinct=round(repeats.effective, 3),
            similarity=compare_rows(own, len(self._vocabulary), rng),
        )

    def _notes(self, rows: int, labels: dict[str, LabelEvaluation]) -> tuple[str, ...]:
        chance = rows * (rows - 1) / 2**65
        notes = [
            "identical rows are found by 64-bit hashes; that two different rows of this data set "
            f"were taken for one has probability {chance:.1g}"
        ]
        if rows > _SAMPLE_ROWS:
            notes.append(f"similarity and leakage are of {_SAMPLE_ROWS} rows drawn from {rows}")
        if self._spec is not None:
            strangers = [name for name in labels if name not in self._spec.label_params]
            if strangers:
                notes.append(f"labels that are not in the spec: {', '.join(strangers)}")
        return tuple(notes)


def _share(part: float, whole: int) -> float:
    return round(float(part) / whole, _DIGITS) if whole else 0.0


def _balance(rows: list[int]) -> float:
    if len(rows) < 2 or not sum(rows):
        return 0.0
    shares = np.array([num for num in rows if num]) / sum(rows)
    return round(float(-(shares * np.log(shares)).sum() / np.log(len(rows))), _DIGITS)
