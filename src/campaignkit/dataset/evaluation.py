"""What a data set is, in numbers: the form of an evaluation and its way to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Similarity:
    """How alike pairs of rows are: Jaccard index, shared nodes over all nodes of the two.

    Attributes
    ----------
    num_pairs : int
        Pairs of different rows that were compared, drawn from a seeded sample of rows.
    mean, p95, max : float
        Over those pairs; 0 shares nothing, 1 is the same node set.

    Examples
    --------
    >>> Similarity(num_pairs=1, mean=0.5, p95=0.5, max=0.5).mean
    0.5
    """

    num_pairs: int
    mean: float
    p95: float
    max: float


@dataclass(frozen=True)
class LeakageBaseline:
    """How well single attributes alone tell the label: what a model must beat to show more.

    A regularised multinomial logistic regression on one-hot attributes, cross-validated; identical
    rows share a fold.

    Attributes
    ----------
    num_rows, num_folds : int
        Rows scored (a seeded sample where the data set is longer) and folds; one fold where the
        training rows are a data set of their own.
    macro_f1 : float
        Of the predictions on held-out rows, in [0, 1].
    accuracy : float
        Share of held-out rows predicted correctly.
    majority_macro_f1 : float
        Of always answering with the most frequent label.
    strongest : list of [modality, value, label, weight]
        Attributes with the largest weights for a label, largest first.

    Examples
    --------
    >>> LeakageBaseline(100, 5, 0.9, 0.9, 0.3, []).macro_f1
    0.9
    """

    num_rows: int
    num_folds: int
    macro_f1: float
    accuracy: float
    majority_macro_f1: float
    strongest: list[list[str | float]]


@dataclass(frozen=True)
class LabelEvaluation:
    """One label's rows, in numbers.

    Fractions are shares of all node pairs of a row, same-modality pairs included.

    Attributes
    ----------
    rows, requested : int
        Rows there are, and rows the spec asks for (None: not in the spec).
    row_frac : float
        Share of the data set's rows.
    mean_pos_frac, mean_neg_frac, mean_absent_frac : float
        Means over rows; they sum to 1.
    mean_deviation : float
        Mean distance of pos_frac and neg_frac to their ranges, added; 0 inside (None: no spec).
    in_range, in_range_frac : int, float
        Rows with both fractions inside their ranges.
    type_counts_legal : int
        Rows whose counts per modality lie inside the spec's type ranges.
    near_bound_frac : float
        Share of rows within one edge of a bound that binds.
    sizes : dict of str to int
        Rows by number of nodes.
    duplicates : int
        Rows whose node set came before under the same label.
    duplicates_across : int
        Rows whose node set also stands under another label.
    distinct_frac : float
        Different node sets over rows.
    effective_distinct : float
        1 / sum of squared shares of the node sets: the number of equally frequent ones.
    similarity : Similarity or None
        Of pairs of rows (None: fewer than two rows).

    Examples
    --------
    >>> evaluation = LabelEvaluation.from_dict({"rows": 2, "requested": None, "similarity": None})
    >>> evaluation.rows, evaluation.in_range
    (2, None)
    """

    rows: int
    requested: int | None = None
    row_frac: float = 0.0
    mean_pos_frac: float = 0.0
    mean_neg_frac: float = 0.0
    mean_absent_frac: float = 0.0
    mean_deviation: float | None = None
    in_range: int | None = None
    in_range_frac: float | None = None
    type_counts_legal: int | None = None
    near_bound_frac: float | None = None
    sizes: dict[str, int] | None = None
    duplicates: int = 0
    duplicates_across: int = 0
    distinct_frac: float = 0.0
    effective_distinct: float = 0.0
    similarity: Similarity | None = None

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> LabelEvaluation:
        """The evaluation that this JSON object tells of."""
        similarity = told.get("similarity")
        inner = Similarity(**similarity) if similarity else None
        return cls(**{**told, "similarity": inner})


@dataclass(frozen=True)
class DatasetEvaluation:
    """A data set in numbers: its content compared with its spec.

    Attributes
    ----------
    rows : int
        All rows.
    in_range_frac : float
        Share of rows inside their label's ranges (None: a label is not in the spec).
    labels : dict of str to LabelEvaluation
        By label name, in the data set's order.
    class_balance : float
        Entropy of the labels over that of equally many rows each: 1 balanced, 0 one label.
    coverage_frac : dict of str to float
        Share of each modality's attributes that occur in some row.
    unused : dict of str to list of str
        Attributes in no row, by modality; at most 50 each.
    duplicates : int
        Rows whose node set came before, under any label.
    distinct_frac, effective_distinct : float
        As for a label, over all rows.
    similarity : Similarity or None
        Of pairs of rows of any label.
    leakage : LeakageBaseline or None
        None where there are too few rows or labels to cross-validate.
    notes : list of str
        What a reader must know to read the numbers.

    Examples
    --------
    >>> evaluation = DatasetEvaluation(rows=0, labels={})
    >>> DatasetEvaluation.from_dict(evaluation.to_dict()) == evaluation
    True
    """

    rows: int
    labels: dict[str, LabelEvaluation]
    in_range_frac: float | None = None
    class_balance: float = 0.0
    coverage_frac: dict[str, float] | None = None
    unused: dict[str, list[str]] | None = None
    duplicates: int = 0
    distinct_frac: float = 0.0
    effective_distinct: float = 0.0
    similarity: Similarity | None = None
    leakage: LeakageBaseline | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        inside = "" if self.in_range_frac is None else f"; {self.in_range_frac:.2%} in range"
        counts = ", ".join(f"{of.rows} {name}" for name, of in self.labels.items())
        return f"DatasetEvaluation({self.rows} campaigns: {counts}{inside})"

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as JSON values, floats as they are."""
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> DatasetEvaluation:
        """The evaluation that ``evaluation.json`` tells of.

        Raises
        ------
        TypeError, KeyError
            If keys are missing or unknown: the file was not written by :meth:`to_dict`.
        """
        similarity = told.get("similarity")
        leakage = told.get("leakage")
        labels = told["labels"].items()
        inner = {
            "labels": {name: LabelEvaluation.from_dict(label) for name, label in labels},
            "similarity": Similarity(**similarity) if similarity else None,
            "leakage": LeakageBaseline(**leakage) if leakage else None,
            "notes": tuple(told.get("notes", ())),
        }
        return cls(**{**told, **inner})
