"""Labels of any names and numbers: read, numbered as scikit-learn does, and put in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import ClassifierError, Fault

Codes = NDArray[np.int64]

LABELS = ("neg", "avg", "pos")  # the published outcomes, from worst to best

PUBLISHED_WORDS = ("Underperforming", "Average performance", "Overperforming")

_RANK_OF: Mapping[str, int] = {
    "neg": 0, "negative": 0, "underperforming": 0,
    "avg": 1, "average": 1, "averageperformance": 1,
    "pos": 2, "positive": 2, "overperforming": 2,
}  # fmt: skip
_KINDS = {"U": "texts", "b": "true or false", "i": "numbers", "u": "numbers", "f": "numbers"}
_SHOWN = 10
_COLUMN_HINT = 'give one column, df["outcome"], or a list such as ["neg", "avg", "pos"]'


def read_labels(values: Any, *, name: str = "labels") -> NDArray[Any]:
    """One label per row, as they are: texts, whole numbers, or true and false.

    Parameters
    ----------
    values : sequence, array or column
    name : str
        What errors call them.

    Returns
    -------
    str[rows], int[rows], float[rows] or bool[rows]
        Float where whole numbers came as floats.

    Raises
    ------
    ClassifierError
        If one is missing, blank or no whole number, or texts and numbers are mixed.

    Examples
    --------
    >>> read_labels(["good", "bad"]).tolist(), read_labels([2, 0]).tolist()
    (['good', 'bad'], [2, 0])
    >>> read_labels([1.0, None])
    Traceback (most recent call last):
        ...
    campaignkit.errors.ClassifierError: 1 of 2 labels is missing, the first is labels[1]
      hint: drop these rows
    """
    array = _one_column(values, name)
    if array.dtype.kind == "O":
        array = _of_one_kind(array, name)
    elif array.dtype.kind not in _KINDS:
        raise ClassifierError(f"{name} are of type {array.dtype}; expected texts or whole numbers")
    if array.dtype.kind == "U":
        _refuse_missing(np.char.strip(array) == "", name)
    if array.dtype.kind == "f":
        _refuse_missing(np.isnan(array), name)
        broken = array != np.floor(array)
        if broken.any():
            raise ClassifierError(
                f"{name}[{int(np.argmax(broken))}] is {array[broken][0]}; expected whole numbers",
                hint="labels are classes: cut a continuous measure into low and high",
            )
    return array


def label_positions(values: Any, classes: Sequence[Any] | NDArray[Any]) -> Codes:
    """int64[rows], the position of each label in `classes`; -1 for one that is not there.

    Raises
    ------
    ClassifierError
        If labels cannot be read, or are numbers where the classes are texts, or the reverse.

    Examples
    --------
    >>> label_positions(["good", "so so", "bad"], ["bad", "good"]).tolist()
    [1, -1, 0]
    """
    given, known = read_labels(values), np.asarray(classes)
    if len(given) and _kind(given) != _kind(known):
        raise ClassifierError(
            f"labels are {_kind(given)}, such as {given[0].item()!r}; "
            f"the classes are {_kind(known)}: {_listed(known)}",
            hint="write labels as in the rows that were trained on",
        )
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, given, sorter=order), len(known) - 1)
    found = order[place]
    return np.where(known[found] == given, found, -1).astype(np.int64)


def known_ranks(classes: NDArray[Any], order: Sequence[Any] | None) -> Codes | None:
    """int64[classes], the place of each class from worst to best; None where it is not known.

    Parameters
    ----------
    classes : array
        Sorted, as in `classes_`.
    order : sequence, optional
        Labels from worst to best; may name more than there are. None is enough for the published
        words: neg, avg, pos and the long ones, in any case.

    Raises
    ------
    ClassifierError
        If the order is no list of labels, or names one twice.

    Examples
    --------
    >>> known_ranks(np.array(["avg", "neg", "pos"]), None).tolist()
    [1, 0, 2]
    >>> known_ranks(np.array(["hit", "miss"]), None)
    """
    if isinstance(order, str) or not (order is None or hasattr(order, "__len__")):
        raise ClassifierError(
            f"order is {order!r:.60}; expected a list of labels, from worst to best",
            hint=f"order={_example(classes)}, with these from worst to best",
        )
    ordered = None if order is None else read_labels(order, name="order")
    if ordered is not None and len(np.unique(ordered)) < len(ordered):
        raise ClassifierError(f"order is {_listed(ordered)}; expected each label once")
    # Some wrappers fit the labels and their numbers too, one after the other, with one order.
    if ordered is None or _kind(ordered) != _kind(classes):
        ranks = [_RANK_OF.get(_bare(label), -1) for label in classes.tolist()]
    else:
        ranks = label_positions(classes, ordered).tolist()
    is_known = min(ranks) >= 0 and len({*ranks}) == len(classes)
    return np.argsort(np.argsort(ranks)).astype(np.int64) if is_known else None


def ranks_of(
    classes: NDArray[Any],
    order: Sequence[Any] | None,
    *,
    call: str = "PairwiseOrdinalClassifier(",
) -> Codes:
    """The :func:`known_ranks`, or the sorted order of two labels whose own is not known.

    Either order of two labels gives the same probabilities.

    Parameters
    ----------
    classes, order
        As for :func:`known_ranks`.
    call : str
        What lacks the order, up to where ``order=`` is written; for the error.

    Raises
    ------
    ClassifierError
        If the order is not known; codes such as 0, 1, 2 say nothing about it.

    Examples
    --------
    >>> ranks_of(np.array(["hit", "miss"]), None).tolist()
    [0, 1]
    >>> ranks_of(np.array([0, 1, 2]), order=[1, 0, 2]).tolist()
    [1, 0, 2]
    """
    ranks = known_ranks(classes, order)
    if ranks is not None:
        return ranks
    ordered = None if order is None else read_labels(order, name="order")
    if len(classes) == 2 and (ordered is None or _kind(ordered) != _kind(classes)):
        return np.arange(2)
    told = "is not known" if ordered is None else f"is not given by order={ordered.tolist()}"
    hint = f"pass {call}order={_example(classes)}), with these from worst to best"
    raise ClassifierError(
        f"the order of the labels {_listed(classes)} {told}",
        hint=hint + _of_codes(ordered, classes),
    )


def declared_order(values: Any) -> list[Any] | None:
    """The categories of an ordered categorical column, from worst to best; None of other labels.

    Examples
    --------
    >>> declared_order(["low", "high"])
    """
    kind: Any = getattr(values, "dtype", None)
    return list(kind.categories) if getattr(kind, "ordered", False) else None


def label_codes(values: Any) -> Codes:
    """int64[rows], 0 for neg, 1 for avg, 2 for pos: the three published outcomes.

    Parameters
    ----------
    values : sequence, array or column
        ``"neg" | "avg" | "pos"``, ``0 | 1 | 2`` (numbers or texts), or the published words
        ``"Underperforming" | "Average performance" | "Overperforming"``, in any case.

    Raises
    ------
    ClassifierError
        With every other value, how often it comes and where first.

    Examples
    --------
    >>> label_codes(["pos", "neg", "avg"]).tolist()
    [2, 0, 1]
    >>> label_codes(["Overperforming", "Underperforming"]).tolist()
    [2, 0]
    """
    listed = _one_column(values, "labels").tolist()
    codes = [_published(value) for value in listed]
    unknown: dict[str, list[int]] = {}
    for row, code in enumerate(codes):
        if code is None:
            unknown.setdefault(ascii(listed[row])[:60], []).append(row)
    if unknown:
        faults = [
            Fault(f"labels[{rows[0]}]", f"{shown} in {len(rows)} of {len(codes)} rows")
            for shown, rows in list(unknown.items())[:_SHOWN]
        ]
        more = f" (the first {_SHOWN})" if len(unknown) > _SHOWN else ""
        raise ClassifierError(
            f"{len(unknown)} label{'s' if len(unknown) > 1 else ''} not known{more}",
            hint=f"labels are {', '.join(LABELS)}, or 0, 1, 2, or {', '.join(PUBLISHED_WORDS)}",
            faults=faults,
        )
    return np.array(codes, np.int64)


def as_labels(values: Any) -> NDArray[np.str_]:
    """str[rows] of ``"neg"``, ``"avg"``, ``"pos"``; reads what :func:`label_codes` reads.

    Examples
    --------
    >>> as_labels([0, 2, "1", "Average performance"]).tolist()
    ['neg', 'pos', 'avg', 'avg']
    """
    return np.array(LABELS)[label_codes(values)]


def _one_column(values: Any, name: str) -> NDArray[Any]:
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
        raise ClassifierError(
            f"{name} are {type(values).__name__}; expected one label per row",
            hint=_COLUMN_HINT,
        )
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if isinstance(values, np.ndarray):
        array: NDArray[Any] = values
    else:
        # numpy would make texts of a list that holds numbers and texts.
        listed = [v.item() if isinstance(v, np.generic) else v for v in values]
        array = np.empty(len(listed), object)
        array[:] = listed
    if array.ndim != 1:
        raise ClassifierError(
            f"{name} have {array.ndim} dimensions {array.shape}; expected one label per row",
            hint=_COLUMN_HINT,
        )
    return array


def _of_one_kind(array: NDArray[Any], name: str) -> NDArray[Any]:
    """The array as texts, whole numbers, floats or booleans."""
    listed = array.tolist()
    # NaN differs from itself; pandas' NA and NaT are neither text nor number.
    missing = [v is None or type(v).__name__ in ("NAType", "NaTType") or v != v for v in listed]  # noqa: PLR0124
    _refuse_missing(np.array(missing, bool), name)
    first = {_kind_of(value): row for row, value in reversed([*enumerate(listed)])}
    if {*first} == {"int", "float"}:
        return array.astype(np.float64)
    if len(first) > 1 or not {*first} <= {"str", "int", "float", "bool"}:
        told = "; ".join(f"{name}[{row}] is {listed[row]!r:.60}" for row in sorted(first.values()))
        raise ClassifierError(f"{told}; expected texts alone, or whole numbers alone")
    made: NDArray[Any] = np.array(listed, None if listed else np.str_)
    if made.dtype.kind not in _KINDS:
        raise ClassifierError(f"{name} contain numbers beyond 64 bits; write them as texts")
    return made


def _kind(array: NDArray[Any]) -> str:
    return _KINDS[array.dtype.kind]


def _kind_of(value: Any) -> str:
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return kind.__name__
    return type(value).__name__


def _refuse_missing(missing: NDArray[np.bool_], name: str) -> None:
    if missing.any():
        num = int(missing.sum())
        raise ClassifierError(
            f"{num:,} of {len(missing):,} labels {'is' if num == 1 else 'are'} missing, "
            f"the first is {name}[{int(np.argmax(missing))}]",
            hint="drop these rows",
        )


def _of_codes(order: NDArray[Any] | None, classes: NDArray[Any]) -> str:
    """What to say to a wrapper that numbers labels in sorted order before it hands them on."""
    is_named = order is None or (order.dtype.kind == "U" and len(order) == len(classes))
    if not is_named or classes.tolist() != list(range(len(classes))):
        return ""
    known = [LABELS, ("low", "mid", "high")] if order is None else [order.tolist()]
    told = [
        f"for {', '.join(names)} pass order={[sorted(names).index(name) for name in names]} there"
        for names in known
    ]
    return (
        ". VotingClassifier and other wrappers of scikit-learn number labels in sorted order: "
        + ", ".join(told)
    )


def _example(classes: NDArray[Any]) -> str:
    return str(classes.tolist()) if len(classes) <= _SHOWN else "[...]"


def _listed(labels: NDArray[Any]) -> str:
    shown = ", ".join(str(label) for label in labels.tolist()[:_SHOWN])
    return shown + (", ..." if len(labels) > _SHOWN else "")


def _bare(label: Any) -> str:
    return re.sub(r"[\W_]", "", label).casefold() if isinstance(label, str) else ""


def _published(value: Any) -> int | None:
    if _kind_of(value) == "int":
        value = str(value)
    return int(value) if value in ("0", "1", "2") else _RANK_OF.get(_bare(value))
