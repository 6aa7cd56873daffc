"""Where noise strikes: which rows, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset import Block, Vocabulary
from campaignkit.errors import DatasetError
from campaignkit.recipes.noise import ATTRIBUTE, LABEL, NoiseRecord
from campaignkit.seeds import stream


def apply_noise(
    block: Block,
    vocabulary: Vocabulary,
    *,
    num_labels: int,
    label_noise: float,
    attribute_noise: float,
    seed: int,
) -> tuple[Block, NoiseRecord]:
    """Change exactly ``round(rate * rows)`` rows by each kind of noise.

    Label noise gives a row another label, each with the same probability. Attribute noise
    replaces one attribute, drawn evenly from the row, by another of its modality that the row
    does not contain. The kinds have their own streams: neither changes what the other does, a row
    can have both, and the rows of a lower rate are among those of a higher one.

    Parameters
    ----------
    block : Block
    vocabulary : Vocabulary
    num_labels : int
    label_noise, attribute_noise : float
        Share of the rows, in [0, 1].
    seed : int

    Raises
    ------
    DatasetError
        If fewer rows can be changed than are required: there is no other label or attribute.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("geo", "Chile"), ("geo", "Peru")])
    >>> block = Block.of_rows([[0], [1]], labels=[0, 1])
    >>> noisy, record = apply_noise(
    ...     block, vocabulary, num_labels=2, label_noise=0.0, attribute_noise=0.5, seed=1)
    >>> record.counts["attribute"], len(set(noisy.nodes.tolist()))
    (1, 1)
    """
    record = NoiseRecord.clean(block.labels)
    spoilt = block
    if label_noise:
        rows, labels = _other_labels(block.labels, num_labels, rate=label_noise, seed=seed)
        spoilt = replace(spoilt, labels=labels)
        record.kinds[rows] |= LABEL
    if attribute_noise:
        rows, at, after = _other_nodes(block, vocabulary, rate=attribute_noise, seed=seed)
        record.kinds[rows] |= ATTRIBUTE
        record.nodes_before[rows] = block.nodes[at]
        record.nodes_after[rows] = after
        nodes = block.nodes.copy()
        nodes[at] = after
        row_of = np.repeat(np.arange(len(block)), block.sizes)
        spoilt = replace(spoilt, nodes=nodes[np.lexsort((nodes, row_of))])
    return spoilt, record


def _other_labels(
    labels: NDArray[np.uint8], num_labels: int, *, rate: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    wanted = _count(rate, len(labels))
    if num_labels < 2 and wanted:
        raise DatasetError(
            "label noise needs a second label", hint="set label_noise=0, or add a label"
        )
    rows = stream(seed, "noise", "label", "rows").permutation(len(labels))[:wanted]
    # Drawn for every row, so that a row's new label does not depend on the rate.
    steps = stream(seed, "noise", "label", "steps").integers(
        1, max(num_labels, 2), size=len(labels)
    )
    after = labels.copy()
    after[rows] = (labels[rows] + steps[rows]) % num_labels
    return rows, after


def _other_nodes(
    block: Block, vocabulary: Vocabulary, *, rate: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """The rows to change, the position of each one's node in the block, and its new node."""
    num_rows, num_modalities = len(block), len(vocabulary.modalities)
    row_of = np.repeat(np.arange(num_rows), block.sizes)
    modality = vocabulary.modality_of[block.nodes].astype(np.int64)
    group = row_of * num_modalities + modality
    held = np.bincount(group, minlength=num_rows * num_modalities)
    free = np.diff(vocabulary.starts)[modality] - held[group]  # other nodes of the modality
    usable = np.flatnonzero(free > 0)
    per_row = np.bincount(row_of[usable], minlength=num_rows)
    first = np.cumsum(per_row) - per_row

    wanted = _count(rate, num_rows)
    order = stream(seed, "noise", "attribute", "rows").permutation(num_rows)
    rows = order[per_row[order] > 0][:wanted]
    if len(rows) < wanted:
        raise DatasetError(
            f"attribute noise must change {wanted} rows, but only {len(rows)} have an attribute "
            "with another of its modality to take its place",
            hint="lower attribute_noise, or use a catalogue with more attributes",
        )
    places, choices = stream(seed, "noise", "attribute", "nodes").random((2, num_rows))
    at = usable[first[rows] + (places[rows] * per_row[rows]).astype(np.int64)]
    after = vocabulary.starts[modality[at]] + (choices[rows] * free[at]).astype(np.int64)
    # The free nodes are counted by stepping over those the row holds, in ascending order.
    group_start = np.searchsorted(group, group[at])
    left = held[group[at]]
    for step in range(int(left.max(initial=0))):
        here = step < left
        after[here] += block.nodes[group_start[here] + step] <= after[here]
    return rows, at, after.astype(np.int32)


def _count(rate: float, num_rows: int) -> int:
    return int(np.floor(rate * num_rows + 0.5))
