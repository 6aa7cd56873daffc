"""Every exception campaignkit raises on purpose.

The tree (in brackets the builtin a stranger would catch)::

    CampaignkitError
    ├── SettingError        [ValueError]   an argument of the wrong kind, or out of its range
    ├── CatalogueError      [ValueError]   a catalogue that cannot be read as it is
    ├── GraphError          [ValueError]   edges that contradict each other or the catalogue
    │   └── NoEdges                        a build in which no pair got a sign
    ├── UnknownAttribute    [KeyError]     a (modality, value) that is not there
    ├── SpecError           [ValueError]   a sampling spec with faults
    │   └── InfeasibleSpec                 well-formed, but no campaign can satisfy it
    ├── SamplingFailed      [RuntimeError] a label could not be filled; nothing was emitted
    ├── DatasetError        [ValueError]   a data set folder or file that is not one
    ├── TableError          [ValueError]   a table that cannot be audited or corrupted as asked
    │   └── NotInPlace                     what cannot be asked of a table inside a warehouse
    ├── HarmoniseError      [ValueError]   landed tables or a client's store, misused
    ├── EmbeddingError      [ValueError]   texts that cannot be embedded, or rows that are none
    ├── ClassifierError     [ValueError]   labels, records or settings a classifier cannot take
    │   └── NotFitted       [AttributeError] a classifier asked before it was fitted
    ├── EvaluationError     [ValueError]   predictions or submissions that cannot be scored
    ├── ServiceError        [RuntimeError] a request to the service (kinds: ``service`` room)
    ├── ArtifactError       [OSError]      a folder whose files do not match its manifest
    ├── ModelError          [RuntimeError] a language model did not answer (kinds: ``llm`` room)
    ├── BudgetExceeded      [RuntimeError] what was asked for costs more than the budget
    └── MissingExtra        [ImportError]  an optional dependency that is not installed

Every message says what was found, what was expected and what to do. Input with several faults is
reported once, with all of them: see :class:`Fault` and :attr:`CampaignkitError.faults`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

_SHOWN_FAULTS = 20  # a file can hold a million; a terminal cannot


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input, where it is, and how to correct it.

    Parameters
    ----------
    where : str
        File and line (``"edges.csv:17"``) or path in a document
        (``"label_params.avg.neg_frac_range"``).
    found : str
        What is there and what was expected, in one clause.
    fix : str
        What the reader can do about it; may be empty where `found` says it all.

    Examples
    --------
    >>> print(Fault("edges.csv:3", "sign 'x' is not + or -", "write + or -"))
    edges.csv:3: sign 'x' is not + or - (write + or -)
    """

    where: str
    found: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.found}" + (f" ({self.fix})" if self.fix else "")


class CampaignkitError(Exception):
    """The root of the tree: ``except CampaignkitError`` catches all that is raised on purpose.

    Attributes
    ----------
    message : str
        One sentence: what was found and what was expected.
    hint : str
        What to do next; may be empty.
    faults : tuple of Fault
        All faults of the input, where there can be several.

    Examples
    --------
    >>> print(CampaignkitError("no rows", hint="ask for at least one"))
    no rows
      hint: ask for at least one
    """

    def __init__(self, message: str, *, hint: str = "", faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.faults = tuple(faults)

    def __str__(self) -> str:
        lines = [self.message]
        lines += [f"  {fault}" for fault in self.faults[:_SHOWN_FAULTS]]
        if len(self.faults) > _SHOWN_FAULTS:
            lines.append(f"  ... and {len(self.faults) - _SHOWN_FAULTS} more")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default way of crossing a process boundary.
        return _rebuild, (type(self), self.message, self.hint, self.faults)


def _rebuild(
    kind: type[CampaignkitError], message: str, hint: str, faults: tuple[Fault, ...]
) -> CampaignkitError:
    return kind(message, hint=hint, faults=faults)


class SettingError(CampaignkitError, ValueError):
    """An argument is of the wrong kind, or out of its range."""


class CatalogueError(CampaignkitError, ValueError):
    """A catalogue cannot be read as it is; `faults` names every file, line and fix."""


class GraphError(CampaignkitError, ValueError):
    """Edges contradict each other, the catalogue, or the form of edges.csv."""


class NoEdges(GraphError):
    """A build gave no pair a sign; `faults` names what was not read, `hint` the ways on."""


class UnknownAttribute(CampaignkitError, KeyError):
    """A (modality, value) was asked for that is not in the catalogue."""


class SpecError(CampaignkitError, ValueError):
    """A sampling spec has faults; `faults` gives each with its path."""


class InfeasibleSpec(SpecError):
    """A spec is well-formed, but no campaign can satisfy one of its labels."""


class SamplingFailed(CampaignkitError, RuntimeError):
    """A label could not be filled; the message says how close the search came."""


class DatasetError(CampaignkitError, ValueError):
    """A data set folder or file is not what it should be."""


class TableError(CampaignkitError, ValueError):
    """A table cannot be audited, mined or corrupted as asked."""


class HarmoniseError(CampaignkitError, ValueError):
    """Landed tables cannot be harmonised, or a client's store cannot be used as asked."""


class NotInPlace(TableError):
    """A question that a table inside a warehouse is not asked: the function differs, or rows would
    have to leave."""


class EmbeddingError(CampaignkitError, ValueError):
    """Texts cannot be embedded as given, or what an embedder gave are no unit rows."""


class ClassifierError(CampaignkitError, ValueError):
    """Labels, records, probabilities or settings that a classifier cannot take."""


class NotFitted(ClassifierError, AttributeError):
    """A classifier or a decision rule was asked for an answer before it was fitted."""


class EvaluationError(CampaignkitError, ValueError):
    """Predictions, submissions or settings that cannot be scored; `faults` names them all."""


class ServiceError(CampaignkitError, RuntimeError):
    """The service refuses a request, or cannot be used; :mod:`campaignkit.service` has kinds."""

    status: ClassVar[int] = 422  # of the answer over HTTP


class ArtifactError(CampaignkitError, OSError):
    """A folder's files do not match its manifest, or the folder cannot be written."""


class ModelError(CampaignkitError, RuntimeError):
    """A language model did not answer as asked; :mod:`campaignkit.llm` tells the kinds apart."""


class BudgetExceeded(CampaignkitError, RuntimeError):
    """What was asked for costs more calls, tokens or money than the budget allows."""


class MissingExtra(CampaignkitError, ImportError):
    """An optional dependency is not installed; the hint is the line that installs it."""
