"""Which runs a reader wants to see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from campaignkit.runs import RunRecord

NO_FAMILY = "(no family)"


@dataclass(frozen=True)
class RunFilter:
    """Runs to keep; what is empty keeps all.

    Attributes
    ----------
    tasks, datasets, families : tuple of str
        Any of these; data sets as :func:`dataset_version` names them.
    text : str
        Part of a model's name or a run id, in any case.

    Examples
    --------
    >>> record = RunRecord(kind="fit", task="outcome", dataset={"name": "d"},
    ...                    model={"name": "Pairwise 8", "family": "pairwise"})
    >>> RunFilter(families=("pairwise",), text="wise").keeps(record)
    True
    """

    tasks: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    text: str = ""

    def keeps(self, record: RunRecord) -> bool:
        """Whether this run is wanted."""
        asked = self.text.strip().casefold()
        return (
            (not self.tasks or record.task in self.tasks)
            and (not self.datasets or dataset_version(record) in self.datasets)
            and (not self.families or family_of(record) in self.families)
            and (not asked or asked in f"{record.model.name}\n{record.run_id}".casefold())
        )

    def of(self, records: Iterable[RunRecord]) -> list[RunRecord]:
        """The runs that are wanted, in their order."""
        return [record for record in records if self.keeps(record)]


def dataset_version(record: RunRecord) -> str:
    """A data set's name with the first letters of its digest, which tells versions apart.

    Examples
    --------
    >>> dataset_version(RunRecord(kind="fit", task="t", model={"name": "m"},
    ...                           dataset={"name": "v15/test", "digest": "sha256:0123456789ab"}))
    'v15/test @ 01234567'
    """
    digest = record.dataset.digest
    if digest is None:
        return record.dataset.name
    return f"{record.dataset.name} @ {digest.rpartition(':')[2][:8]}"


def family_of(record: RunRecord) -> str:
    """The model's family, or words that say there is none.

    Examples
    --------
    >>> family_of(RunRecord(kind="fit", task="t", dataset={"name": "d"}, model={"name": "m"}))
    '(no family)'
    """
    return record.model.family or NO_FAMILY


@dataclass(frozen=True)
class FilterChoices:
    """What can be chosen: each value that some run has, in code-point order.

    Examples
    --------
    >>> choices_of([]).scores
    ()
    """

    tasks: tuple[str, ...]
    datasets: tuple[str, ...]
    families: tuple[str, ...]
    scores: tuple[str, ...]


def choices_of(records: Sequence[RunRecord]) -> FilterChoices:
    """What the runs can be filtered and ranked by; macro F1 comes first among scores.

    Examples
    --------
    >>> run = RunRecord(kind="evaluation", task="outcome", dataset={"name": "d"},
    ...                 model={"name": "m"}, scores={"accuracy": 0.8, "macro_f1": 0.7})
    >>> choices_of([run]).scores
    ('macro_f1', 'accuracy')
    """
    scores = sorted({name for record in records for name in record.scores})
    first = [name for name in ("macro_f1",) if name in scores]
    return FilterChoices(
        tasks=tuple(sorted({record.task for record in records})),
        datasets=tuple(sorted({dataset_version(record) for record in records})),
        families=tuple(sorted({family_of(record) for record in records})),
        scores=(*first, *(name for name in scores if name not in first)),
    )
