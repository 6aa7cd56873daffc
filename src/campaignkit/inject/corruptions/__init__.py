"""Every kind of fault that can be injected, one a file; a new kind is its import and one line."""

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
    corruption.kind: corruption
    for corruption in (
        _LAW_KINDS["spend_with_zero_impressions"],
        *_LAW_KINDS.values(),
        Outliers(),
        ScaleErrors(),
        CategoricalErrors(),
        ShiftedColumns(),
        MissingValues(),
        TypeChanges(),
        DuplicateRows(),
        DroppedColumns(),
    )
}

__all__ = ["ALL_CORRUPTIONS", "LOGICAL", "STRUCTURAL", "BrokenLaw", "Corruption", "how_many"]
