"""Blind evaluation: labels stay here, predictions come in, rounded scores go out."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import check_all, is_count
from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.rows import JudgedRows, names_of
from campaignkit.evaluation.scores import score_rows
from campaignkit.evaluation.submission import (
    LoggedSubmission,
    SubmissionLog,
    parse_submission,
    read_label_file,
    read_submission,
)
from campaignkit.metrics import Counts
from campaignkit.seeds import stream
from campaignkit.store import checked_path, digest_json

_LONGEST = {"user": 100, "name": 200}  # letters
_RESAMPLES = 1000
_ENDS = ("macro_f1_low", "macro_f1_high")  # of the interval, beside the scores
_WORST_LOSS = -math.log(1e-15)  # a log-loss counts a probability of 0 as 1e-15


class QuotaSpent(EvaluationError):
    """A user has no submission left; the message says when or whether there will be more."""


def answer_bits(shown: Iterable[str], digits: int) -> float:
    """The most that one answer can reveal about the labels, in bits.

    Parameters
    ----------
    shown : iterable of str
        The scores in the answer, by name.
    digits : int
        They are rounded to.

    Notes
    -----
    Where n different answers are possible, none of them carries more than log2(n) bits, whatever
    was submitted. A score from 0 to 1 has 10^digits + 1 values, and one more for its absence; a
    log-loss ends at 34.54. Each further answer multiplies the number, so bits add up: over
    submissions, and over users who share what they learn.

    Examples
    --------
    >>> round(answer_bits(["macro_f1"], digits=3), 2)
    9.97
    """
    highest = (_WORST_LOSS if name == "log_loss" else 1 for name in shown)
    return sum(math.log2(math.floor(most * 10**digits) + 2) for most in highest)


@dataclass(frozen=True)
class PublicScore:
    """What a submitter learns: rounded, of the public rows alone.

    Attributes
    ----------
    number : int
        Of the submission.
    user, name : str
    macro_f1 : float
    scores : dict of str to float
        F1 by label and accuracy; log-loss where probabilities were given.
    interval : (float, float)
        95% bootstrap interval of the macro F1.
    num_rows : int
        Public rows.
    num_left : int
        Submissions the user has left.
    num_bits : float
        The most that all answers to the user so far can reveal about the labels, in bits.

    Examples
    --------
    >>> PublicScore(1, "ana", "", 0.71, {}, (0.69, 0.73), 900, 9, 84.9).num_left
    9
    """

    number: int
    user: str
    name: str
    macro_f1: float
    scores: dict[str, float]
    interval: tuple[float, float]
    num_rows: int
    num_left: int
    num_bits: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Standing:
    """A user's best submission by public score.

    Attributes
    ----------
    user, name : str
    number : int
        Of the submission.
    public_macro_f1 : float
    num_submissions : int
        That were scored.
    num_bits : float
        The most that the answers to them can reveal about the labels, in bits.
    private_macro_f1 : float or None
        Only where asked for by the owner of the labels.

    Examples
    --------
    >>> Standing("ana", "first", 1, 0.71, 1, 84.9).private_macro_f1 is None
    True
    """

    user: str
    name: str
    number: int
    public_macro_f1: float
    num_submissions: int
    num_bits: float
    private_macro_f1: float | None = None


class BlindEvaluator:
    """Keeps labels secret from those who predict them, and scores their submissions.

    It takes predictions alone and never runs what anybody sent. Submitters learn rounded scores
    of the public rows; the private ones are for the end. Every submission, refused ones too, goes
    into the log before anything is answered. A user without refused ones left is turned away,
    unread and unlogged, so that nobody can fill the log.

    Parameters
    ----------
    labels : mapping of str to label
        The true label by row id.
    public_frac : float
        Share of each label's rows that public scores are made of, between 0 and 1.
    quota : int
        Scored submissions per user.
    refused_quota : int
        Refused submissions per user.
    window_s : float, optional
        The quotas are per so many seconds; for ever by default.
    digits : int
        Public scores are rounded to.
    log : Path or str, optional
        A file that outlives the process, quota included; memory by default.
    label_names : sequence, optional
        All labels; those that there are by default.
    seed : int
        Of the split and the intervals.

    Raises
    ------
    EvaluationError
        If labels are unknown, ids come twice, or a part would lack a label.

    Examples
    --------
    >>> truth = {f"row {i}": label for i, label in enumerate(["neg", "avg", "pos"] * 20)}
    >>> blind = BlindEvaluator(truth, quota=1)
    >>> blind.submit("ana", dict.fromkeys(truth, "avg")).macro_f1
    0.167
    >>> blind.submit("ana", truth)
    Traceback (most recent call last):
        ...
    campaignkit.evaluation.blind_evaluator.QuotaSpent: ana has used all 1 submissions
    """

    def __init__(
        self,
        labels: Mapping[Any, Any],
        *,
        public_frac: float = 0.5,
        quota: int = 10,
        refused_quota: int = 100,
        window_s: float | None = None,
        digits: int = 3,
        log: Path | str | None = None,
        label_names: Sequence[Any] | None = None,
        seed: int = 0,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        check_all(
            "wrong settings of the blind evaluation",
            {
                "public_frac": (public_frac, 0 < public_frac < 1, "a share between 0 and 1"),
                "quota": (quota, is_count(quota), "1 or more"),
                "refused_quota": (refused_quota, is_count(refused_quota), "1 or more"),
                "window_s": (window_s, window_s is None or window_s > 0, "seconds, or None"),
                "digits": (digits, 1 <= digits <= 6, "1 to 6"),
            },
            error=EvaluationError,
        )
        faults: list[Fault] = []
        if not isinstance(labels, Mapping):
            raise EvaluationError(f"labels are {labels!r:.60}; expected labels by id")
        self.ids = tuple(str(key) for key in labels)
        if len(set(self.ids)) < len(self.ids):
            faults.append(Fault("labels", "contain ids that are the same text, such as 1 and '1'"))
        self._names = names_of(list(labels.values()), labels=label_names)
        codes = self._names.codes(list(labels.values()), "labels", faults, ids=self.ids)
        if faults or codes is None:
            raise EvaluationError("wrong settings of the blind evaluation", faults=faults)
        self._truth = codes
        self._is_public = _split(codes, public_frac, seed, self._names.names)
        self.quota = quota
        self.refused_quota = refused_quota
        self.window_s = window_s
        self.digits = digits
        self._seed = seed
        self.log = SubmissionLog(None if log is None else checked_path(log), now=now)

    @classmethod
    def from_csv(cls, path: Path | str, **settings: Any) -> BlindEvaluator:
        """Read the labels from a CSV with the columns ``id`` and ``label``.

        Raises
        ------
        EvaluationError
            If it cannot be read, or ids come twice: every line.
        """
        return cls(read_label_file(checked_path(path, error=EvaluationError)), **settings)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels, in the order in which probabilities are submitted: sorted as written."""
        return tuple(self._names.names[code] for code in self._names.columns)

    @property
    def num_public(self) -> int:
        """Rows that public scores are made of."""
        return int(self._is_public.sum())

    @property
    def bits_per_submission(self) -> float:
        """The most that one answer can reveal about the labels: see :func:`answer_bits`."""
        of_labels = [f"f1_{name}" for name in self.label_names]
        shown = ["macro_f1", "accuracy", "log_loss", "calibration_error", *of_labels, *_ENDS]
        return answer_bits(shown, self.digits)

    def submit(
        self,
        user: str,
        predictions: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | bytes,
        *,
        name: str = "",
        once: str = "",
    ) -> PublicScore:
        """Score a submission on the public rows.

        Parameters
        ----------
        user : str
        predictions : mapping of id to prediction, or pairs
            A label, or a probability for each label; for every id exactly one. Bytes are the JSON
            ``{"name": "...", "predictions": {id: label or probabilities}}``.
        name : str
            What the user calls it.
        once : str, optional
            A text that no other submission of the user has. What was scored under it before is
            answered again and counts once: for callers that may be killed before they answer.

        Raises
        ------
        EvaluationError
            If the submission cannot be scored; it counts against the refused ones alone.
        QuotaSpent
            If the user has none left.
        """
        if fault := _name_fault("user", user, least=1):
            raise EvaluationError(fault)
        if not isinstance(predictions, Iterable):
            raise EvaluationError(
                f"the submission is {predictions!r:.60}; expected predictions by id"
            )
        past = self.log.of(user)
        if known := _scored_before(past, once):
            return self._answer(known)
        self._check_quota(user, past, is_accepted=False)
        broken = None
        if isinstance(predictions, bytes):
            try:
                predictions, name = parse_submission(predictions)
            except EvaluationError as err:
                predictions, broken = {}, err
        pairs = list(predictions.items() if isinstance(predictions, Mapping) else predictions)
        fault = _name_fault("name", name, least=0)
        about = {"name": "" if fault else name, "digest": _digest(pairs), "once": once}

        try:
            self._check_quota(user, past, is_accepted=True)
            if broken or fault:
                raise broken or EvaluationError(fault)
            told, shares = read_submission(pairs, ids=self.ids, names=self._names)
        except EvaluationError as err:
            reason = str(err)
            self.log.add(user, lambda past: self._refused(user, past, about, reason))
            raise
        judged = JudgedRows(self._names.names, self._truth, told, shares)
        public, private = (
            score_rows(judged.take(rows), num_resamples=_RESAMPLES, seed=self._seed)
            for rows in (self._is_public, ~self._is_public)
        )
        ends = dict(zip(_ENDS, public.intervals["macro_f1"], strict=True))
        shown = {
            name: round(value, self.digits)
            for name, value in {**public.to_flat(), **ends}.items()
            if name != "majority_macro_f1"  # tells of the labels, not of the submission
        }
        scored = {**about, "is_accepted": True, "public": shown, "private": private.to_flat()}

        def decide(past: Sequence[LoggedSubmission]) -> Mapping[str, Any] | LoggedSubmission:
            # Under the log's lock: two at once cannot both be the last, nor one be scored twice.
            if known := _scored_before(past, once):
                return known
            try:
                self._check_quota(user, past, is_accepted=True)
            except QuotaSpent as err:
                return self._refused(user, past, about, err.message)
            return scored

        entry = self.log.add(user, decide)
        if not entry.is_accepted:
            raise QuotaSpent(entry.reason)
        return self._answer(entry)

    def num_left(self, user: str) -> int:
        """Scored submissions that a user has left."""
        return max(0, self.quota - self._num_used(self.log.of(user), is_accepted=True))

    def history(self, user: str | None = None) -> tuple[LoggedSubmission, ...]:
        """The log, or one user's part of it; with private scores, so for the owner alone."""
        return self.log.read() if user is None else self.log.of(user)

    def standings(self, *, with_private: bool = False) -> tuple[Standing, ...]:
        """Each user's best submission, the highest public score first; ties by time.

        Parameters
        ----------
        with_private : bool
            Whether private scores are returned and decide the order: for the final ranking.
        """
        entries = [entry for entry in self.log.read() if entry.is_accepted]
        counts = Counter(entry.user for entry in entries)
        best: dict[str, Standing] = {}
        for entry in sorted(entries, key=lambda entry: -entry.public["macro_f1"]):
            if entry.user not in best:
                best[entry.user] = Standing(
                    entry.user,
                    entry.name,
                    entry.number,
                    entry.public["macro_f1"],
                    counts[entry.user],
                    self._num_bits(entry.user),
                    entry.private["macro_f1"] if with_private else None,
                )
        return tuple(sorted(best.values(), key=lambda best: -(best.private_macro_f1 or 0)))

    def _answer(self, entry: LoggedSubmission) -> PublicScore:
        low, high = (entry.public[end] for end in _ENDS)
        beside = {"macro_f1", *_ENDS}
        return PublicScore(
            number=entry.number,
            user=entry.user,
            name=entry.name,
            macro_f1=entry.public["macro_f1"],
            scores={name: value for name, value in entry.public.items() if name not in beside},
            interval=(low, high),
            num_rows=self.num_public,
            num_left=self.num_left(entry.user),
            num_bits=self._num_bits(entry.user),
        )

    def _num_bits(self, user: str) -> float:
        past = self.log.of(user)
        bits = sum(answer_bits(entry.public, self.digits) for entry in past if entry.is_accepted)
        return round(bits, 1)

    def _refused(
        self, user: str, past: Sequence[LoggedSubmission], about: Mapping[str, Any], reason: str
    ) -> Mapping[str, Any]:
        self._check_quota(user, past, is_accepted=False)
        return {**about, "is_accepted": False, "reason": reason[:500]}

    def _check_quota(
        self, user: str, past: Sequence[LoggedSubmission], *, is_accepted: bool
    ) -> None:
        quota, kind = (self.quota, "") if is_accepted else (self.refused_quota, "refused ")
        if self._num_used(past, is_accepted=is_accepted) >= quota:
            until = "" if self.window_s is None else f" of the last {self.window_s:g} seconds"
            raise QuotaSpent(f"{user} has used all {quota} {kind}submissions{until}")

    def _num_used(self, past: Sequence[LoggedSubmission], *, is_accepted: bool) -> int:
        now, window = self.log.now().timestamp(), self.window_s or math.inf
        return sum(
            entry.is_accepted is is_accepted
            and now - datetime.fromisoformat(entry.at).timestamp() < window
            for entry in past
        )


