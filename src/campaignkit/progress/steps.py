"""The steps of one stage, counted where they are made and reported where somebody listens."""

from __future__ import annotations

from campaignkit.progress.listening import listener
from campaignkit.progress.protocol import Progress


class Steps:
    """Counts the steps of a stage; a step may be made in another function than the last.

    Parameters
    ----------
    progress : Progress or None
        Receives the steps; without it, the listener around the call does.
    stage : str
    total : int
        Steps of the whole stage.

    Examples
    --------
    >>> from campaignkit.progress import CallProgress
    >>> steps = Steps(CallProgress(print), "fitting", 3)
    >>> steps.step(), steps.step(2)
    fitting 1 3
    fitting 3 3
    (None, None)
    """

    def __init__(self, progress: Progress | None, stage: str, total: int) -> None:
        self._progress, self._stage, self._total = listener(progress), stage, total
        self._done = 0

    def step(self, num: int = 1) -> None:
        """Count `num` steps more."""
        self._done += num
        self._progress.update(self._stage, self._done, self._total)

    def finish(self) -> None:
        """The stage is over, perhaps in fewer steps than were thought of."""
        self.step(self._total - self._done)
