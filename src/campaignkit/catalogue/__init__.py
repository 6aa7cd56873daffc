"""What campaigns are made of: attributes, each a value of a modality, in an order that is kept."""

from __future__ import annotations

from campaignkit.catalogue.attribute import Attribute, Key
from campaignkit.catalogue.catalogue import Catalogue, NearDuplicateWarning
from campaignkit.catalogue.files import bundled_names

__all__ = ["Attribute", "Catalogue", "Key", "NearDuplicateWarning", "bundled_names"]
