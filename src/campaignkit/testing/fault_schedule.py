"""When a rehearsal server fails, and how: a seeded schedule."""

from __future__ import annotations

from dataclasses import dataclass

from campaignkit.errors import SettingError
from campaignkit.seeds import key64

KINDS = (
    "rate_limited",
    "server_error",
    "timed_out",
    "cut",
    "empty",
    "truncated",
    "wrong_keys",
)


@dataclass(frozen=True, slots=True)
class FaultSchedule:
    """Shares of requests that fail, by kind.

    Whether a request fails depends on the seed, its prompt and how often that prompt has come
    before: not on workers or order.

    Parameters
    ----------
    rate_limited : float
        Answered 429 with Retry-After; not charged.
    server_error : float
        Answered 500; not charged.
    timed_out : float
        Charged, and never answered.
    cut : float
        Charged, and the connection cut in the middle of the reply.
    empty, truncated, wrong_keys : float
        Charged, and answered with nothing, half the reply, or JSON with keys nobody asked for.
    seed : int
        Of the schedule.
    most_in_a_row : int
        After so many failures a prompt is answered.
    retry_after_s : float
        What a 429 asks to wait.

    Raises
    ------
    SettingError
        If the shares are negative or exceed 1 together.

    Examples
    --------
    >>> FaultSchedule(server_error=1.0).fault("a prompt", 0)
    'server_error'
    >>> FaultSchedule(server_error=1.0).fault("a prompt", 2) is None
    True
    """

    rate_limited: float = 0.0
    server_error: float = 0.0
    timed_out: float = 0.0
    cut: float = 0.0
    empty: float = 0.0
    truncated: float = 0.0
    wrong_keys: float = 0.0
    seed: int = 0
    most_in_a_row: int = 2
    retry_after_s: float = 0.01

    def __post_init__(self) -> None:
        shares = [getattr(self, kind) for kind in KINDS]
        if min(shares) < 0 or sum(shares) > 1 + 1e-9:
            raise SettingError(f"the shares {shares} are not shares; expected a sum of at most 1")

    @classmethod
    def of_all_kinds(cls, share: float, *, seed: int = 0) -> FaultSchedule:
        """Every kind alike, `share` of the requests in all.

        Examples
        --------
        >>> FaultSchedule.of_all_kinds(0.7).cut
        0.1
        """
        part = share / len(KINDS)
        return cls(part, part, part, part, part, part, part, seed=seed)

    def fault(self, prompt: str, times: int) -> str | None:
        """How the request fails that comes after `times` others with its prompt; None if not."""
        if times >= self.most_in_a_row:
            return None
        drawn = key64(self.seed, "fault", prompt, times) / 2**64
        for kind in KINDS:
            drawn -= getattr(self, kind)
            if drawn < 0:
                return kind
        return None
