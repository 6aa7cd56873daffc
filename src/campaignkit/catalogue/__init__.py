"""What campaigns are made of: attributes, each a value of a modality, in an order that is kept."""

from __future__ import annotations

from campaignkit.catalogue.attribute import Attribute, Key
from campaignkit.catalogue.catalogue import Catalogue, NearDuplicateWarning
from campaignkit.catalogue.files import bundled_names
from campaignkit.catalogue.wide import (
    CellsNotDivided,
    ColumnsLeftOut,
    ReadingDecided,
    WideTable,
    read_wide,
)

__all__ = [
    "Attribute",
    "Catalogue",
    "CellsNotDivided",
    "ColumnsLeftOut",
    "Key",
    "NearDuplicateWarning",
    "ReadingDecided",
    "WideTable",
    "bundled_names",
    "read_wide",
]
