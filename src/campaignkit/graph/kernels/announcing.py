"""Says once a process that kernels are compiled; a kernel that comes from the cache says nothing.

It is a line of the logger ``campaignkit``: on stderr where nobody configured logging.
``logging.getLogger("campaignkit").setLevel("ERROR")`` keeps it quiet.
"""

from __future__ import annotations

import logging

from numba.core import event


class _Announcement(event.Listener):  # type: ignore[misc]  # numba has no types
    """Asked of numba itself: a kernel that comes from its cache makes no such event."""

    said = False

    def on_start(self, event):
        """Say it, of the first kernel of this library."""
        kernel = event.data["dispatcher"].py_func
        if not self.said and kernel.__module__.startswith("campaignkit."):
            self.said = True
            logging.getLogger("campaignkit").warning(
                "campaignkit compiles kernels for this machine, once (a few seconds) ..."
            )

    def on_end(self, event):
        """Nothing is left to say."""


event.register("numba:compile", _Announcement())
