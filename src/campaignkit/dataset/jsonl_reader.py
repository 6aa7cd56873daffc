"""JSONL back into a block, with every fault of the file at its line."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from campaignkit.dataset.block import Block
from campaignkit.dataset.numbering import NumberedRows
from campaignkit.dataset.values import quoted, value_problem
from campaignkit.dataset.vocabulary import MAX_LABELS, RESERVED, Vocabulary
from campaignkit.errors import DatasetError, Fault
from campaignkit.store import readable_file

_MAX_LINE_BYTES = 1 << 24  # a campaign of 255 attributes with texts of 60 kB each still fits
_MAX_FAULTS = 10_000  # a wrong file has one on every line
_BOM = b"\xef\xbb\xbf"


def read_jsonl(
    path: Path,
    *,
    vocabulary: Vocabulary | None = None,
    label_names: Sequence[str] | None = None,
) -> NumberedRows:
    """Read a JSONL file of campaigns.

    Parameters
    ----------
    path : Path
        One record per line: a list of values per modality, and ``label``.
    vocabulary, label_names
        What the file may contain; without them, what it does contain (labels in order of
        appearance).

    Raises
    ------
    DatasetError
        With all faults of the file, each at its line; nothing is returned in part.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.jsonl")
    ...     _ = path.write_text('{"geo":["Peru","Chile"],"label":"pos"}\\n')
    ...     rows = read_jsonl(path)
    >>> rows.vocabulary.keys, rows.block.nodes.tolist(), rows.label_names
    ((('geo', 'Chile'), ('geo', 'Peru')), [0, 1], ('pos',))
    """
    parser = _Parser(path, vocabulary, label_names)
    try:
        with readable_file(path, error=DatasetError).open("rb") as file:
            for number, line in _numbered_lines(file.readline):
                parser.read_line(line, number)
                if parser.is_hopeless:
                    break
    except OSError as err:
        raise DatasetError(f"cannot read {path}: {err.strerror}") from err
    return parser.finish()


def _numbered_lines(readline: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := readline(_MAX_LINE_BYTES + 1):
        number += 1
        yield number, line.removeprefix(_BOM) if number == 1 else line


class _Record(list[tuple[str, object]]):
    """The pairs of a JSON object, so that a repeated key is seen."""


class _Parser:
    def __init__(
        self,
        path: Path,
        vocabulary: Vocabulary | None,
        label_names: Sequence[str] | None,
    ) -> None:
        self._path = path
        self._vocabulary = vocabulary
        self._decode = json.JSONDecoder(object_pairs_hook=_Record).decode
        self._modalities: Mapping[str, object] | None = None
        self._modalities_line = 0
        self._known: dict[str, dict[str, int]] = {}
        self._keys: list[tuple[str, str]] = []
        self._labels: dict[str, int] = {}
        self._fixed_labels = label_names is not None
        self._nodes = array("i")
        self._sizes = array("q")
        self._codes = array("B")
        self._faults: list[Fault] = []
        self._is_stopped = False
        if vocabulary is not None:
            self._modalities = dict.fromkeys(vocabulary.modalities)
            self._known = {modality: {} for modality in vocabulary.modalities}
            for modality, value in vocabulary.keys:
                self._known[modality][value] = len(self._keys)
                self._keys.append((modality, value))
        if label_names is not None:
            self._labels = {name: code for code, name in enumerate(label_names)}

    @property
    def is_hopeless(self) -> bool:
        """Whether reading on would tell nothing more."""
        return self._is_stopped or len(self._faults) >= _MAX_FAULTS

    def finish(self) -> NumberedRows:
        """The rows, or all faults at once."""
        if not self._faults and not self._codes and self._vocabulary is None:
            raise DatasetError(
                f"{self._path} contains no campaign; expected one JSON record per line",
                hint="was the run that should have written it finished?",
            )
        if self._faults:
            if self.is_hopeless:
                self._faults.append(Fault(str(self._path), "was not read further"))
            num = len(self._faults)
            raise DatasetError(
                f"{self._path} is not a JSONL data set: {num} fault{'s' if num > 1 else ''}",
                faults=self._faults,
            )
        offsets = np.zeros(len(self._sizes) + 1, np.int64)
        np.cumsum(np.array(self._sizes, np.int64), out=offsets[1:])
        block = Block(np.array(self._nodes, np.int32), offsets, np.array(self._codes, np.uint8))
        names = tuple(self._labels)
        return NumberedRows.of(block, self._keys, names, modalities=self._modalities or ())

    def read_line(self, line: bytes, number: int) -> None:
        """Take in one line, or note what is wrong with it."""
        record = self._record(line, number)
        if record is None:
            return
        code = self._label_code(record, number)
        if not self._has_modalities(record, number):
            return
        nodes: list[int] = []
        for modality, values in record.items():
            known = self._known[modality]
            try:
                found = [known[value] for value in values]  # type: ignore[attr-defined]
            except (KeyError, TypeError):
                found = []
            if type(values) is not list or len(found) < len(values):
                found = self._learn(modality, values, number)
            if len(set(found)) < len(found):
                twice = next(v for v in values if values.count(v) > 1)  # type: ignore[attr-defined]
                self._fault(number, f"{modality!r} contains {quoted(twice)} twice", "list it once")
            nodes += found
        if code is None:
            return
        self._nodes.extend(nodes)
        self._sizes.append(len(nodes))
        self._codes.append(code)

    def _record(self, line: bytes, number: int) -> dict[str, object] | None:
        text = self._text(line, number)
        pairs = None if text is None else self._decoded(text, number)
        if pairs is None:
            return None
        record = dict(pairs)
        if len(record) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            self._fault(number, f"has the key {quoted(twice)} twice", "merge the two")
            return None
        return record

    def _text(self, line: bytes, number: int) -> str | None:
        whole = line.endswith(b"\n")
        if not whole and len(line) > _MAX_LINE_BYTES:
            fix = "write one record per line"
            self._fault(number, f"is longer than {_MAX_LINE_BYTES} bytes", fix)
            self._is_stopped = True  # what follows is the rest of this line
            return None
        try:
            text = line.decode()
        except UnicodeDecodeError as err:
            fix = "save the file as UTF-8"
            self._fault(number, f"is not UTF-8 (byte {err.start + 1}: {err.reason})", fix)
            return None
        if not text.strip():
            self._fault(number, "is blank", "remove the line")
            return None
        return text

    def _decoded(self, text: str, number: int) -> _Record | None:
        try:
            pairs = self._decode(text)
        except RecursionError:
            self._fault(number, "is nested too deeply", "a record is an object of lists")
            return None
        except ValueError as err:
            where = ""
            if isinstance(err, json.JSONDecodeError):
                where = f" (column {err.colno}: {err.msg})"
            if text.endswith("\n"):
                self._fault(number, f"is not JSON{where}", "write one JSON object per line")
            else:
                self._fault(number, f"breaks off{where}", "the file is cut; write it again")
            return None
        if not isinstance(pairs, _Record):
            found = f"is {_kind(pairs)}; expected a JSON object"
            self._fault(number, found, "write one record per line, without [ ] around them")
            return None
        return pairs

    def _label_code(self, record: dict[str, object], number: int) -> int | None:
        if RESERVED not in record:
            self._fault(number, "has no 'label'", 'add "label": "..."')
            return None
        label = record.pop(RESERVED)
        if type(label) is str and label in self._labels:
            return self._labels[label]
        if type(label) is not str:
            self._fault(number, f"'label' is {_kind(label)}; expected a text")
        elif problem := value_problem(label):
            self._fault(number, f"'label' {problem}")
        elif self._fixed_labels:
            names = ", ".join(self._labels)
            self._fault(number, f"label {quoted(label)} is not one of {names}")
        elif len(self._labels) == MAX_LABELS:
            self._fault(number, f"label {quoted(label)} is one more than {MAX_LABELS} labels")
        else:
            return self._labels.setdefault(label, len(self._labels))
        return None

    def _has_modalities(self, record: dict[str, object], number: int) -> bool:
        if self._modalities is not None and record.keys() == self._modalities.keys():
            return True
        if self._modalities is None:
            bad = [name for name in record if value_problem(name)]
            for name in bad:
                self._fault(number, f"the modality {quoted(name)} {value_problem(name)}")
            if not record:
                self._fault(number, "has no modality", "add at least one list of values")
            if bad or not record:
                return False
            self._modalities, self._modalities_line = record, number
            self._known = {modality: {} for modality in record}
            return True
        first = f"line {self._modalities_line}" if self._modalities_line else "the manifest"
        for name in sorted(self._modalities.keys() - record.keys()):
            self._fault(
                number,
                f"lacks the modality {quoted(name)} that {first} has",
                "write [] where a record has none",
            )
        for name in sorted(record.keys() - self._modalities.keys()):
            self._fault(
                number,
                f"has the modality {quoted(name)} that {first} has not",
                "give every record the same modalities",
            )
        return False

    def _learn(self, modality: str, values: object, number: int) -> list[int]:
        """The nodes of values of which at least one is new, or not a value at all."""
        if type(values) is not list:
            found = f"{quoted(modality)} is {_kind(values)}; expected a list of texts"
            self._fault(number, found, 'write [] or ["..."]')
            return []
        known = self._known[modality]
        nodes = []
        for value in values:
            if type(value) is not str:
                found = f"{quoted(modality)} contains {_kind(value)}; expected texts"
                self._fault(number, found, "put values in quotes")
            elif value in known:
                nodes.append(known[value])
            elif problem := value_problem(value):
                self._fault(number, f"{quoted(modality)} contains a value that {problem}")
            elif self._vocabulary is not None:
                found = f"{quoted(modality)} contains {quoted(value)}"
                self._fault(number, f"{found}, which is not in the data set's vocabulary")
            else:
                nodes.append(known.setdefault(value, len(self._keys)))
                self._keys.append((modality, value))
        return nodes

    def _fault(self, number: int, found: str, fix: str = "") -> None:
        self._faults.append(Fault(f"{self._path}:{number}", found, fix))


def _kind(value: object) -> str:
    names: dict[type, str] = {
        _Record: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return names[type(value)]
