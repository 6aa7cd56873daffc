"""From probabilities to labels: rules that are tuned on validation rows, and on those only."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.f1 import f1_of_confusions, macro_f1
from campaignkit.classify.labels import LABELS, label_codes
from campaignkit.classify.settings import Settings
from campaignkit.errors import ClassifierError, Fault, NotFitted
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Method = Literal["argmax", "tau", "offsets", "cuts", "published-boost"]
Scale = Literal["probabilities", "logits"]

PUBLISHED_BOOST = 2.5
_TAUS = np.round(np.arange(0, 2.01, 0.05), 2)
_COARSE, _FINE = np.arange(-4, 4.01, 0.5), np.arange(-0.4, 0.41, 0.1)
_PLACES = 160  # of each cut, along the sorted scores
_RESAMPLES = 400
_LEAST = 1e-12  # a probability of 0 counts as this


class BoostWarning(UserWarning):
    """The published boost was asked for: its answers depend on what softmax ignores.

    Examples
    --------
    >>> issubclass(BoostWarning, UserWarning)
    True
    """


class DecisionTuner(Settings):
    """Chooses how probabilities become labels, by macro F1 on validation rows.

    Parameters
    ----------
    method : {"cuts", "offsets", "tau", "argmax", "published-boost"}
        - ``"cuts"``: two ordered cuts on ``(logit P(pos) - logit P(neg)) / 2``;
        - ``"offsets"``: argmax of log P + an offset a class;
        - ``"tau"``: logit adjustment, argmax of log P - tau * log(share of the class);
        - ``"argmax"``: the most probable label; nothing is tuned;
        - ``"published-boost"``: the logits of all classes but the commonest times 2.5, as in the
          published Qwen run. Kept for reproduction, with a warning: a constant added to all
          logits changes its answers.
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
    rule_ : dict
        What was chosen: ``{"kind": "cuts", "low": ..., "high": ...}`` and so on.
    macro_f1_ : dict of str to float
        On the validation rows, of ``"argmax"`` and of ``"tuned"``.

    References
    ----------
    Menon et al. 2021, Long-tail learning via logit adjustment (tau).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.normal(size=400)
    >>> labels = np.digitize(score, [-1.5, 1.5])
    >>> p = np.stack([np.exp(-score - 4), np.ones(400), np.exp(score - 4)], axis=1)
    >>> p /= p.sum(axis=1, keepdims=True)
    >>> tuner = DecisionTuner("cuts").fit(p[:200], labels[:200])
    >>> bool(np.mean(tuner.predict(p[200:]) == np.array(LABELS)[labels[200:]]) > 0.95)
    True
    """

    rule_: dict[str, Any]
    macro_f1_: dict[str, float]

    def __init__(
        self,
        method: Method = "cuts",
        *,
        scale: Scale = "probabilities",
        keep_argmax: bool = True,
        seed: int = 0,
    ) -> None:
        self.method = method
        self.scale = scale
        self.keep_argmax = keep_argmax
        self.seed = seed

    def fit(self, proba: Any, labels: Any) -> Self:
        """Choose on validation rows: never those that trained the classifier, nor the test's.

        Parameters
        ----------
        proba : float[rows, 3]
            Probabilities (or logits) of neg, avg, pos.
        labels : sequence
            The true labels.

        Raises
        ------
        ClassifierError
            If numbers are not finite or no probabilities, rows differ in number, or a class has
            no validation row.
        """
        self._check_parameters()
        given = checked_probabilities(proba, self.scale)
        codes = label_codes(labels)
        counts = np.bincount(codes, minlength=3)
        if len(codes) != len(given):
            raise ClassifierError(
                f"{len(given):,} rows of probabilities and {len(codes):,} labels; "
                "expected as many of each"
            )
        if (counts == 0).any():
            absent = " or ".join(n for n, c in zip(LABELS, counts, strict=True) if not c)
            raise ClassifierError(
                f"no validation row is {absent}", hint="a rule is tuned on rows of all classes"
            )
        if self.method == "published-boost":
            self._boost(given, counts)
        else:
            logs = _logs(given, self.scale)
            rule = _TUNERS[self.method](logs, codes, counts)
            if self.keep_argmax and not self._is_better(logs, codes, rule):
                rule = {"kind": "argmax"}
            self.rule_ = rule
        plain = _decide(_logs(given, self.scale), {"kind": "argmax"})
        tuned = self._codes(given)
        self.macro_f1_ = {"argmax": macro_f1(codes, plain), "tuned": macro_f1(codes, tuned)}
        return self

    def predict(self, proba: Any) -> NDArray[np.str_]:
        """str[rows], labels by the rule that :meth:`fit` chose."""
        if not hasattr(self, "rule_"):
            raise NotFitted(
                "this DecisionTuner is not fitted", hint="call fit(proba_val, y_val) first"
            )
        named: NDArray[np.str_] = np.array(LABELS)[
            self._codes(checked_probabilities(proba, self.scale))
        ]
        return named

    def to_dict(self) -> dict[str, Any]:
        """The settings and the fitted rule as JSON values."""
        if not hasattr(self, "rule_"):
            raise NotFitted("this DecisionTuner is not fitted; there is nothing to keep")
        return {**self.get_params(), "rule": self.rule_, "macro_f1": self.macro_f1_}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """The tuner that :meth:`to_dict` told of.

        Raises
        ------
        ClassifierError
            If it is not of that form.
        """
        try:
            tuner = cls(**{name: told[name] for name in cls._parameter_names()})
            tuner._check_parameters()
            rule = dict(told["rule"])
            tuner.rule_, tuner.macro_f1_ = rule, dict(told["macro_f1"])
            numbers = [*rule.get("offsets", ()), *rule.get("factors", ())]
            numbers += [rule[name] for name in ("low", "high") if rule["kind"] == "cuts"]
            if not np.isfinite(np.array(numbers, np.float64)).all():
                raise ValueError("a number is not finite")
        except (KeyError, TypeError, ValueError) as err:
            raise ClassifierError(
                f"this is no decision rule: {type(err).__name__} {err}",
                hint="hand in what DecisionTuner.to_dict() gave",
            ) from err
        return tuner

    def _codes(self, given: Floats) -> Codes:
        if self.rule_["kind"] == "published-boost":
            # As published, on the numbers as they come: normalising would change its answers.
            raw = given if self.scale == "logits" else np.log(np.maximum(given, _LEAST))
            told: Codes = (raw * np.array(self.rule_["factors"])).argmax(axis=1)
            return told
        return _decide(_logs(given, self.scale), self.rule_)

    def _boost(self, given: Floats, counts: Codes) -> None:
        factors = np.where(np.arange(3) == counts.argmax(), 1.0, PUBLISHED_BOOST)
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

    def _is_better(self, logs: Floats, codes: Codes, rule: dict[str, Any]) -> bool:
        """Whether the gain over argmax is more than one standard error of it."""
        plain, tuned = _decide(logs, {"kind": "argmax"}), _decide(logs, rule)
        cells = np.bincount(codes * 9 + plain * 3 + tuned, minlength=27)
        rng = stream(self.seed, "decision", "resamples")
        drawn = rng.multinomial(len(codes), cells / len(codes), _RESAMPLES).reshape(-1, 3, 3, 3)
        gains = f1_of_confusions(drawn.sum(axis=2)) - f1_of_confusions(drawn.sum(axis=3))
        return bool(macro_f1(codes, tuned) - macro_f1(codes, plain) > gains.std())

    def _check_parameters(self) -> None:
        faults = []
        if self.method not in get_args(Method):
            told = ", ".join(get_args(Method))
            faults.append(Fault("method", f"is {self.method!r}; expected one of {told}"))
        if self.scale not in get_args(Scale):
            found = f"is {self.scale!r}; expected probabilities or logits"
            faults.append(Fault("scale", found))
        if faults:
            raise ClassifierError("this DecisionTuner cannot be fitted", faults=faults)


def checked_probabilities(given: Any, scale: str = "probabilities") -> Floats:
    """float64[rows, 3] of finite numbers that are probabilities (or logits).

    Raises
    ------
    ClassifierError
        With the first row that is none.

    Examples
    --------
    >>> checked_probabilities([[0.5, 0.25, 0.25]]).shape
    (1, 3)
    """
    try:
        array = np.asarray(given, np.float64)
    except (TypeError, ValueError) as err:
        raise ClassifierError(f"{scale} are not an array of numbers") from err
    if array.ndim != 2 or array.shape[1] != 3 or not len(array):
        raise ClassifierError(
            f"{scale} have shape {array.shape}; expected (rows, 3): neg, avg, pos",
            hint="hand in what predict_proba gives",
        )
    wrong = ~np.isfinite(array).all(axis=1)
    if scale == "probabilities":
        wrong |= (array < -1e-6).any(axis=1) | (np.abs(array.sum(axis=1) - 1) > 1e-3)
    if wrong.any():
        row = int(np.argmax(wrong))
        hint = 'for logits say scale="logits"' if scale == "probabilities" else ""
        raise ClassifierError(
            f"{int(wrong.sum()):,} of {len(array):,} rows are no {scale}; "
            f"row {row} is {array[row].tolist()}",
            hint=hint,
        )
    return array


def _logs(given: Floats, scale: str) -> Floats:
    """float64[rows, 3], log-probabilities."""
    if scale == "probabilities":
        told: Floats = np.log(np.maximum(given, _LEAST))
        return told
    shifted = given - given.max(axis=1, keepdims=True)
    normal: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normal


def _decide(logs: Floats, rule: dict[str, Any]) -> Codes:
    told: Codes
    if rule["kind"] == "cuts":
        score = _order(logs)
        told = (score > rule["low"]).astype(np.int64) + (score > rule["high"])
        return told
    offsets = np.array(rule.get("offsets", [0.0, 0.0, 0.0]))
    told = (logs + offsets).argmax(axis=1)
    return told


def _order(logs: Floats) -> Floats:
    """One score a row, rising from neg to pos; that of an ordinal model up to a constant."""
    neg, pos = logs[:, 0], logs[:, 2]
    not_neg, not_pos = np.logaddexp(logs[:, 1], pos), np.logaddexp(logs[:, 1], neg)
    told: Floats = ((pos - not_pos) - (neg - not_neg)) / 2
    return told


def _tune_argmax(logs: Floats, codes: Codes, counts: Codes) -> dict[str, Any]:
    del logs, codes, counts
    return {"kind": "argmax"}


def _tune_tau(logs: Floats, codes: Codes, counts: Codes) -> dict[str, Any]:
    priors = np.log(counts / counts.sum())
    scores = [macro_f1(codes, (logs - tau * priors).argmax(axis=1)) for tau in _TAUS]
    tau = float(_TAUS[int(np.argmax(scores))])
    return {"kind": "tau", "tau": tau, "offsets": (-tau * (priors - priors.max())).tolist()}


def _tune_offsets(logs: Floats, codes: Codes, counts: Codes) -> dict[str, Any]:
    del counts
    best, centre = -1.0, np.zeros(2)
    for steps in (_COARSE, _FINE):
        middle = centre.copy()
        for low in middle[0] + steps:
            for high in middle[1] + steps:
                f1 = macro_f1(codes, (logs + np.array([low, 0.0, high])).argmax(axis=1))
                if f1 > best:
                    best, centre = f1, np.array([low, high])
    return {"kind": "offsets", "offsets": [float(centre[0]), 0.0, float(centre[1])]}


def _tune_cuts(logs: Floats, codes: Codes, counts: Codes) -> dict[str, Any]:
    score = _order(logs)
    ranks = np.argsort(score, kind="stable")
    ordered = score[ranks]
    # below[k, c] = rows of class c among the k lowest scores.
    below = np.zeros((len(codes) + 1, 3), np.int64)
    below[1:] = np.cumsum(codes[ranks][:, np.newaxis] == np.arange(3), axis=0)
    places = np.unique(np.linspace(0, len(codes), _PLACES).round().astype(np.int64))
    low, high = _best_places(below, counts, places, places)
    step = max(1, len(codes) // _PLACES)
    near = np.arange(-step, step + 1, max(1, step // 40))
    low, high = _best_places(
        below,
        counts,
        np.unique(np.clip(low + near, 0, len(codes))),
        np.unique(np.clip(high + near, 0, len(codes))),
    )
    return {"kind": "cuts", "low": _cut_at(ordered, low), "high": _cut_at(ordered, high)}


def _best_places(below: Codes, counts: Codes, lows: Codes, highs: Codes) -> tuple[int, int]:
    """The numbers of rows under both cuts of the best macro F1; the middle of equals."""
    low, high = (grid.ravel() for grid in np.meshgrid(lows, highs, indexing="ij"))
    keep = low <= high
    low, high = low[keep], high[keep]
    predicted = np.stack([below[low], below[high] - below[low], counts - below[high]], axis=2)
    f1 = f1_of_confusions(predicted)
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    chosen = best[len(best) // 2]
    return int(low[chosen]), int(high[chosen])


def _cut_at(ordered: Floats, place: int) -> float:
    if place == 0:
        return float(ordered[0] - 1)
    if place == len(ordered):
        return float(ordered[-1] + 1)
    return float((ordered[place - 1] + ordered[place]) / 2)


_TUNERS: dict[str, Callable[[Floats, Codes, Codes], dict[str, Any]]] = {
    "argmax": _tune_argmax,
    "tau": _tune_tau,
    "offsets": _tune_offsets,
    "cuts": _tune_cuts,
}
