"""One process or several: what differs is here, and several are accelerate's business."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from campaignkit.extras import require


class Processes(Protocol):
    """What training asks of the processes it runs in.

    Attributes
    ----------
    rank, size : int
        Which process this is, of how many.
    device : torch.device or None
        Where this process is to compute; None where the model lies.
    """

    rank: int
    size: int
    device: Any

    def wrap(self, module: Any) -> Any:
        """The module, on the process's device, with gradients averaged over processes."""

    def apart(self, module: Any) -> AbstractContextManager[None]:
        """Within it, gradients are not averaged yet."""

    def gather(self, values: list[Any]) -> list[Any]:
        """Everybody's values, in order of rank."""

    def wait(self) -> None:
        """Until all processes are here."""


class OneProcess:
    """This process alone."""

    rank = 0
    size = 1
    device = None

    def wrap(self, module: Any) -> Any:
        """As it is."""
        return module

    def apart(self, module: Any) -> AbstractContextManager[None]:
        """Nothing to hold back."""
        return nullcontext()

    def gather(self, values: list[Any]) -> list[Any]:
        """As they are."""
        return values

    def wait(self) -> None:
        """For nobody."""


class Accelerated:
    """Processes started by ``accelerate launch`` or ``torchrun``, one a device."""

    def __init__(self) -> None:
        accelerate = require("accelerate", extra="train", user="training on several devices")
        # Precision is this room's own business: accelerate keeps one for the whole process, so
        # that a second fit could not choose another.
        self._accelerator = accelerate.Accelerator(mixed_precision="no")
        self.rank: int = self._accelerator.process_index
        self.size: int = self._accelerator.num_processes
        self.device = self._accelerator.device

    def wrap(self, module: Any) -> Any:
        """As DistributedDataParallel."""
        return self._accelerator.prepare(module)

    def apart(self, module: Any) -> AbstractContextManager[None]:
        """Without averaging."""
        context: AbstractContextManager[None] = self._accelerator.no_sync(module)
        return context

    def gather(self, values: list[Any]) -> list[Any]:
        """Through the process group."""
        from accelerate.utils import gather_object

        gathered: list[Any] = gather_object(values)
        return gathered

    def wait(self) -> None:
        """At a barrier."""
        self._accelerator.wait_for_everyone()


def processes_here() -> Processes:
    """Several where a launcher has started several, else this one."""
    return Accelerated() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else OneProcess()
