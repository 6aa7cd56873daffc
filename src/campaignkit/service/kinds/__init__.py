"""Kinds of jobs: one file and one line a kind.

A kind calls the function of the library that the command of the same work calls, so that the same
input gives the same bytes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from campaignkit.service.kinds.kind import Files, Kind, Tell

__all__ = ["KINDS", "Files", "Kind", "Tell", "kind_named"]

# A name -> the module here; its class is called Kind's name in capitals: `DatasetKind`.
KINDS = (
    "graph",
    "diagnose",
    "dataset",
    "audit",
    "recommend",
    "classify",
    "blind",
)


def kind_named(name: str) -> Kind[Any]:
    """The kind of a name.

    Raises
    ------
    NotThere
        If there is none.

    Examples
    --------
    >>> kind_named("dataset").name
    'dataset'
    """
    from campaignkit.service.jobs import NotThere

    if name not in KINDS:
        raise NotThere(f"there is no kind of job {name!r:.60}; expected one of {', '.join(KINDS)}")
    module = import_module(f"campaignkit.service.kinds.{name}")
    made: Kind[Any] = getattr(module, f"{name.capitalize()}Kind")()
    return made
