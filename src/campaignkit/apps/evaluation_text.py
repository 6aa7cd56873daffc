"""An evaluation as lines for a terminal."""

from __future__ import annotations

from campaignkit.dataset import DatasetEvaluation


def evaluation_text(found: DatasetEvaluation) -> str:
    """A table of the labels, then the data set as a whole.

    Examples
    --------
    >>> print(evaluation_text(DatasetEvaluation(rows=0, labels={})).splitlines()[-1])
    0 campaigns: 0 duplicates
    """
    heads = ("label", "rows", "in range", "mean +", "mean -", "deviation", "distinct")
    lines = [f"{heads[0]:<12}" + "".join(f"{head:>11}" for head in heads[1:])]
    for name, label in found.labels.items():
        numbers = (
            f"{label.rows:,}",
            "" if label.in_range is None else f"{label.in_range:,}",
            f"{label.mean_pos_frac:.3f}",
            f"{label.mean_neg_frac:.3f}",
            "" if label.mean_deviation is None else f"{label.mean_deviation:.3f}",
            f"{label.distinct_frac:.1%}",
        )
        lines.append(f"{name:<12}" + "".join(f"{number:>11}" for number in numbers))
    if found.leakage is not None:
        lines.append(
            "single attributes alone predict the label with macro F1 "
            f"{found.leakage.macro_f1:.3f} "
            f"(always the largest label: {found.leakage.majority_macro_f1:.3f})"
        )
    lines += [f"note: {note}" for note in found.notes]
    inside = "" if found.in_range_frac is None else f", {found.in_range_frac:.2%} in range"
    lines.append(f"{found.rows:,} campaigns: {found.duplicates:,} duplicates{inside}")
    return "\n".join(lines)
