"""Many campaigns as three flat arrays: what samplers fill and writers stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of node sets with a label code each, without a Python object per row.

    Parameters
    ----------
    nodes : int32[total]
        Canonical node numbers of all rows, one row after the other, ascending within a row.
    offsets : int64[rows + 1]
        Row ``i`` is ``nodes[offsets[i]:offsets[i + 1]]``; starts at 0, never falls.
    labels : uint8[rows]
        Position of each row's label in the data set's label names.

    Raises
    ------
    DatasetError
        If the arrays have other types or their lengths contradict each other. What lies inside
        them is checked where data enters: see :meth:`check`.

    Examples
    --------
    >>> block = Block.of_rows([[0, 2], [1]], labels=[0, 1])
    >>> len(block), block.nodes.tolist(), block.offsets.tolist()
    (2, [0, 2, 1], [0, 2, 3])
    >>> block[1:].nodes.tolist()
    [1]
    """

    nodes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    labels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        arrays: tuple[NDArray[np.generic], ...] = (self.nodes, self.offsets, self.labels)
        kinds = ", ".join(str(array.dtype) for array in arrays)
        if kinds != "int32, int64, uint8":
            raise DatasetError(f"block arrays are {kinds}; expected int32, int64, uint8")
        if self.offsets.shape != (len(self.labels) + 1,):
            raise DatasetError(
                f"a block has {len(self.labels)} labels and offsets of shape "
                f"{self.offsets.shape}; expected one offset more than labels"
            )
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.nodes):
            raise DatasetError(
                f"block offsets run from {self.offsets[0]} to {self.offsets[-1]}; "
                f"expected 0 to {len(self.nodes)}, the number of nodes"
            )

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[int]], *, labels: Sequence[int]) -> Block:
        """A block from a list of node lists: for tests, examples and small inputs."""
        lengths = np.fromiter((len(row) for row in rows), np.int64, count=len(rows))
        flat = [node for row in rows for node in sorted(row)]
        return cls.of_sizes(np.array(flat, np.int32), lengths, np.array(labels, np.uint8))

    @classmethod
    def of_sizes(
        cls, nodes: NDArray[np.int32], sizes: NDArray[np.integer], labels: NDArray[np.uint8]
    ) -> Block:
        """A block of rows that lie back to back, with the number of nodes of each."""
        offsets = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=offsets[1:])
        return cls(nodes, offsets, labels)

    @classmethod
    def empty(cls) -> Block:
        """A block without rows."""
        return cls.of_rows([], labels=[])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice) -> Block:
        """The rows of a slice; a contiguous one shares its arrays with this block."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            return self.take(np.arange(start, stop, step))
        stop = max(start, stop)
        first = self.offsets[start]
        return Block(
            self.nodes[first : self.offsets[stop]],
            self.offsets[start : stop + 1] - first,
            self.labels[start:stop],
        )

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64[rows], the number of nodes in each row."""
        return np.diff(self.offsets)

    def row(self, index: int) -> NDArray[np.int32]:
        """int32[k], the nodes of one row, ascending."""
        return self.nodes[self.offsets[index] : self.offsets[index + 1]]

    def take(self, rows: NDArray[np.integer]) -> Block:
        """The rows at these positions, in this order; positions may repeat."""
        lengths = self.sizes[rows]
        ends = np.cumsum(lengths)
        shift = np.repeat(self.offsets[rows] - ends + lengths, lengths)
        where = np.arange(len(shift), dtype=np.int64) + shift
        return Block.of_sizes(self.nodes[where], lengths, self.labels[rows])

    def check(self, *, num_nodes: int, num_labels: int) -> None:
        """Check what the arrays hold, where a block enters a data set or a writer.

        Raises
        ------
        DatasetError
            If offsets fall, a node or label code is out of range, or a row is not ascending.
        """
        if len(self) and (self.sizes < 0).any():
            raise DatasetError("block offsets fall; expected a count of nodes so far")
        for name, codes, limit in (
            ("node", self.nodes, num_nodes),
            ("label", self.labels, num_labels),
        ):
            if len(codes) and not (codes.min() >= 0 and codes.max() < limit):
                raise DatasetError(
                    f"{name} codes run from {codes.min()} to {codes.max()}; "
                    f"expected 0 to {limit - 1}"
                )
        rises = self.nodes[1:] > self.nodes[:-1]
        starts = self.offsets[1:-1]
        inner = starts[(starts > 0) & (starts < len(self.nodes))]
        rises[inner - 1] = True
        if not rises.all():
            row = int(np.searchsorted(self.offsets, np.argmin(rises) + 1, side="right")) - 1
            raise DatasetError(
                f"row {row} is not ascending: {self.row(row).tolist()}",
                hint="sort each row's nodes and drop repeats",
            )


def concat_blocks(blocks: Sequence[Block]) -> Block:
    """One block with the rows of all, in order.

    Examples
    --------
    >>> part = Block.of_rows([[0, 2]], labels=[0])
    >>> concat_blocks([part, part]).offsets.tolist()
    [0, 2, 4]
    """
    if not blocks:
        return Block.empty()
    if len(blocks) == 1:
        return blocks[0]
    return Block.of_sizes(
        np.concatenate([block.nodes for block in blocks]),
        np.concatenate([block.sizes for block in blocks]),
        np.concatenate([block.labels for block in blocks]),
    )
