"""Rows with their labels, however a caller holds them: to cut, to score and to name by digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import LABELS
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.dataset.numbering import renumber
from campaignkit.dataset.records import read_records
from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.judged_rows import read_codes
from campaignkit.metrics import Counts


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Records and label codes of one length.

    Attributes
    ----------
    records : CampaignDataset or list of str
        Campaigns; texts stay texts, for models that read them.
    codes : int64[rows]
        0 neg, 1 avg, 2 pos.

    Examples
    --------
    >>> rows = labelled_rows(([{"geo": ["Peru"]}, {"geo": ["Chile"]}], ["pos", "neg"]))
    >>> len(rows), rows.labels.tolist()
    (2, ['pos', 'neg'])
    """

    records: CampaignDataset | list[str]
    codes: Counts

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def labels(self) -> NDArray[np.str_]:
        """str[rows]."""
        return np.array(LABELS)[self.codes]

    @property
    def dataset(self) -> CampaignDataset:
        """The rows as campaigns whose label codes are those of neg, avg, pos.

        Raises
        ------
        EvaluationError
            If the rows are texts.
        """
        if not isinstance(self.records, CampaignDataset):
            raise EvaluationError(
                "these rows are texts, but this needs their attributes",
                hint="give a CampaignDataset, a data frame or records with the labels",
            )
        return self.records

    def take(self, rows: NDArray[np.integer]) -> LabelledRows:
        """The rows at these positions."""
        if isinstance(self.records, CampaignDataset):
            return LabelledRows(self.records.select(rows), self.codes[rows])
        return LabelledRows([self.records[row] for row in rows.tolist()], self.codes[rows])

    def without(self, modality: str) -> LabelledRows:
        """The rows with all values of one modality taken out."""
        dataset = self.dataset
        kept = dataset.vocabulary.modality_of != dataset.vocabulary.modalities.index(modality)
        is_kept = kept[dataset.block.nodes]
        before = np.append(0, np.cumsum(is_kept)).astype(np.int64)
        new_number = (np.cumsum(kept) - 1).astype(np.int32)
        nodes = new_number[dataset.block.nodes[is_kept]]
        block = Block(nodes, before[dataset.block.offsets], dataset.block.labels)
        keys = dataset.vocabulary.keys
        vocabulary = Vocabulary(tuple(keys[node] for node in np.flatnonzero(kept)))
        return LabelledRows(CampaignDataset(block, vocabulary, LABELS), self.codes)

    def digest(self) -> str:
        """``"sha256:..."`` of what the rows hold, whatever vocabulary they came with."""
        hasher = hashlib.sha256(b"campaignkit.rows.1")
        if isinstance(self.records, CampaignDataset):
            used, nodes = np.unique(self.records.block.nodes, return_inverse=True)
            named = [self.records.vocabulary.keys[node] for node in used.tolist()]
            hasher.update(json.dumps(named).encode())
            for array in (nodes, self.records.block.offsets):
                hasher.update(array.astype("<i8").tobytes())
        else:
            hasher.update(json.dumps(self.records).encode())
        hasher.update(self.codes.astype("<i8").tobytes())
        return "sha256:" + hasher.hexdigest()


def labelled_rows(data: Any, *, name: str = "rows") -> LabelledRows:
    """Read a data set, or records with their labels.

    Parameters
    ----------
    data : CampaignDataset, LabelledRows or (records, labels)
        Records as classifiers take them: a data set, a data frame, a list of
        ``{modality: [values]}``, or a list of texts.
    name : str
        What errors call it.

    Raises
    ------
    EvaluationError
        If it is neither, labels are not neg, avg and pos, or numbers of rows differ.

    Examples
    --------
    >>> len(labelled_rows(([{"geo": "Peru"}, {"geo": "Chile"}], ["neg", "pos"])))
    2
    """
    if isinstance(data, LabelledRows):
        return data
    records: Any
    labels: Any
    if isinstance(data, CampaignDataset):
        records, labels = data, data.labels
    elif isinstance(data, tuple) and len(data) == 2:
        records, labels = data
    else:
        raise EvaluationError(
            f"{name}: {type(data).__name__}; expected a CampaignDataset or (records, labels)"
        )
    faults: list[Fault] = []
    codes = read_codes(labels, None, f"{name}: labels", faults)
    if codes is None:
        raise EvaluationError(f"{name}: labels that cannot be used", faults=faults)
    if isinstance(records, list) and records and all(isinstance(row, str) for row in records):
        _check_lengths(name, len(records), len(codes))
        return LabelledRows(records, codes)
    found = read_records(records)
    _check_lengths(name, len(found.block), len(codes))
    block = Block(found.block.nodes, found.block.offsets, codes.astype(np.uint8))
    origin = records.provenance if isinstance(records, CampaignDataset) else None
    return LabelledRows(CampaignDataset(block, found.vocabulary, LABELS, provenance=origin), codes)


def _check_lengths(name: str, num_records: int, num_labels: int) -> None:
    if num_records != num_labels:
        raise EvaluationError(
            f"{name}: {num_records:,} records and {num_labels:,} labels; expected as many of each"
        )
    if not num_labels:
        raise EvaluationError(f"{name}: no rows", hint="give one row or more")


def on_one_vocabulary(*parts: CampaignDataset) -> tuple[Vocabulary, list[Block]]:
    """The blocks of some data sets, numbered alike.

    Examples
    --------
    >>> rows = labelled_rows(([{"geo": ["Peru"]}], ["pos"])).dataset
    >>> len(on_one_vocabulary(rows, rows)[0])
    1
    """
    if len({id(part.vocabulary) for part in parts}) == 1:
        return parts[0].vocabulary, [part.block for part in parts]
    shared = Vocabulary.of({key for part in parts for key in part.vocabulary.keys})
    blocks = []
    for part in parts:
        numbers = [shared.node_of[key] for key in part.vocabulary.keys]
        blocks.append(renumber(part.block, np.array(numbers, np.int32)))
    return shared, blocks