def _name_fault(what: str, told: object, *, least: int) -> str:
    """Why a page or a log of everybody could not show a name; empty if they can."""
    most = _LONGEST[what]
    is_text = isinstance(told, str) and least <= len(told.strip()) and len(told) <= most
    if is_text and not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in str(told)):
        return ""
    expected = f"{least} to {most} letters, without control characters and half characters"
    return f"the {what} is {told!r:.60}; expected a text of {expected}"


def _scored_before(past: Sequence[LoggedSubmission], once: str) -> LoggedSubmission | None:
    return next((e for e in past if once and e.is_accepted and e.once == once), None)


def _split(
    codes: Counts, public_frac: float, seed: int, names: Sequence[str]
) -> NDArray[np.bool_]:
    """bool[rows], whether a row is public: the same share of each label."""
    rng = stream(seed, "blind", "split")
    is_public = np.zeros(len(codes), bool)
    faults = []
    for code, name in enumerate(names):
        rows = rng.permutation(np.flatnonzero(codes == code))
        num = math.floor(public_frac * len(rows) + 0.5)
        if not 0 < num < len(rows):
            found = f"{len(rows)} rows; a share of {public_frac} leaves one part without it"
            faults.append(Fault(name, found, "give more rows of it"))
        is_public[rows[:num]] = True
    if faults:
        raise EvaluationError("labels that cannot be split", faults=faults)
    return is_public


def _digest(pairs: list[Any]) -> str:
    try:
        told = [[str(key), np.asarray(value).tolist()] for key, value in pairs]
        return digest_json(sorted(told, key=repr))
    except (TypeError, ValueError, RecursionError):
        return ""  # what cannot be read is refused anyway
