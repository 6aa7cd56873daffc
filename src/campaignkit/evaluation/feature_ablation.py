"""What each feature is worth: retrain without it, and see how far the score falls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import Classifier
from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.calibration import mean_loss
from campaignkit.evaluation.fitted_run import RunWriter, fit_and_predict
from campaignkit.evaluation.learning_curves import stratified_order
from campaignkit.evaluation.resampling import Interval, interval_of, resample_rows
from campaignkit.evaluation.rows_with_labels import LabelledRows, labelled_rows
from campaignkit.evaluation.signal_share import signal_shares
from campaignkit.graph import SignedGraph
from campaignkit.metrics import Counts, Floats, macro_f1_of
from campaignkit.progress import Progress, Silent
from campaignkit.runs import RunLog
from campaignkit.seeds import stream
from campaignkit.show.page import table

_SHOWN = 5


@dataclass(frozen=True)
class FeatureDrop:
    """What the score loses without one feature.

    Attributes
    ----------
    feature : str
        The modality left out.
    macro_f1 : float
        Without it, mean over seeds.
    drop : float
        Macro F1 with all features minus without this one, mean over seeds.
    interval : (float, float)
        Of the drop, over test rows and seeds.
    drop_by_seed : tuple of float
    log_loss : float
        Without it, mean over seeds.
    signal_share : float or None
        The share of the labels' signal that the modality truly carries; None without a graph.

    Examples
    --------
    >>> FeatureDrop("brand", 0.84, 0.06, (0.05, 0.07), (0.06,), 0.5, 0.31).drop
    0.06
    """

    feature: str
    macro_f1: float
    drop: float
    interval: Interval
    drop_by_seed: tuple[float, ...]
    log_loss: float
    signal_share: float | None = None


@dataclass(frozen=True)
class AblationReport:
    """Drops by feature, the largest first.

    Attributes
    ----------
    macro_f1, log_loss : float
        With all features, mean over seeds.
    drops : tuple of FeatureDrop
    num_train, num_test, num_seeds : int
    level : float
        Of the intervals.

    Examples
    --------
    >>> AblationReport(0.9, 0.3, (), 1000, 500, 3, 0.95).macro_f1
    0.9
    """

    macro_f1: float
    log_loss: float
    drops: tuple[FeatureDrop, ...]
    num_train: int
    num_test: int
    num_seeds: int
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def to_markdown(self) -> str:
        """A table, a row a feature."""
        head, rows = self._table()
        lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"

    def _repr_html_(self) -> str:
        return table(*self._table())

    def _table(self) -> tuple[list[str], list[list[str]]]:
        head = ["left out", "macro F1", "drop", "from", "to", "log-loss", "true share of signal"]
        rows = [["(nothing)", f"{self.macro_f1:.4f}", "", "", "", f"{self.log_loss:.4f}", ""]]
        for found in self.drops:
            share = "" if found.signal_share is None else f"{found.signal_share:.3f}"
            ends = [f"{end:.4f}" for end in found.interval]
            shown = [found.feature, f"{found.macro_f1:.4f}", f"{found.drop:.4f}"]
            rows.append([*shown, *ends, f"{found.log_loss:.4f}", share])
        return head, rows


class FeatureAblation:
    """Retrains a classifier without each feature in turn, over several seeds.

    Parameters
    ----------
    make_classifier : function of int
        Makes an unfitted classifier for a seed.
    num_seeds : int
        Each seed draws its own training rows and hands the classifier its number.
    train_share : float
        Share of the training rows a seed draws, by label, without replacement; the same rows with
        and without a feature. With 1.0 a classifier without randomness gives the same each time.
    level : float
        Of the intervals.
    num_resamples : int
        Of test rows and seeds together.
    seed : int

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> rows = ([{"geo": "Peru", "brand": "Nike"}] * 30, ["neg", "avg", "pos"] * 10)
    >>> ablation = FeatureAblation(lambda seed: MajorityClassifier(), num_seeds=2)
    >>> [(found.feature, found.drop) for found in ablation.run(rows, rows).drops]
    [('brand', 0.0), ('geo', 0.0)]
    """

    def __init__(
        self,
        make_classifier: Callable[[int], Classifier],
        *,
        num_seeds: int = 3,
        train_share: float = 0.9,
        level: float = 0.95,
        num_resamples: int = 1000,
        seed: int = 0,
    ) -> None:
        faults = [
            Fault(name, f"is {value}; expected {wanted}")
            for name, value, is_right, wanted in (
                ("num_seeds", num_seeds, num_seeds >= 1, "1 or more"),
                ("train_share", train_share, 0 < train_share <= 1, "a share above 0, up to 1"),
                ("level", level, 0 < level < 1, "a share between 0 and 1"),
                ("num_resamples", num_resamples, num_resamples >= 1, "1 or more"),
            )
            if not is_right
        ]
        if faults:
            raise EvaluationError("an ablation that cannot be run", faults=faults)
        self.make_classifier = make_classifier
        self.num_seeds = num_seeds
        self.train_share = train_share
        self.level = level
        self.num_resamples = num_resamples
        self.seed = seed

    def run(
        self,
        train: Any,
        test: Any,
        *,
        graph: SignedGraph | None = None,
        features: Sequence[str] | None = None,
        run_log: RunLog | Path | str | None = None,
        progress: Progress | None = None,
    ) -> AblationReport:
        """Fit ``num_seeds * (features + 1)`` classifiers and score them on all test rows.

        Parameters
        ----------
        train, test : CampaignDataset or (records, labels)
        graph : SignedGraph, optional
            What made the labels: each feature's true share of the signal stands beside its drop.
        features : sequence of str, optional
            Modalities to leave out, one at a time; all by default.
        run_log : RunLog or path, optional
            Takes a fit and an evaluation a classifier.
        progress : Progress, optional

        Raises
        ------
        EvaluationError
            If a feature is not there, or rows would be empty without one: all of them.
        """
        tell = progress or Silent()
        known, rows = labelled_rows(train, name="train"), labelled_rows(test, name="test")
        names = (
            list(features) if features is not None else list(known.dataset.vocabulary.modalities)
        )
        _check(known, rows, names)
        writer = RunWriter.of(run_log, known, rows, name="ablation", seed=self.seed)
        answers = np.empty((len(names) + 1, self.num_seeds, len(rows)), np.int64)
        losses = np.empty(answers.shape[:2])
        done, total = 0, (len(names) + 1) * self.num_seeds
        for i, name in enumerate([None, *names]):
            mine = known if name is None else known.without(name)
            held = rows if name is None else rows.without(name)
            for repeat in range(self.num_seeds):
                tell.update("ablation", done, total)
                order = stratified_order(known, self.seed, repeat)
                part = mine.take(np.sort(order[: self._num_drawn(known)]))
                made = fit_and_predict(self.make_classifier(repeat), part, held)
                answers[i, repeat] = made.rows.predicted
                losses[i, repeat] = mean_loss(made.rows)
                family = type(made.classifier).__name__
                writer.write_both(f"{family} without {name}" if name else family, made)
                done += 1
        tell.update("ablation", total, total)
        shares = signal_shares(rows.dataset, graph).by_modality if graph is not None else {}
        return self._report(
            names, rows, answers, losses.mean(axis=1).tolist(),
            shares=shares, num_train=self._num_drawn(known),
        )  # fmt: skip

    def _num_drawn(self, train: LabelledRows) -> int:
        return max(1, round(self.train_share * len(train)))

    def _report(
        self, names: list[str], rows: LabelledRows, answers: Counts, losses: list[float],
        *, shares: dict[str, float], num_train: int,
    ) -> AblationReport:  # fmt: skip
        scores = macro_f1_of(_confusions(rows.codes, answers))
        samples = self._resample(rows.codes, answers)
        drops = []
        for i, name in enumerate(names, start=1):
            by_seed = scores[0] - scores[i]
            interval = interval_of(samples[:, i - 1], self.level)
            assert interval is not None
            drops.append(
                FeatureDrop(
                    feature=name,
                    macro_f1=float(scores[i].mean()),
                    drop=float(by_seed.mean()),
                    interval=interval,
                    drop_by_seed=tuple(by_seed.tolist()),
                    log_loss=losses[i],
                    signal_share=shares.get(name),
                )
            )
        drops.sort(key=lambda found: -found.drop)
        return AblationReport(
            macro_f1=float(scores[0].mean()),
            log_loss=losses[0],
            drops=tuple(drops),
            num_train=num_train,
            num_test=len(rows),
            num_seeds=self.num_seeds,
            level=self.level,
        )

    def _resample(self, truth: Counts, answers: Counts) -> Floats:
        """float64[resamples, features]: mean drops over rows and seeds drawn with replacement."""
        rng = stream(self.seed, "ablation", "resample")
        num_sets, num_seeds, _ = answers.shape
        cells = truth * 3 + answers  # sets, seeds, rows
        parts = []
        for drawn in resample_rows(len(truth), self.num_resamples, rng):
            shift = np.arange(len(drawn))[:, np.newaxis] * 9
            scores = np.empty((num_sets, num_seeds, len(drawn)))
            for i in range(num_sets):
                for k in range(num_seeds):
                    flat = (cells[i, k][drawn] + shift).ravel()
                    tables = np.bincount(flat, minlength=9 * len(drawn)).reshape(-1, 3, 3)
                    scores[i, k] = macro_f1_of(tables)
            seeds = rng.integers(num_seeds, size=(num_seeds, len(drawn)))
            picked = np.take_along_axis(scores, seeds[np.newaxis], axis=1).mean(axis=1)
            parts.append((picked[0] - picked[1:]).T)
        return np.concatenate(parts)


def _confusions(truth: Counts, answers: Counts) -> NDArray[np.int64]:
    num_sets, num_seeds, _ = answers.shape
    tables = [
        np.bincount(truth * 3 + answers[i, k], minlength=9).reshape(3, 3)
        for i in range(num_sets)
        for k in range(num_seeds)
    ]
    return np.array(tables, np.int64).reshape(num_sets, num_seeds, 3, 3)


def _check(train: LabelledRows, test: LabelledRows, names: list[str]) -> None:
    there = train.dataset.vocabulary.modalities
    faults = [
        Fault(name, "is no modality of the training rows", f"there are {', '.join(there)}")
        for name in names
        if name not in there
    ]
    if not faults:
        for name in names:
            for what, rows in (("training", train), ("test", test)):
                empty = np.flatnonzero(rows.without(name).dataset.block.sizes == 0)
                if len(empty):
                    where = ", ".join(map(str, empty[:_SHOWN].tolist()))
                    found = f"{len(empty):,} {what} rows hold nothing else, first: {where}"
                    faults.append(Fault(name, found, "leave it in, or drop these rows"))
    if faults or not names:
        raise EvaluationError(
            "an ablation that cannot be run", hint="" if names else "name a feature", faults=faults
        )
