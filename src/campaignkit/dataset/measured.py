"""Campaigns with results: a frame's attribute columns with a measured outcome."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import read_wide
from campaignkit.catalogue.clean_text import is_missing
from campaignkit.checks import check_all
from campaignkit.dataset.numbering import NumberedRows
from campaignkit.dataset.records import read_records
from campaignkit.errors import DatasetError, Fault

Floats = NDArray[np.float64]

_PUBLISHED = ("neg", "avg", "pos")
_STEPS = 20  # of the variances in turn; they settle within a few


class RowsLeftOut(UserWarning):
    """Rows of a table of campaigns that cannot be used; the warning counts them and says why."""


@dataclass(frozen=True, eq=False)
class MeasuredRows:
    """Campaigns and what each achieved.

    Attributes
    ----------
    rows : NumberedRows
        The attributes of n campaigns.
    outcome : float64[n]
    exposure : float64[n] or None
        What each outcome is a mean over, such as impressions; above 0.
    num_left_out : int
        Rows of the frame without an outcome, an exposure or an attribute.

    Examples
    --------
    >>> import pyarrow as pa
    >>> frame = pa.table({"brand": ["Nike", "Puma"], "ctr": [0.01, 0.02]})
    >>> measured_rows(frame, outcome="ctr").outcome.tolist()
    [0.01, 0.02]
    """

    rows: NumberedRows
    outcome: Floats
    exposure: Floats | None
    num_left_out: int


def measured_rows(
    frame: Any,
    *,
    outcome: str,
    exposure: str | None = None,
    separator: str | None = ",",
    leave_out: Collection[str] = (),
    keep: Collection[str] = (),
) -> MeasuredRows:
    """Read the attributes, outcomes and exposures of a frame with a row per campaign.

    Rows without an outcome, with an exposure of 0 or without an attribute are left out and
    counted in a :class:`RowsLeftOut` warning.

    Raises
    ------
    CatalogueError
        If the frame or its attribute columns cannot be read.
    DatasetError
        If outcome or exposure are no numbers, an exposure is negative, or no row is left.
    """
    measures = (outcome,) if exposure is None else (outcome, exposure)
    table = read_wide(frame, separator=separator, leave_out=[*measures, *leave_out], keep=keep)
    table.warn()
    hint = "name a column of numbers"
    if not isinstance(frame, str | PathLike):  # files were read so
        hint += ", or give campaignkit.tables.open_table(frame): it reads numbers written as text"
    told = {name: _numbers(table.cells(name), name, hint) for name in measures}
    results, size = told[outcome], told.get(exposure or "")
    if size is not None and (size < 0).any():
        row = int(np.argmax(size < 0))
        raise DatasetError(
            f"{exposure} is {size[row]:g} in row {row}; expected 0 or more",
            hint="an exposure counts what the outcome is a mean over, such as impressions",
        )
    records = table.records()
    usable = np.isfinite(results) & np.array([any(row.values()) for row in records], bool)
    if size is not None:
        usable &= np.isfinite(size) & (size > 0)
    kept = np.flatnonzero(usable)
    if not len(kept):
        raise DatasetError(
            f"none of {len(records):,} rows has a number in {' and '.join(measures)} and an "
            "attribute",
            hint="outcome= and exposure= name columns of numbers",
        )
    left_out = len(records) - len(kept)
    if left_out:
        warnings.warn(
            f"{left_out:,} of {len(records):,} rows have no {' or no '.join(measures)}, or no "
            "attribute, and are left out",
            RowsLeftOut,
            stacklevel=3,
        )
    rows = read_records([records[row] for row in kept.tolist()])
    return MeasuredRows(rows, results[kept], None if size is None else size[kept], left_out)


def labelled_rows(
    frame: Any,
    *,
    label: str,
    separator: str | None = ",",
    leave_out: Collection[str] = (),
    keep: Collection[str] = (),
) -> tuple[NumberedRows, NDArray[np.int64], list[str]]:
    """The attributes, label codes and label names of a frame with a row per campaign.

    The published labels are named neg, avg, pos in this order, others as they sort.

    Raises
    ------
    CatalogueError
        If the frame or its attribute columns cannot be read.
    DatasetError
        If a label is missing.

    Examples
    --------
    >>> import pyarrow as pa
    >>> labelled_rows(pa.table({"geo": ["Peru"], "label": ["good"]}), label="label")[2]
    ['good']
    """
    table = read_wide(frame, separator=separator, leave_out=[label, *leave_out], keep=keep)
    table.warn()
    cells = table.cells(label)
    missing = [row for row, cell in enumerate(cells) if is_missing(cell) or str(cell) == ""]
    if missing:
        raise DatasetError(
            f"{len(missing):,} of {len(cells):,} rows have no {label}; the first is row "
            f"{missing[0]}",
            hint=f"drop these rows, or name another column than label={label!r}",
        )
    texts = [str(cell) for cell in cells]
    names = sorted({*texts})
    if {*names} <= {*_PUBLISHED}:
        names = [name for name in _PUBLISHED if name in names]
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.array([code_of[text] for text in texts], np.int64)
    return read_records(table.records()), codes, names


def read_campaigns(
    frame: Any,
    *,
    separator: str | None = ",",
    leave_out: Collection[str] = (),
    keep: Collection[str] = (),
) -> list[dict[str, tuple[str, ...]]]:
    """Campaigns without labels, such as planned ones, as classifiers take them.

    Columns are chosen and cells divided as :meth:`CampaignDataset.from_frame` does: give both the
    same options. A column ``label`` is no modality.

    Parameters
    ----------
    frame : data frame, path, or whatever else :func:`campaignkit.tables.open_table` opens
        A row per campaign, a column per modality; paths need the extra ``tables``.
    separator : str or None
        What divides the values of a text cell; None takes cells whole.
    leave_out, keep : collection of str
        Columns that are no attributes, and columns that are whatever they look like.

    Returns
    -------
    list of dict
        ``{modality: values}`` for each row, in the order of the frame.

    Raises
    ------
    CatalogueError
        If the frame or its attribute columns cannot be read.

    Examples
    --------
    >>> import pyarrow as pa
    >>> read_campaigns(pa.table({"brand": ["Nike", "Puma"], "geo": ["Peru, Chile", None]}))
    [{'brand': ('Nike',), 'geo': ('Peru', 'Chile')}, {'brand': ('Puma',), 'geo': ()}]
    """
    table = read_wide(frame, separator=separator, leave_out=leave_out, keep=keep)
    table.warn()
    return table.records()


def reliability(outcome: Floats, exposure: Floats) -> Floats:
    """float64[n]: how much of each outcome's distance from the mean is no chance, in [0, 1].

    An outcome over an exposure e scatters around the campaign's own mean with variance s / e;
    those means scatter around the mean of all with variance t. Both are found from the data by
    weighted least squares of squared distances, and a row's reliability is t / (t + s / e).

    References
    ----------
    Efron and Morris 1975, Data analysis using Stein's estimator and its generalizations.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shown = rng.choice([20, 20_000], 4_000)
    >>> rate = rng.binomial(shown, rng.beta(20, 1_000, 4_000)) / shown
    >>> found = reliability(rate, shown)
    >>> bool(found[shown == 20].max() < 0.1), bool(found[shown == 20_000].min() > 0.8)
    (True, True)
    """
    from scipy.optimize import nnls

    inverse = exposure.mean() / exposure
    scale = outcome.var() or 1.0
    between, within = 0.5, 0.5
    for _ in range(_STEPS):
        weight = 1 / np.maximum(between + within * inverse, 1e-12)
        mean = (weight @ outcome) / weight.sum()
        squares = (outcome - mean) ** 2 / scale
        # The variance of a squared distance goes as its mean squared.
        design = np.stack([weight, weight * inverse], axis=1)
        (between, within), _ = nnls(design, weight * squares)
    total = between + within * inverse
    return np.asarray(np.where(total > 0, between / np.where(total > 0, total, 1.0), 1.0))


def outcome_labels(
    outcome: Floats,
    *,
    exposure: Floats | None,
    quantiles: Sequence[float],
    labels: Sequence[str],
    higher_is_better: bool,
) -> NDArray[np.int64]:
    """int64[n], the label of each outcome: its place among the quantiles, the worst first.

    With an exposure each outcome is first drawn towards the mean by its :func:`reliability`, so
    that a row of few impressions is no extreme.

    Raises
    ------
    DatasetError
        If quantiles are not ascending shares, labels are not one more, or a label gets no row.

    Examples
    --------
    >>> outcome_labels(np.arange(6.0), exposure=None, quantiles=[0.5], labels=["low", "high"],
    ...                higher_is_better=True).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    ends = [0.0, *quantiles, 1.0]
    ascend = all(isinstance(q, int | float) for q in quantiles) and all(
        a < b for a, b in pairwise(ends)
    )
    fits = len(labels) == len(quantiles) + 1 and len({*labels}) == len(labels)
    settings = {
        "quantiles": (tuple(quantiles), bool(quantiles) and ascend, "ascending, from 0 to 1"),
        "labels": (tuple(labels), fits, "one more than quantiles, the worst first"),
    }
    check_all("outcomes cannot be cut into labels so", settings, error=DatasetError)
    values = outcome if higher_is_better else -outcome
    if exposure is not None:
        values = values.mean() + reliability(values, exposure) * (values - values.mean())
    # Equal outcomes at a cut go down: many campaigns have no click at all.
    codes = np.searchsorted(np.quantile(values, quantiles), values, side="left")
    counts = np.bincount(codes, minlength=len(labels))
    if not counts.all():
        told = [f"{name} {num:,}" for name, num in zip(labels, counts.tolist(), strict=True)]
        raise DatasetError(
            f"outcomes are too alike to be cut at {', '.join(f'{q:g}' for q in quantiles)}: "
            f"{', '.join(told)} rows",
            hint="fewer labels, other quantiles, or an outcome that differs more",
        )
    return codes.astype(np.int64)


def _numbers(cells: Sequence[Any], name: str, hint: str) -> Floats:
    """float64[n] of a column's cells; NaN where one is empty."""
    out = np.full(len(cells), np.nan)
    wrong = []
    for row, cell in enumerate(cells):
        try:
            out[row] = np.nan if is_missing(cell) else float(cell)
        except (TypeError, ValueError):
            wrong.append(Fault(f"row {row}", f"contains {cell!r:.60}"))
    if wrong:
        raise DatasetError(
            f"{len(wrong):,} cells of {name} are not numbers",
            hint=hint,
            faults=wrong[:10],
        )
    return out
