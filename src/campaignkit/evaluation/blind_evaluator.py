"""Blind evaluation: labels stay here, predictions come in, rounded scores go out."""

from __future__ import annotations

import math
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
    read_label_file,
    read_submission,
)
from campaignkit.metrics import Counts
from campaignkit.seeds import stream
from campaignkit.store import checked_path, digest_json

_LONGEST = 100  # letters of a user's name
_RESAMPLES = 1000


class QuotaSpent(EvaluationError):
    """A user has no submission left; the message says when or whether there will be more."""


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

    Examples
    --------
    >>> PublicScore(1, "ana", "", 0.71, {}, (0.69, 0.73), 900, 9).num_left
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
    private_macro_f1 : float or None
        Only where asked for by the owner of the labels.

    Examples
    --------
    >>> Standing("ana", "first", 1, 0.71, 1).private_macro_f1 is None
    True
    """

    user: str
    name: str
    number: int
    public_macro_f1: float
    num_submissions: int
    private_macro_f1: float | None = None


class BlindEvaluator:
    """Keeps labels secret from those who predict them, and scores their submissions.

    It takes predictions alone and never runs what anybody sent. Submitters learn rounded scores
    of the public rows; the private ones are for the end. Every submission, refused ones too, goes
    into the log before anything is answered.

    Parameters
    ----------
    labels : mapping of str to label
        The true label by row id.
    public_frac : float
        Share of each label's rows that public scores are made of, between 0 and 1.
    quota : int
        Scored submissions per user.
    window_s : float, optional
        The quota is one per so many seconds; for ever by default.
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
        self.window_s = window_s
        self.digits = digits
        self._seed = seed
        self.log = SubmissionLog(None if log is None else checked_path(log), now=now)
        self.log.read()  # a log that cannot be trusted is noticed now, not at the first submission

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

    def submit(
        self,
        user: str,
        predictions: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
        *,
        name: str = "",
    ) -> PublicScore:
        """Score a submission on the public rows.

        Parameters
        ----------
        user : str
        predictions : mapping of id to prediction, or pairs
            A label, or a probability for each label; for every id exactly one.
        name : str
            What the user calls it.

        Raises
        ------
        EvaluationError
            If the submission cannot be scored; it does not count against the quota.
        QuotaSpent
            If the user has none left.
        """
        if not isinstance(user, str) or not user.strip() or len(user) > _LONGEST:
            raise EvaluationError(f"user is {user!r:.60}; expected a name of 1 to 100 letters")
        if not isinstance(predictions, Iterable):
            raise EvaluationError(
                f"the submission is {predictions!r:.60}; expected predictions by id"
            )
        pairs = list(predictions.items() if isinstance(predictions, Mapping) else predictions)
        about = {"user": user, "name": str(name)[:200], "digest": _digest(pairs)}
        try:
            told, shares = read_submission(pairs, ids=self.ids, names=self._names)
        except EvaluationError as err:
            refused = {**about, "is_accepted": False, "reason": str(err)[:500]}
            self.log.add(lambda past: refused)
            raise
        judged = JudgedRows(self._names.names, self._truth, told, shares)
        public, private = (
            score_rows(judged.take(rows), num_resamples=_RESAMPLES, seed=self._seed)
            for rows in (self._is_public, ~self._is_public)
        )
        shown = {name: round(value, self.digits) for name, value in public.to_flat().items()}
        del shown["majority_macro_f1"]  # tells of the labels, not of the submission
        accepted = {**about, "is_accepted": True, "public": shown, "private": private.to_flat()}
        until = "" if self.window_s is None else f" of the last {self.window_s:g} seconds"
        spent = f"{user} has used all {self.quota} submissions{until}"

        def decide(past: tuple[LoggedSubmission, ...]) -> Mapping[str, Any]:
            # Counted under the log's lock: two at once cannot both be the last.
            is_left = self._num_used(user, past) < self.quota
            return accepted if is_left else {**about, "is_accepted": False, "reason": spent}

        entry = self.log.add(decide)
        if not entry.is_accepted:
            raise QuotaSpent(spent)
        low, high = public.intervals["macro_f1"]
        return PublicScore(
            number=entry.number,
            user=user,
            name=entry.name,
            macro_f1=shown["macro_f1"],
            scores={key: value for key, value in shown.items() if key != "macro_f1"},
            interval=(round(low, self.digits), round(high, self.digits)),
            num_rows=self.num_public,
            num_left=self.num_left(user),
        )

    def num_left(self, user: str) -> int:
        """Scored submissions that a user has left."""
        return max(0, self.quota - self._num_used(user, self.log.read()))

    def history(self, user: str | None = None) -> tuple[LoggedSubmission, ...]:
        """The log, or one user's part of it; with private scores, so for the owner alone."""
        return tuple(e for e in self.log.read() if user is None or e.user == user)

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
            scores = (entry.public["macro_f1"], counts[entry.user],
                      entry.private["macro_f1"] if with_private else None)  # fmt: skip
            best.setdefault(entry.user, Standing(entry.user, entry.name, entry.number, *scores))
        return tuple(sorted(best.values(), key=lambda best: -(best.private_macro_f1 or 0)))

    def _num_used(self, user: str, past: tuple[LoggedSubmission, ...]) -> int:
        now, window = self.log.now().timestamp(), self.window_s or math.inf
        return sum(
            entry.is_accepted
            and entry.user == user
            and now - datetime.fromisoformat(entry.at).timestamp() < window
            for entry in past
        )


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
    except (TypeError, ValueError):
        return ""  # what cannot be read is refused anyway
