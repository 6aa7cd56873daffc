"""How good a classifier gets with more rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.copies import Maker, check_classifiers, made
from campaignkit.evaluation.fitted_run import FittedRun, Log, RunWriter, fit_and_predict, naming
from campaignkit.evaluation.rows import LabelledRows, read_together
from campaignkit.evaluation.tabular import Cells, Tabular, figure
from campaignkit.metrics import accuracy_of, macro_f1_of
from campaignkit.progress import Progress, listener
from campaignkit.seeds import stream
from campaignkit.show import line_plot

_SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # of the training rows, where no sizes are given


@dataclass(frozen=True)
class CurvePoint:
    """One classifier with one number of training rows.

    Attributes
    ----------
    num_rows : int
    macro_f1 : float
        Mean over seeds.
    lowest, highest : float
        Of the seeds.
    log_loss, accuracy, fit_s : float
        Means over seeds; the log-loss None without probabilities; CPU seconds.
    num_seeds : int

    Examples
    --------
    >>> CurvePoint(500, 0.7, 0.68, 0.72, 0.6, 0.75, 0.1, 3).macro_f1
    0.7
    """

    num_rows: int
    macro_f1: float
    lowest: float
    highest: float
    log_loss: float | None
    accuracy: float
    fit_s: float
    num_seeds: int


@dataclass(frozen=True)
class LearningCurve(Tabular):
    """Points by classifier, few rows first.

    Examples
    --------
    >>> LearningCurve({}, 100).to_dict()
    {'points': {}, 'num_test': 100}
    """

    points: dict[str, tuple[CurvePoint, ...]]
    num_test: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def to_svg(self) -> str:
        """The curves as a picture."""
        series = {
            name: [(float(point.num_rows), point.macro_f1) for point in line]
            for name, line in self.points.items()
        }
        return line_plot(
            series, title="Macro F1 by training rows", x_label="training rows",
            y_label="macro F1 on the test rows", log_x=True,
        )  # fmt: skip

    def cells(self) -> Cells:
        """A row a point."""
        head = ("classifier", "rows", "macro F1", "lowest", "highest", "log-loss")
        return head, [
            [name, f"{p.num_rows:,}", *map(figure, (p.macro_f1, p.lowest, p.highest, p.log_loss))]
            for name, line in self.points.items()
            for p in line
        ]

    def _repr_html_(self) -> str:
        return self.to_svg()


def learning_curve(
    classifiers: Mapping[str, Maker],
    train: Any,
    test: Any,
    *,
    sizes: Sequence[int] | None = None,
    num_seeds: int = 3,
    seed: int = 0,
    run_log: Log = None,
    progress: Progress | None = None,
) -> LearningCurve:
    """Fit each classifier on growing parts of the training rows, and score it on all test rows.

    Parameters
    ----------
    classifiers : mapping of str to classifier, or to function of int
        By name: a classifier, of which each fit takes a fresh copy with its own seed; or a
        function that makes one for a seed.
    train, test : CampaignDataset or (records, labels)
    sizes : sequence of int, optional
        Numbers of training rows; 5% to 100% of them by default.
    num_seeds : int
        Of the rows drawn and of the classifier.
    seed : int
        Parts of one seed contain each other and keep each label's share.
    run_log : RunLog or path, optional
        Takes a fit and an evaluation a point and seed.
    progress : Progress, optional

    Raises
    ------
    EvaluationError
        If what is given are no classifiers by name, or a size is out of range
        or leaves a label without a row.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> rows = ([{"geo": "Peru"}] * 30, ["neg", "avg", "pos"] * 10)
    >>> curve = learning_curve(
    ...     {"majority": MajorityClassifier()}, rows, rows, sizes=[6, 30], num_seeds=1)
    >>> [point.num_rows for point in curve.points["majority"]]
    [6, 30]
    """
    tell = listener(progress)
    check_classifiers(classifiers, are_makers=True)
    known, rows = read_together(train=train, test=test)
    if sizes is None:
        sizes = sorted({max(1, round(share * len(known))) for share in _SHARES})
    orders = [stratified_order(known, seed, repeat) for repeat in range(num_seeds)]
    _check(known, sizes, orders)
    points: dict[str, list[CurvePoint]] = {name: [] for name in classifiers}
    done, total = 0, len(classifiers) * len(sizes) * num_seeds
    for name, make in classifiers.items():
        for size in sorted(sizes):
            runs = []
            for repeat, order in enumerate(orders):
                tell.update("learning curve", done, total)
                part = known.take(order[:size])
                with naming(name):
                    runs.append(fit_and_predict(made(make, repeat), part, rows))
                done += 1
                writer = RunWriter.of(
                    run_log, part, rows, name=f"learning curve, {size} rows", seed=repeat
                )
                writer.write(name, runs[-1])
            points[name].append(_point(size, runs))
    tell.update("learning curve", total, total)
    return LearningCurve({name: tuple(line) for name, line in points.items()}, len(rows))


def stratified_order(rows: LabelledRows, seed: int, repeat: int) -> NDArray[np.int64]:
    """int64[rows]: an order of which every beginning has nearly each label's share.

    Examples
    --------
    >>> from campaignkit.evaluation.rows import labelled_rows
    >>> rows = labelled_rows(([{"geo": "Peru"}] * 6, ["neg"] * 2 + ["pos"] * 4))
    >>> sorted(rows.labels[stratified_order(rows, 0, 0)[:3]].tolist())
    ['neg', 'pos', 'pos']
    """
    rng = stream(seed, "evaluation", "order", repeat)
    mixed = rng.permutation(len(rows))
    codes = rows.codes[mixed]
    # The k-th of a label's n rows stands at (k + 1/2) / n of the whole.
    place = np.empty(len(rows))
    for code in np.unique(codes):
        mine = np.flatnonzero(codes == code)
        place[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
    return np.asarray(mixed[np.argsort(place, kind="stable")], np.int64)


def _check(train: LabelledRows, sizes: Sequence[int], orders: Sequence[NDArray[np.int64]]) -> None:
    faults = []
    if not orders:
        faults.append(Fault("num_seeds", "is below 1; expected 1 or more"))
    labels = len(np.unique(train.codes))
    for size in sizes:
        if not labels <= size <= len(train):
            found = f"{size}; expected {labels} (a row of each label) to {len(train):,}"
            faults.append(Fault("sizes", found))
        elif any(len(np.unique(train.codes[order[:size]])) < labels for order in orders):
            found = f"{size:,} rows contain no row of some label"
            faults.append(Fault("sizes", found, "ask for more rows"))
    if faults:
        raise EvaluationError("a learning curve that cannot be drawn", faults=faults)


def _point(size: int, runs: list[FittedRun]) -> CurvePoint:
    confusions = np.stack([run.rows.confusion for run in runs])
    scores = macro_f1_of(confusions)
    losses = [run.log_loss for run in runs if run.log_loss is not None]
    return CurvePoint(
        num_rows=size,
        macro_f1=float(scores.mean()),
        lowest=float(scores.min()),
        highest=float(scores.max()),
        log_loss=float(np.mean(losses)) if losses else None,
        accuracy=float(accuracy_of(confusions).mean()),
        fit_s=float(np.mean([run.fit_s for run in runs])),
        num_seeds=len(runs),
    )
