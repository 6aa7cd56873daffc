"""Noise on labels and attributes, after sampling, with a record of every row it touched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset import CampaignDataset, Vocabulary
from campaignkit.errors import DatasetError, Fault

# What befell a row, as bits: label noise 1, attribute noise 2.
KINDS = ("none", "label", "attribute", "both")
LABEL, ATTRIBUTE = 1, 2
NOISE_NAME = "noise.jsonl"
_NO_NODE = -1


@dataclass(frozen=True, eq=False)
class NoiseRecord:
    """What noise did to each row, enough to undo it.

    Attributes
    ----------
    kinds : uint8[rows]
        Position in ``("none", "label", "attribute", "both")``.
    labels_before : uint8[rows]
        The label code before noise; that of the row where its label was left alone.
    nodes_before, nodes_after : int32[rows]
        The node that was replaced, and the one that took its place; -1 where none was.

    Examples
    --------
    >>> record = NoiseRecord.clean(np.array([0, 1], np.uint8))
    >>> record.counts
    {'none': 2, 'label': 0, 'attribute': 0, 'both': 0}
    >>> record.names.tolist()
    ['none', 'none']
    """

    kinds: NDArray[np.uint8]
    labels_before: NDArray[np.uint8]
    nodes_before: NDArray[np.int32]
    nodes_after: NDArray[np.int32]

    @classmethod
    def clean(cls, labels: NDArray[np.uint8]) -> NoiseRecord:
        """The record of rows that no noise touched."""
        none = np.full(len(labels), _NO_NODE, np.int32)
        return cls(np.zeros(len(labels), np.uint8), labels.copy(), none, none.copy())

    def take(self, rows: NDArray[np.integer]) -> NoiseRecord:
        """The record of the rows at these positions, in this order."""
        return NoiseRecord(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def counts(self) -> dict[str, int]:
        """Rows by kind; they add up to all rows."""
        return dict(zip(KINDS, np.bincount(self.kinds, minlength=4).tolist(), strict=True))

    @property
    def told(self) -> dict[str, int]:
        """The same, named as manifests name them."""
        return {f"noise.{kind}": count for kind, count in self.counts.items()}

    @property
    def names(self) -> NDArray[np.str_]:
        """str[rows], the kind of each row in words."""
        return np.array(KINDS)[self.kinds]

    def __len__(self) -> int:
        return len(self.kinds)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NoiseRecord):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]

    def to_lines(self, vocabulary: Vocabulary, label_names: Sequence[str]) -> Iterator[str]:
        """One JSON object a row, in the order of the rows, each with its line feed.

        Examples
        --------
        >>> vocabulary = Vocabulary.of([("geo", "Chile"), ("geo", "Peru")])
        >>> record = NoiseRecord(np.array([3], np.uint8), np.array([1], np.uint8),
        ...                      np.array([0], np.int32), np.array([1], np.int32))
        >>> print(*record.to_lines(vocabulary, ["neg", "pos"]), end="")
        {"noise":"both","label_before":"pos","modality":"geo","before":"Chile","after":"Peru"}
        """
        columns = zip(
            self.kinds.tolist(),
            self.labels_before.tolist(),
            self.nodes_before.tolist(),
            self.nodes_after.tolist(),
            strict=True,
        )
        for kind, label, before, after in columns:
            told = {"noise": KINDS[kind]}
            if kind & LABEL:
                told["label_before"] = label_names[label]
            if kind & ATTRIBUTE:
                modality, value = vocabulary.keys[before]
                told |= {"modality": modality, "before": value, "after": vocabulary.keys[after][1]}
            yield json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"

    @classmethod
    def read(cls, folder: Path, dataset: CampaignDataset) -> NoiseRecord:
        """The record that lies in the folder of a data set; see :meth:`from_lines`."""
        with (folder / NOISE_NAME).open("rb") as lines:
            return cls.from_lines(
                lines, dataset.vocabulary, dataset.label_names, labels=dataset.block.labels
            )

    @classmethod
    def from_lines(
        cls,
        lines: Iterable[bytes],
        vocabulary: Vocabulary,
        label_names: Sequence[str],
        *,
        labels: NDArray[np.uint8],
    ) -> NoiseRecord:
        """The record that :meth:`to_lines` wrote, for rows that now have these labels.

        Raises
        ------
        DatasetError
            With every line that is no such record, or if there are not as many as rows.
        """
        record = cls.clean(labels)
        codes = {name: code for code, name in enumerate(label_names)}
        faults: list[Fault] = []
        num_lines = 0
        for num_lines, line in enumerate(lines, start=1):
            row = num_lines - 1
            if row >= len(record):
                continue
            try:
                told: dict[str, Any] = json.loads(line)  # JSON: checked by use
                kind = KINDS.index(told["noise"])
                record.kinds[row] = kind
                if kind & LABEL:
                    record.labels_before[row] = codes[told["label_before"]]
                if kind & ATTRIBUTE:
                    for end, nodes in (
                        ("before", record.nodes_before),
                        ("after", record.nodes_after),
                    ):
                        nodes[row] = vocabulary.node_of[told["modality"], told[end]]
            except (ValueError, KeyError, TypeError) as err:
                faults.append(Fault(f"line {num_lines}", f"is not a record of noise: {err!r}"))
        if num_lines != len(record):
            faults.append(Fault("lines", f"there are {num_lines} for {len(record)} campaigns"))
        if faults:
            raise DatasetError("the noise of a data set cannot be read", faults=faults)
        return record
