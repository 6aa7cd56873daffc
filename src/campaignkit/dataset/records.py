"""Campaigns in any form: a data set, a data frame, or a list of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue.clean_text import is_missing
from campaignkit.checks import checked_text
from campaignkit.dataset.block import Block
from campaignkit.dataset.campaign import Campaign
from campaignkit.dataset.campaign_dataset import CampaignDataset
from campaignkit.dataset.numbering import NumberedRows
from campaignkit.dataset.values import quoted, value_problem
from campaignkit.dataset.vocabulary import RESERVED
from campaignkit.errors import DatasetError, Fault

_HINT = 'give a CampaignDataset, a data frame, or a list such as [{"brand": ["Nike"]}]'
_CUT = "write text or a list of texts: cut numbers and dates into bands, or leave the column out"
_SHOWN = 1000  # faults kept; an input can hold millions


def read_records(records: Any, *, separator: str | None = None) -> NumberedRows:
    """Rows of node numbers with what the numbers stand for.

    Parameters
    ----------
    records : CampaignDataset, data frame, iterable of Campaign or mappings, or table of cells
        A data frame has a column per modality whose cells are texts or lists of texts. A record
        is ``{modality: value or [values]}``. The columns of an array [rows, columns] are called
        x0, x1 and so on, as scikit-learn calls them. Whole numbers are read as text, missing
        cells as no value; ``label`` is no modality and is left out.
    separator : str, optional
        What divides the values of one cell: ``", "`` reads ``"Gamers, Cyclists"`` as two.

    Returns
    -------
    NumberedRows
        Of a data set with its own vocabulary and labels; of anything else with the attributes
        that occur and label codes of 0.

    Raises
    ------
    DatasetError
        With every cell that is blank, or repeated within its list, and every modality with values
        of a type that is no text; if `separator` is no text.

    Examples
    --------
    >>> rows = read_records([{"brand": "Nike", "geo": ["Peru", "Chile"]}, {"geo": ["Chile"]}])
    >>> rows.vocabulary.keys
    (('brand', 'Nike'), ('geo', 'Chile'), ('geo', 'Peru'))
    >>> rows.block.row(1).tolist()
    [1]
    """
    if separator is not None:
        checked_text(separator, "separator", error=DatasetError)
    if isinstance(records, CampaignDataset):
        return NumberedRows(records.block, records.vocabulary, records.label_names)
    if isinstance(records, str | PathLike):
        raise DatasetError(
            f"records are {_kind(records)}; expected one per row",
            hint="campaignkit.dataset.read_campaigns(path) reads a table of campaigns, "
            "CampaignDataset.read(path) a data set",
        )
    if isinstance(records, bytes | Mapping | Campaign) or records is None:
        raise DatasetError(f"records are {_kind(records)}; expected one per row", hint=_HINT)
    if isinstance(records, np.ndarray) and records.ndim == 2:
        names = [f"x{i}" for i in range(records.shape[1])]
        return _number((zip(names, row, strict=True) for row in records), separator)
    if isinstance(records, np.ndarray | Sequence) or not hasattr(records, "columns"):
        if not isinstance(records, Iterable):
            raise DatasetError(f"records are {_kind(records)}; expected one per row", hint=_HINT)
        return _number((_of_mapping(record) for record in records), separator)
    return _number(_frame_rows(records), separator)


def empty_rows(block: Block) -> NDArray[np.int64]:
    """Positions of the rows without a single attribute.

    Examples
    --------
    >>> empty_rows(Block.of_rows([[0], []], labels=[0, 0])).tolist()
    [1]
    """
    return np.flatnonzero(block.sizes == 0)


def _of_mapping(record: Any) -> Iterable[tuple[Any, Any]] | Fault:
    if isinstance(record, Campaign):
        return record.attributes.items()
    if isinstance(record, Mapping):
        return record.items()
    return Fault("", f"is {_kind(record)}", "write {modality: [values]}")


def _frame_rows(frame: Any) -> Iterator[Iterable[tuple[Any, Any]]]:
    import narwhals as nw

    try:
        table: Any = nw.from_native(frame, eager_only=True)
    except TypeError as err:
        raise DatasetError(
            f"records are {_kind(frame)}; expected one per row", hint=_HINT
        ) from err
    except ValueError as err:  # two columns of one name
        raise DatasetError(f"records cannot be read: {err}", hint="name each column once") from err
    names = [str(name) for name in table.columns]
    for row in table.iter_rows():
        yield zip(names, row, strict=True)


def _number(
    records: Iterable[Iterable[tuple[Any, Any]] | Fault], separator: str | None
) -> NumberedRows:
    reader = _Reader(separator or None)
    for record in records:
        reader.read(record)
    return reader.rows()


class _Reader:
    """Numbers attributes as they are met, and keeps what is wrong with which row."""

    def __init__(self, separator: str | None) -> None:
        self.separator = separator
        self.node_of: dict[tuple[str, str], int] = {}
        self.modalities: dict[str, None] = {}
        self.nodes: list[int] = []
        self.lengths: list[int] = []
        self.faults: list[Fault] = []
        self.no_texts: dict[tuple[str, str], list[Any]] = {}  # first row, value shown, number

    def read(self, record: Iterable[tuple[Any, Any]] | Fault) -> None:
        row = len(self.lengths)
        found: list[int] = []
        if isinstance(record, Fault):
            self._tell(f"row {row}", record.found, record.fix)
            record = ()
        for modality, cell in record:
            if modality == RESERVED:
                continue
            if modality not in self.modalities:
                self._open(row, modality)
            values = _values(cell, self.separator)
            nodes = [self._node(row, modality, value) for value in values]
            if len(nodes) > 1 and len(set(nodes)) < len(nodes):
                self._tell(f"row {row}.{modality}", "contains a value twice", "give each once")
            found += nodes
        self.nodes += sorted(found)
        self.lengths.append(len(found))

    def rows(self) -> NumberedRows:
        no_texts = [
            Fault(f"row {row}.{modality}", f"contains {shown}{_as_often(num - 1)}", _CUT)
            for (modality, _), (row, shown, num) in self.no_texts.items()
        ]
        if faults := no_texts + self.faults:
            raise DatasetError("these records cannot be read", hint=_HINT, faults=faults[:_SHOWN])
        offsets = np.zeros(len(self.lengths) + 1, np.int64)
        np.cumsum(self.lengths, out=offsets[1:])
        labels = np.zeros(len(self.lengths), np.uint8)
        block = Block(np.array(self.nodes, np.int32), offsets, labels)
        keys = list(self.node_of)
        return NumberedRows.of(block, keys, (RESERVED,), modalities=self.modalities)

    def _open(self, row: int, modality: Any) -> None:
        problem = value_problem(modality) if isinstance(modality, str) else "is not text"
        if problem:
            shown = quoted(modality) if isinstance(modality, str) else repr(modality)[:60]
            self._tell(f"row {row}", f"modality {shown} {problem}", "name it in text")
        self.modalities[modality] = None

    def _node(self, row: int, modality: str, value: Any) -> int:
        if isinstance(value, int | np.integer) and not isinstance(value, bool):
            value = str(int(value))
        key = (modality, value)
        node = self.node_of.get(key) if isinstance(value, str) else -1
        if node is not None and node >= 0:
            return node
        if not isinstance(value, str):
            told = self.no_texts.setdefault(
                (modality, type(value).__name__), [row, _kind(value), 0]
            )
            told[2] += 1
            return -1
        if problem := value_problem(value):
            self._tell(f"row {row}.{modality}", f"{quoted(value)} {problem}")
        return self.node_of.setdefault(key, len(self.node_of))

    def _tell(self, where: str, found: str, fix: str = "") -> None:
        if len(self.faults) < _SHOWN:
            self.faults.append(Fault(where, found, fix))


def _values(cell: Any, separator: str | None) -> Sequence[Any]:
    if type(cell) is list or type(cell) is tuple:
        return cell
    if isinstance(cell, str):
        return (cell,) if separator is None else [p.strip() for p in cell.split(separator)]
    if hasattr(cell, "to_list"):
        cell = cell.to_list()
    elif hasattr(cell, "tolist"):  # numpy's arrays and scalars
        cell = cell.tolist()
    if isinstance(cell, list | tuple | set | frozenset):
        return sorted(cell, key=str) if isinstance(cell, set | frozenset) else cell
    return () if is_missing(cell) else (cell,)


def _as_often(more: int) -> str:
    return f", and {more:,} values more of that type" if more else ""


def _kind(thing: Any) -> str:
    if thing is None:
        return "None"
    return f"{type(thing).__name__} {repr(thing)[:40]}"
