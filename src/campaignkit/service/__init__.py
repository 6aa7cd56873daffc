"""The service: jobs over HTTP for people who do not write Python.

A home is a folder. The queue keeps jobs, keys and quotas; artifacts are files by digest; workers
run the jobs; a kind of job calls the function that the command of the same work calls.
"""

from __future__ import annotations

from campaignkit.service.artifacts import Artifacts
from campaignkit.service.client import Client, RemoteJob
from campaignkit.service.home import Home
from campaignkit.service.jobs import (
    Cancelled,
    Claim,
    Cost,
    Event,
    Job,
    JobQueue,
    NotAllowed,
    NotThere,
    Outcome,
    OutOfSpace,
    Plan,
    QuotaExceeded,
    TooLarge,
    UnknownKey,
    WrongDigest,
)
from campaignkit.service.keys import Key, Keys, Quota
from campaignkit.service.kinds import KINDS, Kind, kind_named
from campaignkit.service.table import SqliteQueue
from campaignkit.service.worker import Workers, run_job

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "Artifacts",
    "Cancelled",
    "Claim",
    "Client",
    "Cost",
    "Event",
    "Home",
    "Job",
    "JobQueue",
    "KINDS",
    "Key",
    "Keys",
    "Kind",
    "NotAllowed",
    "NotThere",
    "OutOfSpace",
    "Outcome",
    "Plan",
    "Quota",
    "QuotaExceeded",
    "RemoteJob",
    "SqliteQueue",
    "TooLarge",
    "UnknownKey",
    "Workers",
    "WrongDigest",
    "kind_named",
    "run_job",
]
