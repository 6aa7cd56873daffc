"""Every kind of fault that can be injected, one a file; a new kind is a name and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from campaignkit.inject.corruptions.broken_law import BrokenLaw
from campaignkit.inject.corruptions.categorical_errors import CategoricalErrors
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.corruptions.dropped_columns import DroppedColumns
from campaignkit.inject.corruptions.duplicate_rows import DuplicateRows
from campaignkit.inject.corruptions.missing_values import MissingValues
from campaignkit.inject.corruptions.outliers import Outliers
from campaignkit.inject.corruptions.scale_errors import ScaleErrors
from campaignkit.inject.corruptions.shifted_columns import ShiftedColumns
from campaignkit.inject.corruptions.type_changes import TypeChanges
from campaignkit.tables.laws import MARKETING_LAWS

STRUCTURAL = ("missing_values", "duplicate_rows", "dropped_columns", "categorical_errors")
LOGICAL = tuple(dict.fromkeys(law.kind for law in MARKETING_LAWS))

_LAW_KINDS: dict[str, Corruption] = {
    kind: BrokenLaw(tuple(law for law in MARKETING_LAWS if law.kind == kind)) for kind in LOGICAL
}

# Order is the order of application within a stage: parents of the funnel come first.
ALL_CORRUPTIONS: Mapping[str, Corruption] = {
    "spend_with_zero_impressions": _LAW_KINDS["spend_with_zero_impressions"],
    **_LAW_KINDS,
    "outliers": Outliers(),
    "scale_errors": ScaleErrors(),
    "categorical_errors": CategoricalErrors(),
    "shifted_columns": ShiftedColumns(),
    "missing_values": MissingValues(),
    "type_changes": TypeChanges(),
    "duplicate_rows": DuplicateRows(),
    "dropped_columns": DroppedColumns(),
}

__all__ = [
    "ALL_CORRUPTIONS",
    "LOGICAL",
    "STRUCTURAL",
    "BrokenLaw",
    "CategoricalErrors",
    "Corruption",
    "DroppedColumns",
    "DuplicateRows",
    "MissingValues",
    "Outliers",
    "ScaleErrors",
    "ShiftedColumns",
    "TypeChanges",
    "how_many",
]
