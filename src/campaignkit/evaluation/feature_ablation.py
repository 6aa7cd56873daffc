"""What each feature is worth: retrain without it, and see how far the score falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import check_all, is_count
from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.copies import Maker, check_classifiers, made
from campaignkit.evaluation.fitted_run import Log, RunWriter, fit_and_predict
from campaignkit.evaluation.graph_oracle import signal_shares
from campaignkit.evaluation.learning_curves import stratified_order
from campaignkit.evaluation.resampling import Interval, interval_of, resample_rows
from campaignkit.evaluation.rows import LabelledRows, read_together
from campaignkit.evaluation.tabular import Cells, Tabular, figure
from campaignkit.graph import SignedGraph
from campaignkit.metrics import Counts, Floats, f1_of, macro_f1_of
from campaignkit.progress import Progress, listener
from campaignkit.seeds import stream

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
    log_loss : float or None
        Without it, mean over seeds; None without probabilities.
    f1 : dict of str to float
        F1 of each label without it, mean over seeds; none for a label that does not occur.
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
    log_loss: float | None
    signal_share: float | None = None
    f1: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class AblationReport(Tabular):
    """Drops by feature, the largest first.

    Attributes
    ----------
    macro_f1, log_loss, f1 : float, float or None, dict of str to float
        With all features, mean over seeds.
    drops : tuple of FeatureDrop
    num_train, num_test, num_seeds : int
    level : float
        Of the intervals.

    Examples
    --------
    >>> AblationReport(0.9, 0.3, (), 1000, 500, 3, 0.95)
    AblationReport(macro F1 0.900 on 500 rows; drops: )
    """

    macro_f1: float
    log_loss: float | None
    drops: tuple[FeatureDrop, ...]
    num_train: int
    num_test: int
    num_seeds: int
    level: float
    f1: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        drops = ", ".join(f"{of.feature} {of.drop:.3f}" for of in self.drops[:_SHOWN])
        return (
            f"AblationReport(macro F1 {self.macro_f1:.3f} on {self.num_test:,} rows; "
            f"drops: {drops})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def cells(self) -> Cells:
        """A row a feature: what is left without it, for each label too."""
        names = list(self.f1)
        head = ["left out", "macro F1", "drop", "from", "to", *(f"F1 {name}" for name in names)]
        rows = [["(nothing)", figure(self.macro_f1, 4), "", "", ""]]
        rows += [
            [of.feature, *(figure(x, 4) for x in (of.macro_f1, of.drop, *of.interval))]
            for of in self.drops
        ]
        shares = [None, *(of.signal_share for of in self.drops)]
        losses = [self.log_loss, *(of.log_loss for of in self.drops)]
        by_label = [self.f1, *(of.f1 for of in self.drops)]
        for row, f1, loss, share in zip(rows, by_label, losses, shares, strict=True):
            row.extend(figure(f1.get(name), 4) for name in names)
            row.extend([figure(loss, 4)] + [figure(share)] * any(shares))
        return [*head, "log-loss", *(["true share of signal"] * any(shares))], rows


class FeatureAblation:
    """Retrains a classifier without each feature in turn, over several seeds.

    Parameters
    ----------
    classifier : classifier, or function of int
        Each fit takes a fresh copy of it with its own seed; or what the function makes for a seed.
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
    >>> ablation = FeatureAblation(MajorityClassifier(), num_seeds=2)
    >>> [(found.feature, found.drop) for found in ablation.run(rows, rows).drops]
    [('brand', 0.0), ('geo', 0.0)]
    """

    def __init__(
        self,
        classifier: Maker,
        *,
        num_seeds: int = 3,
        train_share: float = 0.9,
        level: float = 0.95,
        num_resamples: int = 1000,
        seed: int = 0,
    ) -> None:
        check_classifiers({"classifier": classifier}, are_makers=True)
        check_all(
            "an ablation that cannot be run",
            {
                "num_seeds": (num_seeds, is_count(num_seeds), "1 or more"),
                "train_share": (train_share, 0 < train_share <= 1, "a share above 0, up to 1"),
                "level": (level, 0 < level < 1, "a share between 0 and 1"),
                "num_resamples": (num_resamples, is_count(num_resamples), "1 or more"),
            },
            error=EvaluationError,
        )
        self.classifier = classifier
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
        run_log: Log = None,
        progress: Progress | None = None,
    ) -> AblationReport:
        """Fit ``num_seeds * (features + 1)`` classifiers and score them on all test rows.

        Parameters
        ----------
        train, test : CampaignDataset or (records, labels)
        graph : SignedGraph, optional
            What made the labels: each feature's true share of the signal is reported with its
            drop.
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
        tell = listener(progress)
        known, rows = read_together(train=train, test=test)
        there = known.dataset.vocabulary.modalities
        names = list(features) if features is not None else list(there)
        _check(known, rows, names)
        writer = RunWriter.of(run_log, known, rows, name="ablation", seed=self.seed)
        answers = np.empty((len(names) + 1, self.num_seeds, len(rows)), np.int64)
        losses = np.full(answers.shape[:2], np.nan)
        done, total = 0, losses.size
        num_drawn = max(1, round(self.train_share * len(known)))
        for i, name in enumerate([None, *names]):
            mine, held = (part if name is None else part.without(name) for part in (known, rows))
            for repeat in range(self.num_seeds):
                tell.update("ablation", done, total)
                order = stratified_order(known, self.seed, repeat)
                part = mine.take(np.sort(order[:num_drawn]))
                run = fit_and_predict(made(self.classifier, repeat), part, held)
                answers[i, repeat] = run.rows.predicted
                if run.log_loss is not None:
                    losses[i, repeat] = run.log_loss
                writer.write(f"{run.family} without {name}" if name else run.family, run)
                done += 1
        tell.update("ablation", total, total)
        shares = signal_shares(rows.dataset, graph).by_modality if graph is not None else {}
        return self._report(names, rows, answers, losses, shares=shares, num_train=num_drawn)

    def _report(
        self, names: list[str], rows: LabelledRows, answers: Counts, losses: Floats,
        *, shares: dict[str, float], num_train: int,
    ) -> AblationReport:  # fmt: skip
        labels = rows.names.names
        tables = _confusions(rows.codes, answers, len(labels))
        scores = macro_f1_of(tables)
        told: list[dict[str, Any]] = [
            {
                "macro_f1": float(scores[i].mean()),
                "log_loss": None if np.isnan(losses[i]).any() else float(losses[i].mean()),
                "f1": {
                    label: float(f1)
                    for label, f1 in zip(labels, f1_of(tables[i]).mean(axis=0), strict=True)
                    if np.isfinite(f1)
                },
            }
            for i in range(len(names) + 1)
        ]
        samples = self._resample(rows.codes, answers, len(labels))
        drops = []
        for i, name in enumerate(names, start=1):
            by_seed = scores[0] - scores[i]
            interval = interval_of(samples[:, i - 1], self.level)
            assert interval is not None
            drops.append(
                FeatureDrop(
                    feature=name,
                    drop=float(by_seed.mean()),
                    interval=interval,
                    drop_by_seed=tuple(by_seed.tolist()),
                    signal_share=shares.get(name),
                    **told[i],
                )
            )
        return AblationReport(
            drops=tuple(sorted(drops, key=lambda found: -found.drop)),
            num_train=num_train,
            num_test=len(rows),
            num_seeds=self.num_seeds,
            level=self.level,
            **told[0],
        )

    def _resample(self, truth: Counts, answers: Counts, num: int) -> Floats:
        """float64[resamples, features]: mean drops over rows and seeds drawn with replacement."""
        rng = stream(self.seed, "ablation", "resample")
        num_sets, num_seeds, _ = answers.shape
        cells = truth * num + answers  # sets, seeds, rows
        parts = []
        for drawn in resample_rows(len(truth), self.num_resamples, rng):
            shift = np.arange(len(drawn))[:, np.newaxis] * num**2
            scores = np.empty((num_sets, num_seeds, len(drawn)))
            for i in range(num_sets):
                for k in range(num_seeds):
                    flat = (cells[i, k][drawn] + shift).ravel()
                    counted = np.bincount(flat, minlength=num**2 * len(drawn))
                    scores[i, k] = macro_f1_of(counted.reshape(-1, num, num))
            seeds = rng.integers(num_seeds, size=(num_seeds, len(drawn)))
            picked = np.take_along_axis(scores, seeds[np.newaxis], axis=1).mean(axis=1)
            parts.append((picked[0] - picked[1:]).T)
        return np.concatenate(parts)


def _confusions(truth: Counts, answers: Counts, num: int) -> NDArray[np.int64]:
    """int64[sets, seeds, labels, labels]."""
    cells = (truth * num + answers).reshape(-1, len(truth))
    tables = [np.bincount(row, minlength=num**2) for row in cells]
    return np.array(tables, np.int64).reshape(*answers.shape[:2], num, num)


def _check(train: LabelledRows, test: LabelledRows, names: list[str]) -> None:
    there = train.dataset.vocabulary.modalities
    faults = [
        Fault(
            name,
            "is not a modality of the training rows",
            f"the modalities are {', '.join(there)}",
        )
        for name in names
        if name not in there
    ]
    if not faults:
        for name in names:
            for what, rows in (("training", train), ("test", test)):
                empty = np.flatnonzero(rows.without(name).dataset.block.sizes == 0)
                if len(empty):
                    where = ", ".join(map(str, empty[:_SHOWN].tolist()))
                    found = f"{len(empty):,} {what} rows contain nothing else, first: {where}"
                    faults.append(Fault(name, found, "leave it in, or drop these rows"))
    if faults or not names:
        raise EvaluationError(
            "an ablation that cannot be run", hint="" if names else "name a feature", faults=faults
        )
