"""From probabilities to labels: rules that are tuned on validation rows, and on those only."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import check_all
from campaignkit.classify.labels import label_positions, ranks_of, read_labels
from campaignkit.classify.settings import Settings
from campaignkit.errors import ClassifierError, NotFitted
from campaignkit.metrics import macro_f1, macro_f1_of
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Method = Literal["argmax", "tau", "offsets", "cuts", "published-boost"]
Scale = Literal["probabilities", "logits"]
Rule = dict[str, Any]

PUBLISHED_BOOST = 2.5
_TAUS = np.round(np.arange(0, 2.01, 0.05), 2)
_COARSE, _FINE = np.arange(-4, 4.01, 0.5), np.arange(-0.4, 0.41, 0.1)
_PLACES = 160  # of each cut, along the sorted scores
_RESAMPLES = 400
_LEAST = 1e-12  # a probability of 0 counts as this
_ARGMAX: Rule = {"kind": "argmax"}


class BoostWarning(UserWarning):
    """The published boost was asked for: its answers depend on what softmax ignores.

    Examples
    --------
    >>> issubclass(BoostWarning, UserWarning)
    True
    """


@dataclass(kw_only=True, eq=False, repr=False)
class DecisionTuner(Settings):
    """Chooses how probabilities become labels, by macro F1 on validation rows.

    Parameters
    ----------
    method : {"cuts", "offsets", "tau", "argmax", "published-boost"}
        - ``"cuts"``: ordered cuts on one score, the mean logit of the labels above each cut;
        - ``"offsets"``: argmax of log P + an offset a class;
        - ``"tau"``: logit adjustment, argmax of log P - tau * log(share of the class);
        - ``"argmax"``: the most probable label; nothing is tuned;
        - ``"published-boost"``: the logits of the worst and the best label times 2.5, as in the
          published Qwen run (of all but the commonest where no order is known). Kept for
          reproduction, with a warning: a constant added to all logits changes its answers.
    order : sequence or None
        Labels from worst to best, which cuts need; known for neg, avg, pos and the published
        words.
    scale : {"probabilities", "logits"}
        What is handed in. Logits are normalised first, so a constant added to a row changes
        nothing (the published boost excepted).
    keep_argmax : bool
        Whether a rule has to beat argmax by more than one standard error of the gain on the
        validation rows; else argmax is kept.
    seed : int
        For the resampling that gives the standard error.

    Attributes
    ----------
    classes_ : array
        The labels, sorted: the order of the columns.
    rule_ : dict
        What was chosen: ``{"kind": "cuts", "cuts": [...]}`` and so on.
    macro_f1_ : dict of str to float
        On the validation rows, of ``"argmax"`` and of ``"tuned"``.

    References
    ----------
    Menon et al. 2021, Long-tail learning via logit adjustment (tau).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.normal(size=400)
    >>> labels = np.array(["neg", "avg", "pos"])[np.digitize(score, [-1.5, 1.5])]
    >>> p = np.stack([np.ones(400), np.exp(-score - 4), np.exp(score - 4)], axis=1)
    >>> p /= p.sum(axis=1, keepdims=True)  # avg, neg, pos: sorted, as in predict_proba
    >>> tuner = DecisionTuner("cuts").fit(p[:200], labels[:200])
    >>> bool(np.mean(tuner.predict(p[200:]) == labels[200:]) > 0.95)
    True
    """

    method: Method = field(default="cuts", kw_only=False)
    order: Sequence[Any] | None = None
    scale: Scale = "probabilities"
    keep_argmax: bool = True
    seed: int = 0

    classes_: NDArray[Any] = field(init=False)
    rule_: Rule = field(init=False)
    macro_f1_: dict[str, float] = field(init=False)

    def fit(self, proba: Any, labels: Any, *, classes: Any = None) -> Self:
        """Choose on validation rows: never those that trained the classifier, nor the test's.

        Parameters
        ----------
        proba : float[rows, classes] or data frame
            Probabilities (or logits) as `predict_proba` gives them: the columns of an array are
            the labels, sorted; those of a data frame are read by name.
        labels : sequence
            The true labels.
        classes : sequence, optional
            What the columns of an array stand for; the sorted labels by default.

        Raises
        ------
        ClassifierError
            If numbers are not finite or no probabilities, rows differ in number, columns are not
            the labels, or a label has no validation row.
        """
        self._check_parameters()
        given, codes, known = judged(proba, labels, classes, self.scale)
        counts = np.bincount(codes[codes >= 0], minlength=len(known))
        if (counts == 0).any() or (codes < 0).any():
            absent = " or ".join(str(label) for label in known[counts == 0].tolist())
            raise ClassifierError(
                f"no validation row is {absent or 'of these classes alone'}",
                hint="a rule is tuned on rows of all classes, and of no other",
            )
        self.classes_ = known
        if self.method == "published-boost":
            self._boost(given, counts)
        else:
            logs, tune = _logs(given, self.scale), _TUNERS.get(self.method)
            rule = tune(logs, codes, counts, self._ranks()) if tune else _ARGMAX
            is_kept = self.keep_argmax and not self._is_better(logs, codes, rule)
            self.rule_ = _ARGMAX if is_kept else rule
        plain = _logs(given, self.scale).argmax(axis=1)
        tuned = self._codes(given)
        self.macro_f1_ = {"argmax": macro_f1(codes, plain), "tuned": macro_f1(codes, tuned)}
        return self

    def predict(self, proba: Any) -> NDArray[Any]:
        """The label of each row, by the rule that :meth:`fit` chose."""
        self._check_fitted()
        given = checked_probabilities(proba, self.classes_, self.scale)
        return self.classes_[self._codes(given)]

    def to_dict(self) -> dict[str, Any]:
        """The settings and the fitted rule as JSON values."""
        self._check_fitted()
        order = None if self.order is None else read_labels(self.order).tolist()
        told = {**self.get_params(), "order": order, "classes": self.classes_.tolist()}
        return {**told, "rule": self.rule_, "macro_f1": self.macro_f1_}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """The tuner that :meth:`to_dict` described.

        Raises
        ------
        ClassifierError
            If it is not of that form.
        """
        try:
            tuner = cls(**{name: told[name] for name in cls._parameter_names()})
            tuner._check_parameters()
            tuner.classes_ = read_labels(told["classes"])
            rule = dict(told["rule"])
            tuner.rule_, tuner.macro_f1_ = rule, dict(told["macro_f1"])
            num = len(tuner.classes_)
            for name, wanted in (("offsets", num), ("factors", num), ("cuts", num - 1)):
                numbers = np.array(rule.get(name, [0.0] * wanted), np.float64)
                if numbers.shape != (wanted,) or not np.isfinite(numbers).all():
                    raise ValueError(f"{name} are not {wanted} numbers that are finite")
            tuner._codes(np.full((1, num), 1 / num))
        except (KeyError, TypeError, ValueError) as err:
            raise ClassifierError(
                f"not a decision rule: {type(err).__name__} {err}",
                hint="pass the result of DecisionTuner.to_dict()",
            ) from err
        return tuner

    def _ranks(self) -> Codes:
        """The rank of each column; other rules than cuts know no order."""
        if self.method != "cuts":
            return np.arange(len(self.classes_))
        return ranks_of(self.classes_, self.order, call='DecisionTuner("cuts", ')

    def _codes(self, given: Floats) -> Codes:
        rule = self.rule_
        if rule["kind"] == "published-boost":
            # As published, on the numbers as they come: normalising would change its answers.
            raw = given if self.scale == "logits" else np.log(np.maximum(given, _LEAST))
            return np.asarray((raw * np.array(rule["factors"])).argmax(axis=1))
        return _decide(_logs(given, self.scale), rule, self._ranks())

    def _boost(self, given: Floats, counts: Codes) -> None:
        try:  # as published: the labels 0 and 2, the worst and the best
            ranks = ranks_of(self.classes_, self.order)
            is_plain = (ranks > 0) & (ranks < len(ranks) - 1)
        except ClassifierError:
            is_plain = np.zeros(len(counts), bool)
        if not is_plain.any():
            is_plain = np.arange(len(counts)) == counts.argmax()
        factors = np.where(is_plain, 1.0, PUBLISHED_BOOST)
        self.rule_ = {"kind": "published-boost", "factors": factors.tolist()}
        shifted = ((given + 5) * factors).argmax(axis=1)
        changed = float(np.mean(shifted != self._codes(given)))
        what = "adding 5 to every logit" if self.scale == "logits" else "another normalisation"
        warnings.warn(
            "the published boost multiplies logits, which are known up to a constant: "
            f"{what} would change up to {changed:.0%} of these rows; "
            'use method="cuts" or "tau"',
            BoostWarning,
            stacklevel=3,
        )

    def _is_better(self, logs: Floats, codes: Codes, rule: Rule) -> bool:
        """Whether the gain over argmax is more than one standard error of it."""
        k = logs.shape[1]
        plain, tuned = logs.argmax(axis=1), _decide(logs, rule, self._ranks())
        cells = np.bincount((codes * k + plain) * k + tuned, minlength=k**3)
        rng = stream(self.seed, "decision", "resamples")
        drawn = rng.multinomial(len(codes), cells / len(codes), _RESAMPLES).reshape(-1, k, k, k)
        gains = macro_f1_of(drawn.sum(axis=2)) - macro_f1_of(drawn.sum(axis=3))
        return bool(macro_f1(codes, tuned) - macro_f1(codes, plain) > gains.std())

    def _check_fitted(self) -> None:
        if not hasattr(self, "rule_"):
            raise NotFitted(
                "this DecisionTuner is not fitted", hint="call fit(proba_val, y_val) first"
            )

    def _check_parameters(self) -> None:
        methods, scales = get_args(Method), get_args(Scale)
        check_all(
            "this DecisionTuner cannot be fitted",
            {
                "method": (self.method, self.method in methods, f"one of {', '.join(methods)}"),
                "scale": (self.scale, self.scale in scales, " or ".join(scales)),
            },
            error=ClassifierError,
        )


def judged(
    proba: Any, labels: Any, classes: Any, scale: str = "probabilities"
) -> tuple[Floats, Codes, NDArray[Any]]:
    """Probabilities with as many labels: their columns, int64[rows] codes, and the classes sorted.

    Raises
    ------
    ClassifierError
        If they cannot be read, or are not as many.

    Examples
    --------
    >>> judged([[0.5, 0.5], [0.2, 0.8]], ["pos", "neg"], None)[1].tolist()
    [1, 0]
    """
    truth = read_labels(labels)
    columns = truth if classes is None else read_labels(classes, name="classes")
    known = np.unique(columns)
    given = checked_probabilities(proba, known if classes is None else columns, scale)
    if len(truth) != len(given):
        raise ClassifierError(
            f"{len(given):,} rows of probabilities and {len(truth):,} labels; "
            "expected the same number of each"
        )
    return given, label_positions(truth, known), known


def checked_probabilities(given: Any, classes: Any, scale: str = "probabilities") -> Floats:
    """float64[rows, classes] of finite numbers that are probabilities (or logits).

    Parameters
    ----------
    given : float[rows, classes] or data frame
        The columns of a data frame are read by their names.
    classes : sequence
        What the columns stand for. Those that come back are in the order of the labels, sorted.
    scale : {"probabilities", "logits"}

    Raises
    ------
    ClassifierError
        With the first row that is none, or the columns that are unknown or missing.

    Examples
    --------
    >>> checked_probabilities([[0.5, 0.25, 0.25]], ["neg", "avg", "pos"]).tolist()
    [[0.25, 0.5, 0.25]]
    """
    order = np.argsort(np.asarray(classes))
    labels = np.asarray(classes)[order]
    if hasattr(given, "columns"):
        named = {str(name): place for place, name in enumerate(given.columns)}
        wanted = [str(label) for label in labels.tolist()]
        if {*named} != {*wanted} or len(named) != len(list(given.columns)):
            raise ClassifierError(
                f"the columns of {scale} are {', '.join(map(str, given.columns))}; "
                f"expected one for each of {', '.join(wanted)}"
            )
        given, order = given.to_numpy(), np.array([named[name] for name in wanted])
    try:
        array = np.asarray(given, np.float64)
    except (TypeError, ValueError) as err:
        raise ClassifierError(f"{scale} are not an array of numbers") from err
    if array.ndim != 2 or array.shape[1] != len(labels) or not len(array):
        told = ", ".join(map(str, labels.tolist()))
        raise ClassifierError(
            f"{scale} have shape {array.shape}; expected (rows, {len(labels)}): {told}",
            hint="pass the result of predict_proba",
        )
    wrong = ~np.isfinite(array).all(axis=1)
    if scale == "probabilities":
        wrong |= (array < -1e-6).any(axis=1) | (np.abs(array.sum(axis=1) - 1) > 1e-3)
    if wrong.any():
        row = int(np.argmax(wrong))
        hint = 'for logits pass scale="logits"' if scale == "probabilities" else ""
        raise ClassifierError(
            f"{int(wrong.sum()):,} of {len(array):,} rows are not {scale}; "
            f"row {row} is {array[row].tolist()}",
            hint=hint,
        )
    return array[:, order]


def _logs(given: Floats, scale: str) -> Floats:
    """float64[rows, classes], log-probabilities."""
    if scale == "probabilities":
        told: Floats = np.log(np.maximum(given, _LEAST))
        return told
    shifted = given - given.max(axis=1, keepdims=True)
    normal: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normal


def _decide(logs: Floats, rule: Rule, ranks: Codes) -> Codes:
    if rule["kind"] == "cuts":
        found = (_order(logs, ranks)[:, np.newaxis] > np.array(rule["cuts"])).sum(axis=1)
        return np.asarray(np.argsort(ranks)[found])
    return np.asarray((logs + np.array(rule.get("offsets", 0.0))).argmax(axis=1))


def _order(logs: Floats, ranks: Codes) -> Floats:
    """One score a row, rising with the rank; that of an ordinal model up to a constant."""
    ordered = logs[:, np.argsort(ranks)]
    up_to = np.logaddexp.accumulate(ordered, axis=1)[:, :-1]
    beyond = np.logaddexp.accumulate(ordered[:, ::-1], axis=1)[:, -2::-1]
    told: Floats = (beyond - up_to)[:, [0, -1]].mean(axis=1)
    return told


def _tune_tau(logs: Floats, codes: Codes, counts: Codes, ranks: Codes) -> Rule:
    del ranks
    priors = np.log(counts / counts.sum())
    scores = [macro_f1(codes, (logs - tau * priors).argmax(axis=1)) for tau in _TAUS]
    tau = float(_TAUS[int(np.argmax(scores))])
    return {"kind": "tau", "tau": tau, "offsets": (-tau * (priors - priors.max())).tolist()}


def _tune_offsets(logs: Floats, codes: Codes, counts: Codes, ranks: Codes) -> Rule:
    """A grid over the offsets of all classes but the commonest, two at a time."""
    del ranks
    free = np.argsort(-counts, kind="stable")[1:]
    best, centre = macro_f1(codes, logs.argmax(axis=1)), np.zeros(len(counts))
    for steps in (_COARSE, _FINE):
        for first in range(0, len(free), 2):
            pair = free[first : first + 2]
            middle = centre.copy()
            for step in product(steps, repeat=len(pair)):
                tried = middle.copy()
                tried[pair] += step
                f1 = macro_f1(codes, (logs + tried).argmax(axis=1))
                if f1 > best:
                    best, centre = f1, tried
    return {"kind": "offsets", "offsets": centre.tolist()}


def _tune_cuts(logs: Floats, codes: Codes, counts: Codes, ranks: Codes) -> Rule:
    score = _order(logs, ranks)
    rise = np.argsort(score, kind="stable")
    ordered = score[rise]
    # below[k, r] = rows of rank r among the k lowest scores.
    below = np.zeros((len(codes) + 1, len(counts)), np.int64)
    below[1:] = np.cumsum(ranks[codes[rise]][:, np.newaxis] == np.arange(len(counts)), axis=0)
    places = np.unique(np.linspace(0, len(codes), _PLACES).round().astype(np.int64))
    step = max(1, len(codes) // _PLACES)
    near = np.arange(-step, step + 1, max(1, step // 40))
    for _ in range(2):
        found = _best_places(below, places)
        places = np.unique(np.clip(np.add.outer(found, near), 0, len(codes)))
    cuts = [_cut_at(ordered, place) for place in found.tolist()]
    return {"kind": "cuts", "cuts": cuts}


def _best_places(below: Codes, places: Codes) -> Codes:
    """int64[cuts], the places, ascending, of the best macro F1; the middle of equals.

    The F1 of a rank depends on the two places that bound it alone, so the best sum of the ranks
    above each place is found from the last rank down.
    """
    num_rows, counts = len(below) - 1, below[-1]
    low, high = places[:, np.newaxis], places

    def f1(rank: int, start: Codes, end: Codes) -> Floats:
        hits = below[end, rank] - below[start, rank]
        score = 2 * hits / np.maximum(counts[rank] + end - start, 1)
        return np.asarray(np.where(start <= end, score, -np.inf))

    last = len(counts) - 1
    above = [f1(last, places, np.full_like(places, num_rows))]  # by the place below the rank
    for rank in range(last - 1, 0, -1):
        above.insert(0, (f1(rank, low, high) + above[0]).max(axis=1))
    found = [0]
    for rank in range(last):
        start = np.full_like(places, found[-1])
        total = f1(rank, start, places) + above[rank]
        best = np.flatnonzero(total >= total.max() - 1e-12)
        found.append(int(places[best[len(best) // 2]]))
    return np.array(found[1:], np.int64)


def _cut_at(ordered: Floats, place: int) -> float:
    if place == 0:
        return float(ordered[0] - 1)
    if place == len(ordered):
        return float(ordered[-1] + 1)
    return float((ordered[place - 1] + ordered[place]) / 2)


_TUNERS: dict[str, Callable[[Floats, Codes, Codes, Codes], Rule]] = {
    "tau": _tune_tau,
    "offsets": _tune_offsets,
    "cuts": _tune_cuts,
}
