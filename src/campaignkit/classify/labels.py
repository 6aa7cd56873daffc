"""The three outcomes, in their one order, however they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import ClassifierError, Fault

LABELS = ("neg", "avg", "pos")  # the order of codes 0, 1, 2 and of every predict_proba

PUBLISHED_WORDS = ("Underperforming", "Average performance", "Overperforming")

_CODE_OF: Mapping[str, int] = {
    **{word: code for code, word in enumerate(LABELS)},
    **{word: code for code, word in enumerate(PUBLISHED_WORDS)},
    **{str(code): code for code in range(3)},
}
_SHOWN = 10


def label_codes(values: Any) -> NDArray[np.int64]:
    """int64[rows], 0 for neg, 1 for avg, 2 for pos.

    Parameters
    ----------
    values : sequence, array or column
        ``"neg" | "avg" | "pos"``, ``0 | 1 | 2`` (numbers or texts), or the published words
        ``"Underperforming" | "Average performance" | "Overperforming"``.

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
    array = _one_column(values)
    if array.dtype.kind in "iu":
        fits = (array >= 0) & (array <= 2)
        if fits.all():
            return array.astype(np.int64)
    listed = array.tolist()
    known = {value: _code(value) for value in _distinct(listed)}
    if None in known.values():
        _refuse(listed, [value for value, code in known.items() if code is None])
    return np.array([known[_key(value)] for value in listed], np.int64)


def as_labels(values: Any) -> NDArray[np.str_]:
    """str[rows] of ``"neg"``, ``"avg"``, ``"pos"``; reads what :func:`label_codes` reads.

    Examples
    --------
    >>> as_labels([0, 2, "1", "Average performance"]).tolist()
    ['neg', 'pos', 'avg', 'avg']
    """
    return np.array(LABELS)[label_codes(values)]


def _one_column(values: Any) -> NDArray[Any]:
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
        raise ClassifierError(
            f"labels are {type(values).__name__}; expected one label a row",
            hint='a list such as ["neg", "avg", "pos"]',
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
            f"labels have {array.ndim} dimensions {array.shape}; expected one label a row"
        )
    return array


def _key(value: Any) -> Any:
    # True == 1 and nan != nan: keys that tell them apart, and take what cannot be hashed.
    return value if isinstance(value, str) else (type(value).__name__, repr(value))


def _distinct(listed: list[Any]) -> dict[Any, Any]:
    return {_key(value): value for value in listed}


def _code(key: Any) -> int | None:
    if isinstance(key, str):
        return _CODE_OF.get(key)
    kind, shown = key
    return _CODE_OF.get(shown) if kind == "int" else None


def _refuse(listed: list[Any], unknown: list[Any]) -> None:
    keys = [_key(value) for value in listed]
    faults = []
    for key in unknown[:_SHOWN]:
        shown = ascii(key) if isinstance(key, str) else key[1]
        found = f"{shown[:60]} in {keys.count(key)} of {len(keys)} rows"
        faults.append(Fault(f"labels[{keys.index(key)}]", found))
    more = f" (the first {_SHOWN})" if len(unknown) > _SHOWN else ""
    raise ClassifierError(
        f"{len(unknown)} label{'s' if len(unknown) > 1 else ''} not known{more}",
        hint=f"labels are {', '.join(LABELS)}, or 0, 1, 2, or {', '.join(PUBLISHED_WORDS)}",
        faults=faults,
    )
