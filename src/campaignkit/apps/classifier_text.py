"""A table of classifiers as a few lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.evaluation import ClassifierTable


def classifier_text(table: ClassifierTable) -> str:
    """A line a classifier: macro F1 with its interval, and log-loss; the yardsticks below.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> from campaignkit.evaluation import compare_classifiers
    >>> rows = ([{"geo": "Peru"}] * 3, ["neg", "avg", "pos"])
    >>> print(classifier_text(compare_classifiers({"majority": MajorityClassifier()}, rows, rows)))
    classifiers, 3 training and 3 test campaigns:
      majority                      macro F1 0.167 [0.000, 1.000]  log-loss 1.099
      (single attributes alone)     macro F1 0.167
    """
    lines = [f"classifiers, {table.num_train:,} training and {table.num_test:,} test campaigns:"]
    for result in table:
        low, high = result.scores.intervals["macro_f1"]
        line = (
            f"  {result.name:<28}  macro F1 {result.scores.macro_f1:.3f} [{low:.3f}, {high:.3f}]"
        )
        if result.scores.log_loss is not None:
            line += f"  log-loss {result.scores.log_loss:.3f}"
        lines.append(line)
    beside = table.yardsticks
    if beside.one_hot is not None:
        lines.append(
            f"  {'(single attributes alone)':<28}  macro F1 {beside.one_hot.macro_f1:.3f}"
        )
    if beside.oracle is not None:
        lines.append(_told("(the graph itself)", beside.oracle.macro_f1))
    return "\n".join(lines)


def _told(name: str, macro_f1: float) -> str:
    return f"  {name:<28}  macro F1 {macro_f1:.3f}"
