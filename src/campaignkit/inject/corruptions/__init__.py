"""Every kind of fault that can be injected, one a file; a new kind is its import and one line."""

from __future__ import annotations

from collections.abc import Mapping

from campaignkit.inject.corruptions.broken_law import BrokenLaw
from campaignkit.inject.corruptions.categorical_errors import CategoricalErrors
from campaignkit.inject.corruptions.corruption import CellFault, Corruption, how_many
from campaignkit.inject.corruptions.damaged_identifiers import DamagedIdentifiers
from campaignkit.inject.corruptions.dropped_columns import DroppedColumns
from campaignkit.inject.corruptions.duplicate_rows import DuplicateRows
from campaignkit.inject.corruptions.missing_values import MissingValues
from campaignkit.inject.corruptions.mixed_currencies import MixedCurrencies
from campaignkit.inject.corruptions.mixed_decimals import MixedDecimals
from campaignkit.inject.corruptions.outliers import Outliers
from campaignkit.inject.corruptions.scale_errors import ScaleErrors
from campaignkit.inject.corruptions.shifted_columns import ShiftedColumns
from campaignkit.inject.corruptions.summary_rows import SummaryRows
from campaignkit.inject.corruptions.type_changes import TypeChanges
from campaignkit.inject.where import FromDay
from campaignkit.tables.laws import MARKETING_LAWS

STRUCTURAL = ("missing_values", "duplicate_rows", "dropped_columns", "categorical_errors")
LOGICAL = tuple(dict.fromkeys(law.kind for law in MARKETING_LAWS))

_LAWS = {kind: tuple(law for law in MARKETING_LAWS if law.kind == kind) for kind in LOGICAL}

# Order is the order of application within a stage: parents of the funnel come first.
ALL_CORRUPTIONS: Mapping[str, Corruption] = {
    corruption.kind: corruption
    for corruption in (
        BrokenLaw(_LAWS["spend_with_zero_impressions"]),
        *map(BrokenLaw, _LAWS.values()),
        Outliers(),
        ScaleErrors(),
        ScaleErrors(where=FromDay(), kind="unit_change"),
        MixedDecimals(),
        DamagedIdentifiers(),
        MixedCurrencies(),
        CategoricalErrors(),
        ShiftedColumns(),
        MissingValues(),
        TypeChanges(),
        DuplicateRows(),
        SummaryRows(),
        DroppedColumns(),
    )
}

# Names of kinds with other settings, and of kinds that the audit names otherwise.
OTHER_NAMES: Mapping[str, Corruption] = {
    "near_boundary": BrokenLaw(_LAWS["clicks_exceed_impressions"], margin="near"),
    "currency_mix": ALL_CORRUPTIONS["mixed_currencies"],
    "decimal_mix": ALL_CORRUPTIONS["mixed_decimals"],
}

__all__ = [
    "ALL_CORRUPTIONS",
    "LOGICAL",
    "OTHER_NAMES",
    "STRUCTURAL",
    "BrokenLaw",
    "CellFault",
    "Corruption",
    "how_many",
]
