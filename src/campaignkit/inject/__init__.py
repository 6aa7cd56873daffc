"""Corrupt a table on purpose: what goes wrong, where, how often, and the truth about it.

>>> from campaignkit.tables import synthetic_table
>>> dirty, truth = ErrorInjector(["duplicate_rows"], rate=0.1).inject(synthetic_table(200))
>>> dirty.num_rows, truth.kinds
(220, ('duplicate_rows',))
"""

from __future__ import annotations

from campaignkit.inject.anonymising import anonymise
from campaignkit.inject.corruptions import (
    ALL_CORRUPTIONS,
    LOGICAL,
    STRUCTURAL,
    BrokenLaw,
    CellFault,
    Corruption,
)
from campaignkit.inject.corruptions.categorical_errors import CategoricalErrors
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
from campaignkit.inject.injector import ErrorInjector
from campaignkit.inject.stacking import STACK_KINDS, StackedTable, stack
from campaignkit.inject.truth import Defect, GroundTruth, published_table
from campaignkit.inject.where import (
    AT_RANDOM,
    AtRandom,
    ByMagnitude,
    ByValue,
    FromDay,
    InTime,
    Where,
)
from campaignkit.inject.workbench import Workbench
from campaignkit.inject.writing import write_table

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "ALL_CORRUPTIONS",
    "AT_RANDOM",
    "AtRandom",
    "BrokenLaw",
    "ByMagnitude",
    "ByValue",
    "CategoricalErrors",
    "CellFault",
    "Corruption",
    "DamagedIdentifiers",
    "Defect",
    "DroppedColumns",
    "DuplicateRows",
    "ErrorInjector",
    "FromDay",
    "GroundTruth",
    "InTime",
    "LOGICAL",
    "MissingValues",
    "MixedCurrencies",
    "MixedDecimals",
    "Outliers",
    "STACK_KINDS",
    "STRUCTURAL",
    "ScaleErrors",
    "ShiftedColumns",
    "StackedTable",
    "SummaryRows",
    "TypeChanges",
    "Where",
    "Workbench",
    "anonymise",
    "published_table",
    "stack",
    "write_table",
]
