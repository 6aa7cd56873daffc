"""Progress of long calls: the library reports, the caller decides where it goes."""

from __future__ import annotations

from campaignkit.progress.bar import ProgressBar
from campaignkit.progress.call import CallProgress
from campaignkit.progress.listening import listener, reporting
from campaignkit.progress.log import LogProgress
from campaignkit.progress.protocol import Progress, Silent
from campaignkit.progress.steps import Steps

__all__ = [
    "CallProgress",
    "LogProgress",
    "Progress",
    "ProgressBar",
    "Silent",
    "Steps",
    "listener",
    "reporting",
]
