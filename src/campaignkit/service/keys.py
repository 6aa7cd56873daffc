"""Keys: who may use the service, for what, how long and how much.

A secret is ``ck_`` and 256 random bits. It is shown once; its SHA-256 alone is stored, which needs
no salt at such a length.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from campaignkit.checks import check_all, is_count
from campaignkit.service.jobs import (
    MOST,
    Clock,
    Cost,
    JobQueue,
    NotAllowed,
    QuotaExceeded,
    UnknownKey,
)  # fmt: skip
from campaignkit.service.kinds import KINDS

EVERYTHING = "all"  # the scope of a key for every kind of job
_PREFIX = "ck_"
_NOTHING = Cost()


@dataclass(frozen=True, slots=True)
class Quota:
    """How much a key may use in its life, and how many jobs may wait or run at once.

    None is no limit. The default allows no request to a language model.

    Examples
    --------
    >>> Quota(rows=1_000_000).calls
    0
    """

    rows: int | None = None
    calls: int | None = 0
    micros: int | None = 0
    queued: int | None = 100
    bytes: int | None = None

    def __post_init__(self) -> None:
        limits = {name: getattr(self, name) for name in self.__slots__}
        check_all(
            "a quota that cannot be used",
            {
                name: (
                    limit,
                    limit is None or (is_count(limit, least=0) and limit <= MOST),
                    f"an integer from 0 to {MOST:,}, or None for no limit",
                )
                for name, limit in limits.items()
            },
        )


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored: everything but the secret.

    Attributes
    ----------
    id : str
        The owner of the jobs of this key.
    name : str
        Whose key it is, in the operator's words.
    digest : str
        Of the secret.
    scopes : tuple of str
        Kinds of jobs, or ``"all"``.
    quota : Quota
    created, expires, revoked : float or None
        Seconds since 1970.
    used : Cost
        What its jobs used or have reserved.
    """

    id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    quota: Quota
    created: float
    expires: float | None = None
    revoked: float | None = None
    used: Cost = _NOTHING

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Key:
        """The key of what ``dataclasses.asdict`` gave."""
        parts = {"quota": Quota(**told["quota"]), "used": Cost(**told["used"])}
        return cls(**{**told, **parts, "scopes": tuple(told["scopes"])})

    def is_live(self, now: float) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class Keys:
    """Makes, lists, revokes and checks the keys of a queue.

    Parameters
    ----------
    queue : JobQueue
        Where keys are stored, in one file with their jobs.
    clock : callable
        Seconds since 1970.

    Examples
    --------
    >>> from campaignkit.service import Home
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     key, secret = Home(place).keys.add("ana", scopes=["dataset"])
    >>> secret.startswith("ck_"), secret in repr(key)
    (True, False)
    """

    def __init__(self, queue: JobQueue, clock: Clock = time.time) -> None:
        self._queue = queue
        self._clock = clock

    def add(
        self,
        name: str,
        *,
        scopes: Iterable[str],
        quota: Quota | None = None,
        expires_s: float | None = None,
    ) -> tuple[Key, str]:
        """Make a key that lives for `expires_s` seconds: what is stored, and the secret.

        Raises
        ------
        SettingError
            If a scope is none, or the time is not above zero.
        """
        wanted, there = tuple(sorted({*scopes})), {EVERYTHING, *KINDS}
        check_all(
            "a key that cannot be made",
            {
                "scopes": (wanted, bool(wanted) and {*wanted} <= there, ", ".join(sorted(there))),
                "expires_s": (expires_s, expires_s is None or 0 < expires_s < MOST, "above 0"),
                "name": (name, name.isprintable() and 0 < len(name) <= 100, "1 to 100 letters"),
            },
        )
        now, secret = self._clock(), _PREFIX + secrets.token_hex(32)
        key = Key(
            id=f"key_{secrets.token_hex(8)}",
            name=name,
            digest=_digest(secret),
            scopes=wanted,
            quota=quota or Quota(),
            created=now,
            expires=None if expires_s is None else now + expires_s,
        )
        self._queue.add_key(key)
        return key, secret

    def list(self) -> tuple[Key, ...]:
        """All keys, with what they have used."""
        return self._queue.keys()

    def revoke(self, id: str) -> Key:
        """End a key at once; its jobs are cancelled."""
        return self._queue.revoke_key(id)

    def check(self, secret: str) -> Key:
        """The key of a secret, if the key lives.

        Raises
        ------
        UnknownKey
            The message is one for all reasons, so it tells nothing to a guesser.
        """
        key = self._queue.find_key(_digest(secret)) if secret.startswith(_PREFIX) else None
        if key is None or not key.is_live(self._clock()):
            raise UnknownKey(
                "the key is unknown, revoked or expired",
                hint="send Authorization: Bearer ck_..., with a key of campaignkit keys add",
            )
        return key


def check_scope(key: Key, scope: str) -> None:
    """Refuse a key that is not for a kind of job.

    Raises
    ------
    NotAllowed
        If it lacks the scope.
    """
    if not {scope, EVERYTHING} & {*key.scopes}:
        raise NotAllowed(
            f"the key is for {', '.join(key.scopes)}; expected the scope {scope}",
            hint=f"ask the operator for a key with --scope {scope}",
        )


def reserved(key: Key, cost: Cost, now: float, *, jobs: int | None = None) -> Key:
    """The key after a cost is taken from its quota; with `jobs` live jobs, one more is wanted.

    Raises
    ------
    QuotaExceeded
        If the quota does not cover it.
    UnknownKey
        If the key is revoked or has expired.
    """
    if not key.is_live(now):
        raise UnknownKey("the key is revoked or expired", hint="ask the operator for another")
    taken, wanted = {**asdict(key.used), "queued": jobs or 0}, {**asdict(cost), "queued": 1}
    if jobs is None:
        wanted["queued"] = 0
    for name, limit in asdict(key.quota).items():
        if limit is not None and wanted[name] and taken[name] + wanted[name] > limit:
            raise QuotaExceeded(
                f"the quota of {name} is {limit:,}, of which {taken[name]:,} are taken; "
                f"{wanted[name]:,} more are asked for",
                hint="ask for less, wait for jobs to end, or ask the operator for more",
            )
    return charged(key, cost, _NOTHING)


def charged(key: Key, more: Cost, less: Cost) -> Key:
    """The key after one cost is added to what it used and another is given back."""
    given = asdict(less)
    added = {name: amount - given[name] for name, amount in asdict(more).items()}
    used = {name: amount + added[name] for name, amount in asdict(key.used).items()}
    return replace(key, used=Cost(**used))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
