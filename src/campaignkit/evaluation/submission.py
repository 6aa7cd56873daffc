"""Submissions and labels by row id: complete and unambiguous, or refused with the reasons."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.rows import LabelNames
from campaignkit.metrics import Counts, Floats
from campaignkit.store import TextFileKind, csv_records, read_cell, read_text

_SHOWN = 5
_HINT = 'give each row once, as {"id": "pos"} or {"id": [probabilities]}, a label each in order'
_KIND = TextFileKind(EvaluationError, "labels", "start it with id,label")


def read_submission(
    pairs: Iterable[tuple[Any, Any]], *, ids: Sequence[str], names: LabelNames
) -> tuple[Counts, Floats | None]:
    """The predicted codes and perhaps probabilities of a submission, in the order of the ids.

    Parameters
    ----------
    pairs : iterable of (id, prediction)
        A prediction is a label, or a probability for each label, in the order of the names'
        columns; one kind for all rows.
    ids : sequence of str
    names : LabelNames

    Raises
    ------
    EvaluationError
        With ids that are missing, doubled or unknown, and predictions that are none.

    Examples
    --------
    >>> names = LabelNames.of(["neg", "avg", "pos"])
    >>> told = [("b", "pos"), ("a", "neg")]
    >>> read_submission(told, ids=["a", "b"], names=names)[0].tolist()
    [0, 2]
    """
    try:
        given = [(str(key), value) for key, value in pairs]
    except (TypeError, ValueError) as err:
        raise EvaluationError(
            f"the submission is {type(pairs).__name__}; expected predictions by id", hint=_HINT
        ) from err
    faults = _id_faults([key for key, _ in given], ids)
    told = dict(given)
    rows = [key for key in ids if key in told]
    values = [told[key] for key in rows]
    is_share = [isinstance(v, Sequence | np.ndarray) and not isinstance(v, str) for v in values]
    shares = codes = None
    if any(is_share) and not all(is_share):
        odd = rows[is_share.index(not is_share[0])]
        faults.append(Fault(f"id {odd!r}", "labels and probabilities are mixed", _HINT))
    elif values and is_share[0]:
        odd_rows = [i for i, value in enumerate(values) if len(value) != len(names)]
        if odd_rows:
            first = odd_rows[0]
            found = f"has {len(values[first])} probabilities; expected {len(names)}"
            more = f" (and {len(odd_rows) - 1:,} more rows)" if len(odd_rows) > 1 else ""
            faults.append(Fault(f"id {rows[first]!r}", found + more))
        else:
            shares = names.shares(values, faults, ids=rows)
    elif values:
        codes = names.codes(values, "predictions", faults, ids=rows)
    if faults:
        raise EvaluationError("a submission that cannot be scored", hint=_HINT, faults=faults)
    if shares is not None:
        codes = shares.argmax(axis=1).astype(np.int64)
    assert codes is not None
    return codes, shares


def parse_submission(text: bytes | str) -> tuple[list[tuple[str, Any]], str]:
    """The predictions and the name in a JSON text; an id that comes twice stays twice.

    Raises
    ------
    EvaluationError
        If the text is no such JSON.

    Examples
    --------
    >>> parse_submission('{"name": "first", "predictions": {"a": "pos", "a": "neg"}}')
    ([('a', 'pos'), ('a', 'neg')], 'first')
    """
    try:
        told = json.loads(text, object_pairs_hook=list, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise EvaluationError(f"the submission is no JSON: {str(err)[:200]}", hint=_HINT) from err
    parts = told if _is_object(told) else []
    named = dict(parts)
    if len(named) != len(parts) or not {"predictions"} <= set(named) <= {"predictions", "name"}:
        raise EvaluationError(
            'the submission is not {"name": ..., "predictions": {...}}', hint=_HINT
        )
    name, predictions = named.get("name", ""), named["predictions"]
    if not isinstance(name, str) or len(name) > 200:
        raise EvaluationError("the name of the submission is no text of up to 200 letters")
    if not _is_object(predictions):
        raise EvaluationError("predictions is no object with an entry for each id", hint=_HINT)
    return predictions, name


def _is_object(value: Any) -> bool:
    # object_pairs_hook gives an object as a list of pairs; a JSON list never holds tuples.
    return isinstance(value, list) and all(isinstance(pair, tuple) for pair in value)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def _id_faults(given: list[str], ids: Sequence[str]) -> list[Fault]:
    counts, wanted = Counter(given), set(ids)
    missing = [key for key in ids if key not in counts]
    extra = [key for key in counts if key not in wanted]
    doubled = [key for key, num in counts.items() if num > 1]
    faults = []
    for what, keys, fix in (
        ("missing", missing, "predict every row"),
        ("not asked for", extra, "leave them out"),
        ("given more than once", doubled, "give each id once"),
    ):
        if keys:
            shown = ", ".join(repr(key[:40]) for key in keys[:_SHOWN])
            more = ", ..." if len(keys) > _SHOWN else ""
            faults.append(Fault("ids", f"{len(keys):,} {what}: {shown}{more}", fix))
    return faults


def read_label_file(path: Path) -> dict[str, str]:
    """The label of each row id, in the order of the file; other columns are not read.

    Raises
    ------
    EvaluationError
        If the file cannot be read, lacks a column, or has faulty lines: all of them.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.csv")
    ...     _ = path.write_text("id,label\\na,pos\\nb,neg\\n")
    ...     read_label_file(path)
    {'a': 'pos', 'b': 'neg'}
    """
    rows = csv_records(path.name, read_text(path, _KIND), error=EvaluationError)
    head = [name.strip() for name in next(rows)[1]]
    if not {"id", "label"} <= set(head):
        raise EvaluationError(
            f"{path} has the columns {', '.join(head)[:100]}; expected id and label",
            hint="start it with id,label",
        )
    labels: dict[str, str] = {}
    first: dict[str, int] = {}
    faults = []
    for number, cells in rows:
        where = f"{path.name}:{number}"
        named = dict(zip(head, map(read_cell, cells), strict=False))
        if len(cells) != len(head):
            faults.append(Fault(where, f"{len(cells)} cells; expected {len(head)}"))
        elif named["id"] in labels:
            found = f"id {named['id'][:40]!r} is already on line {first[named['id']]}"
            faults.append(Fault(where, found, "give each id once"))
        else:
            labels[named["id"]], first[named["id"]] = named["label"].strip(), number
    if faults:
        raise EvaluationError(f"{path} cannot be read as labels", faults=faults)
    return labels
