"""The contract of queues of jobs: compared with a model in memory, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from campaignkit.seeds import stream
from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.service import JobQueue, Key

_MEMBERS = (
    "submit", "find", "claim", "beat", "finish", "cancel", "get", "list", "events", "counts",
    "hold", "holds", "add_key", "find_key", "keys", "revoke_key",
)  # fmt: skip
_STEPS = ("submit", "submit", "claim", "claim", "beat", "finish", "finish", "cancel", "clock",
          "reopen")  # fmt: skip
_LEASE_S = 10.0
_ROWS, _MOST_ROWS, _MOST_LIVE = 10, 60, 3
Choose = Callable[[int], int]


@contract
def check_queue(
    make: Callable[[Callable[[], float]], JobQueue],
    *,
    attempts: int = 3,
    walks: int = 5,
    steps: int = 60,
    seed: int = 0,
    choose: Choose | None = None,
) -> None:
    """Assert that a queue does what a model in memory does, over random walks.

    A walk submits, claims, beats, finishes, cancels, lets the clock jump in both directions and
    opens the queue anew, as after a kill. After every step the states of all jobs, the counts and
    what the keys have used must be those of the model. An old claim must change nothing.

    Parameters
    ----------
    make : callable
        Gives a queue on the same store each time; it takes a clock, a function without arguments
        that gives seconds.
    attempts : int
        Claims in a row without progress after which the queue lets a job fail.
    walks, steps : int
    seed : int
    choose : callable, optional
        Gives an integer below its argument, in place of the seed: for tests that search walks.

    Raises
    ------
    AssertionError
        That says what is wrong, after which steps.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from campaignkit.service import SqliteQueue
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     check_queue(lambda clock: SqliteQueue(Path(folder, "q.sqlite"), clock=clock), walks=1)
    """
    assert callable(make), f"{make!r:.60} makes no queue; expected a function of a clock"
    generator = stream(seed, "queue contract")
    for _ in range(walks):
        _Walk(make, attempts, choose or (lambda n: int(generator.integers(n)))).go(steps)


@dataclass
class _Job:
    """What the model knows of a job."""

    owner: str
    spec: int
    state: str = "queued"
    attempts: int = 0
    idle: int = 0
    done: int = 0
    beaten: float = 0.0
    is_cancelled: bool = False
    used: int = 0

    def is_dead(self, now: float) -> bool:
        return self.state == "running" and abs(now - self.beaten) >= _LEASE_S


@dataclass
class _Model:
    """The promises of a queue, without a store; jobs in the order of their submission."""

    attempts: int
    jobs: dict[str, _Job] = field(default_factory=dict)

    def same(self, owner: str, spec: int) -> str | None:
        live = ("queued", "running", "done")
        fits = (i for i, j in self.jobs.items() if (j.owner, j.spec) == (owner, spec))
        return next((id for id in fits if self.jobs[id].state in live), None)

    def of(self, owner: str) -> list[_Job]:
        return [job for job in self.jobs.values() if job.owner == owner]

    def live(self, owner: str) -> int:
        return sum(job.state in ("queued", "running") for job in self.of(owner))

    def rows(self, owner: str) -> int:
        held = {"queued": _ROWS, "running": _ROWS}
        return sum(held.get(job.state, job.used) for job in self.of(owner))

    def covers(self, owner: str) -> bool:
        return self.live(owner) < _MOST_LIVE and self.rows(owner) + _ROWS <= _MOST_ROWS

    def claim(self, now: float) -> str | None:
        for id, job in self.jobs.items():
            if job.state != "queued" and not job.is_dead(now):
                continue
            if job.is_cancelled:
                job.state = "cancelled"
            elif job.idle >= self.attempts:
                job.state = "failed"
            else:
                job.state, job.beaten = "running", now
                job.attempts, job.idle = job.attempts + 1, job.idle + 1
                return id
        return None


class _Walk:
    """One walk over a queue and its model."""

    def __init__(
        self, make: Callable[[Callable[[], float]], JobQueue], attempts: int, choose: Choose
    ) -> None:
        from campaignkit.service.keys import Keys, Quota

        self.now = 1_000_000.0
        self.make, self.choose = make, choose
        self.model = _Model(attempts)
        self.claims: list[tuple[str, int]] = []
        self.said: list[str] = []
        self.queue = make(lambda: self.now)
        assert_offers(self.queue, "queue", *_MEMBERS)
        keys = Keys(self.queue, lambda: self.now)
        quota = Quota(rows=_MOST_ROWS, queued=_MOST_LIVE)
        self.keys: list[Key] = [
            keys.add(name, scopes=["all"], quota=quota)[0] for name in ("ana", "ben")
        ]

    def go(self, steps: int) -> None:
        for _ in range(steps):
            step = _STEPS[self.choose(len(_STEPS))]
            self.said = [*self.said[-9:], step]
            getattr(self, f"_{step}")()
            self._compare()
        self.now += 2 * _LEASE_S  # the next walk finds nothing that lives
        for id in self.model.jobs:
            self.queue.cancel(id, None)

    def _submit(self) -> None:
        from campaignkit.service import Cost, Plan, QuotaExceeded

        owner, spec = self.keys[self.choose(2)].id, self.choose(4)
        known, covered = self.model.same(owner, spec), self.model.covers(owner)
        plan = Plan(cost=Cost(rows=_ROWS), all=9, unit="rows")
        try:
            job, is_new = self.queue.submit("dataset", {"seed": spec}, owner, plan)
        except QuotaExceeded:
            self._same("a refusal", not known and not covered, True)
            return
        self._same("the job of a digest", job.id if known else None, known)
        self._same("whether a job is new", is_new, known is None)
        self._same("whether the quota covers it", known is not None or covered, True)
        if is_new:
            self.model.jobs[job.id] = _Job(owner, spec)

    def _claim(self) -> None:
        claim = self.queue.claim("walker", _LEASE_S)
        expected = self.model.claim(self.now)
        self._same("the claimed job", claim and claim.job.id, expected)
        if claim:
            self.claims.append((claim.job.id, claim.fence))

    def _beat(self) -> None:
        for id, fence, job in self._claimed():
            done = self.choose(10)
            told = self.queue.beat(id, fence, done, 9)
            if job is None:
                self._same("a beat of an old claim", told, "lost")
                continue
            self._same("a beat", told, "cancel" if job.is_cancelled else "go")
            job.idle = 0 if done > job.done else job.idle
            job.beaten, job.done = self.now, max(done, job.done)

    def _finish(self) -> None:
        from campaignkit.service import Cost, Outcome

        for id, fence, job in self._claimed():
            state, used = ("done", "failed", "queued")[self.choose(3)], self.choose(_ROWS + 1)
            outcome = Outcome(state, used=Cost(rows=used))  # type: ignore[arg-type]  # one of them
            finished = self.queue.finish(id, fence, outcome)
            self._same("the end of a claim", finished, job is not None)
            if job is not None and state == "queued" and not job.is_cancelled:
                job.state, job.idle = "queued", max(job.idle - 1, 0)
            elif job is not None:
                job.state, job.used = ("cancelled", 0) if state == "queued" else (state, used)

    def _cancel(self) -> None:
        from campaignkit.service import NotThere

        if not self.model.jobs:
            return
        id = [*self.model.jobs][self.choose(len(self.model.jobs))]
        job = self.model.jobs[id]
        other = next(key.id for key in self.keys if key.id != job.owner)
        for ask in (self.queue.get, self.queue.cancel):
            try:
                ask(id, other)
            except NotThere:
                continue
            raise AssertionError("another owner's job can be seen or cancelled")
        self.queue.cancel(id, job.owner)
        if job.state == "queued" or job.is_dead(self.now):
            job.state = "cancelled"
        elif job.state == "running":
            job.is_cancelled = True

    def _clock(self) -> None:
        self.now += (0.5, _LEASE_S / 2, _LEASE_S, -_LEASE_S / 2, -100 * _LEASE_S)[self.choose(5)]

    def _reopen(self) -> None:
        self.queue = self.make(lambda: self.now)

    def _claimed(self) -> Iterable[tuple[str, int, _Job | None]]:
        """A claim of this walk, with its job if the claim is still the right one."""
        if self.claims:
            id, fence = self.claims[-1 - self.choose(min(len(self.claims), 4))]
            job = self.model.jobs[id]
            yield id, fence, job if (job.state, job.attempts) == ("running", fence) else None

    def _compare(self) -> None:
        for key in self.keys:
            mine = {id: job for id, job in self.model.jobs.items() if job.owner == key.id}
            there = self.queue.list(key.id, limit=10_000)
            expected = [(id, j.state, j.attempts, j.done) for id, j in mine.items()]
            found = [(job.id, job.state, job.attempts, job.done) for job in reversed(there)]
            self._same("the jobs", found, expected)
            kept = self.queue.find_key(key.digest)
            assert kept is not None, "a key is not found by the digest of its secret"
            self._same("the rows of a key", kept.used.rows, self.model.rows(key.id))

    def _same(self, what: str, found: object, expected: object) -> None:
        told = ", ".join(self.said)
        assert found == expected, f"{what}: {found!r}; expected {expected!r}; after {told}"
