"""What makes two graphs the same: their attributes' identities and their signs."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.graph.columns import EdgeColumns


def code_point_ranks(catalogue: Catalogue) -> NDArray[np.int32]:
    """int32[n]: each node's position when nodes are sorted by (modality, value) in code points."""
    keys = [attribute.key for attribute in catalogue]
    ranks = np.empty(len(keys), dtype=np.int32)
    # Python compares text by code point, whatever the locale.
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys), dtype=np.int32)
    return ranks


def graph_digest(catalogue: Catalogue, columns: EdgeColumns) -> str:
    """``"sha256:..."`` of identities and signs, whatever the order of nodes, rows and ends.

    Neutral judgements, reasons and provenance change nothing that can be sampled and are not in
    it.
    """
    ranks = code_point_ranks(catalogue)
    real = columns.sign != 0
    one, other = ranks[columns.source[real]], ranks[columns.target[real]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low))
    identities = sorted(attribute.key for attribute in catalogue)
    hasher = hashlib.sha256(b"campaignkit.graph.1\n")
    hasher.update(json.dumps(identities, ensure_ascii=False, separators=(",", ":")).encode())
    for array, kind in ((low, "<i4"), (high, "<i4"), (columns.sign[real], "|i1")):
        hasher.update(array[order].astype(kind).tobytes())
    return "sha256:" + hasher.hexdigest()
