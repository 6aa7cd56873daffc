"""The canonical numbering of attributes: by (modality, value) in code-point order.

Catalogues keep their own order; draws and data sets use this one, so that shuffled rows or swapped
columns in a file give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue


def canonical_order(
    catalogue: Catalogue, modalities: Iterable[str] | None = None
) -> NDArray[np.int32]:
    """Catalogue positions in canonical order, optionally of some modalities only.

    Returns
    -------
    int32[m]
        ``order[i]`` is the catalogue position of the node with canonical number i.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute, Catalogue
    >>> canonical_order(Catalogue([Attribute("b", "x"), Attribute("a", "y")])).tolist()
    [1, 0]
    """
    wanted = None if modalities is None else set(modalities)
    # Python compares str by code point, which is what makes this order the same everywhere.
    keyed = sorted(
        (attribute.modality, attribute.value, position)
        for position, attribute in enumerate(catalogue)
        if wanted is None or attribute.modality in wanted
    )
    return np.array([position for _, _, position in keyed], dtype=np.int32)
