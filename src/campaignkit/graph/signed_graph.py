"""What goes with what: attributes, and a sign for each pair that was judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace as with_fields
from functools import cached_property
from itertools import combinations
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import GraphError
from campaignkit.graph.columns import (
    BothSigns,
    EdgeColumns,
    Neutral,
    check_option,
    check_options,
    check_rows,
    modality_codes,
    read_edge_list,
    settle,
    whole_numbers,
)
from campaignkit.graph.derived import DENSE_LIMIT, CsrSigns, PairCounts, canonical_order
from campaignkit.graph.edge import DECIDED_BY, DecidedBy, Edge, Key
from campaignkit.graph.edges_csv import read_rows, write_edges
from campaignkit.graph.folder import load_graph, save_graph
from campaignkit.store import checked_path

if TYPE_CHECKING:
    import networkx
    import scipy.sparse

NodeLike = Key | Attribute
_SHOWN_PAIRS = 20  # of modalities, in a notebook


class SignedGraph:
    """A catalogue and the signs between its attributes; immutable, edits give a new graph.

    A pair of attributes of different modalities has one sign: + (they help each other), - (they
    harm each other), or none. A pair that was judged neutral is kept apart from one that was
    never judged, but neither counts as an edge. A node's number is its position in the catalogue.

    Make one with :meth:`from_edges`, :meth:`from_arrays`, :meth:`read_csv`, :meth:`from_frame`,
    :meth:`from_networkx` or :meth:`load`.

    Attributes
    ----------
    catalogue : Catalogue
        The attributes, those without edges included.
    columns : EdgeColumns
        The edge table as read-only arrays: each pair once, source < target, ascending.

    Examples
    --------
    >>> graph = SignedGraph.from_edges([
    ...     Edge(("brand", "Rolex"), ("audience", "Budget Shoppers"), -1, reason="price"),
    ...     Edge(("brand", "Nike"), ("audience", "Athletes"), 1),
    ... ])
    >>> graph.sign(("audience", "Budget Shoppers"), ("brand", "Rolex"))
    -1
    >>> graph.neighbors(("brand", "Nike"))
    {('audience', 'Athletes'): 1}
    >>> graph.edge(("brand", "Rolex"), ("audience", "Budget Shoppers")).reason
    'price'
    """

    def __init__(self, catalogue: Catalogue, columns: EdgeColumns) -> None:
        # Settled tables only: the class methods below are the doors that check.
        self.catalogue = catalogue
        self.columns = columns

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[Edge],
        *,
        catalogue: Catalogue | None = None,
        both_signs: BothSigns = "error",
        neutral: Neutral = "keep",
    ) -> SignedGraph:
        """Build a graph from edges.

        Parameters
        ----------
        edges : iterable of Edge
            In any order and direction. A pair that comes twice with one sign is one edge, the
            first one.
        catalogue : Catalogue, optional
            The attributes, in the order that numbers them. Without it they are those that the
            edges name, in code-point order.
        both_signs : {"error", "drop", "first"}
            What becomes of a pair that comes with two signs: an error that lists them, no edge,
            or the first one.
        neutral : {"keep", "drop", "error"}
            What becomes of edges of sign 0.

        Raises
        ------
        GraphError
            If an edge names an attribute that is not in the catalogue, or pairs contradict
            themselves; all of them at once.
        """
        return cls(*read_edge_list(edges, catalogue, both_signs=both_signs, neutral=neutral))

    @classmethod
    def from_arrays(
        cls,
        catalogue: Catalogue,
        source: ArrayLike,
        target: ArrayLike,
        sign: ArrayLike,
        *,
        decided_by: DecidedBy = "imported",
        both_signs: BothSigns = "error",
        neutral: Neutral = "keep",
    ) -> SignedGraph:
        """Build a graph from arrays of node numbers; the way for large ones.

        Parameters
        ----------
        catalogue : Catalogue
            Its positions are the node numbers.
        source, target : int[m]
            The ends of each edge.
        sign : int[m]
            -1, 0 or 1.
        decided_by, both_signs, neutral
            As for :class:`Edge` and :meth:`from_edges`.

        Raises
        ------
        GraphError
            With the rows that are out of range, within one modality, or contradictory.

        Examples
        --------
        >>> names = [("brand", "Nike"), ("geo", "Brazil"), ("geo", "Chile")]
        >>> catalogue = Catalogue(Attribute(*name) for name in names)
        >>> SignedGraph.from_arrays(catalogue, [0, 0], [1, 2], [1, -1])
        SignedGraph(3 nodes, 1 +, 1 -)
        """
        check_option("decided_by", decided_by, DECIDED_BY)
        given = {"source": source, "target": target, "sign": sign}
        one, other, signs = (whole_numbers(name, array) for name, array in given.items())
        if not len(one) == len(other) == len(signs):
            raise GraphError(
                f"source, target and sign contain {len(one)}, {len(other)} and {len(signs)} "
                "numbers; expected the same number of each"
            )
        check_rows(catalogue, one, other, signs)
        columns = EdgeColumns(
            one.astype(np.int32),
            other.astype(np.int32),
            signs.astype(np.int8),
            np.full(len(one), DECIDED_BY.index(decided_by), dtype=np.uint8),
        )
        settled = settle(
            columns,
            catalogue,
            both_signs=both_signs,
            neutral=neutral,
            where=lambda row: f"row {row}",
        )
        return cls(catalogue, settled)

    @classmethod
    def read_csv(
        cls,
        path: str | PathLike[str],
        *,
        catalogue: Catalogue | None = None,
        both_signs: BothSigns = "error",
        neutral: Neutral = "drop",
    ) -> SignedGraph:
        """Read an edges.csv: ``source,target,rel,sign``, UTF-8.

        `rel` names the modalities of source and target, such as ``audience_to_brand``. A sign is
        ``+`` or ``-``; the minus sign and the en dash that documents make of a hyphen are read
        too. Attributes whose only rows are neutral stay, without an edge.

        Parameters
        ----------
        path : path
            The file.
        catalogue : Catalogue, optional
            Adds attributes without edges; what the file names must then be in it. It also decides
            a `rel` that could be split in two ways. Without it the attributes are those of the
            file, in code-point order.
        both_signs : {"error", "drop", "first"}
            As in :meth:`from_edges`.
        neutral : {"drop", "keep", "error"}
            What becomes of a ``0`` sign.

        Raises
        ------
        GraphError
            With all faults at once, each with file, line and fix.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "edges.csv")
        ...     text = "source,target,rel,sign\\nAthletes,Nike,audience_to_brand,+\\n"
        ...     _ = path.write_text(text)
        ...     SignedGraph.read_csv(path)
        SignedGraph(2 nodes, 1 +, 0 -)
        """
        file = checked_path(path, error=GraphError)
        check_options(both_signs, neutral)
        found, columns, lines = read_rows(file, catalogue)
        settled = settle(
            columns, found, both_signs=both_signs, neutral=neutral, what=str(file),
            where=lambda row: f"{file}:{lines[row]}",
        )  # fmt: skip
        return cls(found, settled)

    @classmethod
    def from_networkx(
        cls,
        network: networkx.Graph,
        *,
        both_signs: BothSigns = "error",
        neutral: Neutral = "keep",
    ) -> SignedGraph:
        """Read a networkx graph of any kind; the direction of edges is ignored.

        Nodes are (modality, value) tuples, or have a ``modality`` (and perhaps a ``value``)
        among their data; edges have a ``sign`` of 1, -1, 0, "+" or "-". Other fields of
        :class:`Attribute` and :class:`Edge` are read where they are given.

        Raises
        ------
        GraphError
            With every node and edge that cannot be read.
        """
        from campaignkit.graph.interchange import read_networkx

        catalogue, edges = read_networkx(network)
        return cls.from_edges(edges, catalogue=catalogue, both_signs=both_signs, neutral=neutral)

    @classmethod
    def from_frame(
        cls,
        frame: object,
        *,
        catalogue: Catalogue | None = None,
        both_signs: BothSigns = "error",
        neutral: Neutral = "keep",
    ) -> SignedGraph:
        """Read a pandas, polars or pyarrow table with one row an edge.

        Its columns are source, target, sign, and either rel or source_modality and
        target_modality; those of :meth:`to_frame` beyond these are read where they are there.

        Raises
        ------
        GraphError
            With every row (counted from 0) that cannot be read.
        """
        from campaignkit.graph.interchange import read_frame

        return cls.from_edges(
            read_frame(frame), catalogue=catalogue, both_signs=both_signs, neutral=neutral
        )

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> SignedGraph:
        """Read what :meth:`save` wrote, after checking its files against the manifest.

        Raises
        ------
        ArtifactError
            If the folder is not a graph's, or a file is missing or changed.
        """
        return cls(*load_graph(checked_path(folder)))

    def save(self, folder: str | PathLike[str], *, replace: bool = False) -> None:
        """Write a folder that keeps everything: catalogue, isolated nodes, neutrals, provenance.

        Raises
        ------
        ArtifactError
            If the folder is not empty and `replace` is false, or cannot be written.
        """
        save_graph(
            checked_path(folder), self.catalogue, self.columns, self.digest, replace=replace
        )

    def write_csv(self, path: str | PathLike[str], *, neutrals: bool = False) -> None:
        """Write edges.csv, for interchange: attributes without edges and provenance are not in it.

        Parameters
        ----------
        path : path
            Written whole or not at all.
        neutrals : bool
            Whether neutral judgements are written, with sign ``0``.

        Raises
        ------
        GraphError
            If a modality's name makes a `rel` that could not be read back.
        """
        write_edges(checked_path(path), self.catalogue, self.columns, neutrals=neutrals)

    def to_networkx(self) -> networkx.Graph:
        """A ``networkx.Graph`` over (modality, value), with signs and provenance as edge data."""
        from campaignkit.graph.interchange import to_networkx

        return to_networkx(self.catalogue, self.edges())

    def to_frame(self, backend: str = "pandas") -> Any:  # a frame of the library asked for
        """A table with one row an edge, of ``"pandas"``, ``"polars"`` or ``"pyarrow"``."""
        from campaignkit.graph.interchange import to_frame

        return to_frame(self.catalogue, self.columns, backend)

    def to_scipy(self) -> scipy.sparse.csr_array:
        """The signs as a symmetric int8 ``scipy.sparse.csr_array``, rows in catalogue order."""
        from scipy.sparse import csr_array

        csr, n = self.csr, self.num_nodes
        # Copies: the graph's own arrays are read-only, and users of scipy write in place.
        return csr_array((csr.signs.copy(), csr.indices.copy(), csr.indptr.copy()), shape=(n, n))

    def add(self, attributes: Iterable[Attribute] = (), edges: Iterable[Edge] = ()) -> SignedGraph:
        """The graph with more attributes and edges; what is there keeps its number and its edges.

        Raises
        ------
        CatalogueError
            If an attribute exists already.
        GraphError
            If an edge contradicts one that is there (:meth:`with_edges` changes it), or names an
            attribute that is not.

        Examples
        --------
        >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Brazil"), 1)])
        >>> grown = graph.add([Attribute("geo", "Chile")],
        ...                   [Edge(("brand", "Nike"), ("geo", "Chile"), 1)])
        >>> grown.num_nodes, grown.num_positive
        (3, 2)
        """
        new = tuple(attributes)
        catalogue = self.catalogue.add(new) if new else self.catalogue
        return SignedGraph(*read_edge_list(edges, catalogue, after=self.columns))

    def with_edges(self, edges: Iterable[Edge]) -> SignedGraph:
        """The graph in which these pairs are as `edges` say, whatever they were before."""
        _, new = read_edge_list(edges, self.catalogue)
        both = self.columns.take(~np.isin(self._keys, new.keys(self.num_nodes))).then(new)
        order = np.argsort(both.keys(self.num_nodes), kind="stable")
        return SignedGraph(self.catalogue, both.take(order).frozen())

    def without_edges(self, pairs: Iterable[tuple[NodeLike, NodeLike]]) -> SignedGraph:
        """The graph without any judgement of these pairs; one that has none stays as it is."""
        rows = [row for a, b in pairs if (row := self._row(a, b)) is not None]
        kept = np.delete(np.arange(len(self.columns)), rows)
        return SignedGraph(self.catalogue, self.columns.take(kept).frozen())

    def without_attributes(self, attributes: Iterable[NodeLike]) -> SignedGraph:
        """The graph without these attributes and their edges; the others keep their order."""
        stays = np.ones(self.num_nodes, dtype=bool)
        stays[[self.catalogue.index(attribute) for attribute in attributes]] = False
        left = self.columns.take(stays[self.columns.source] & stays[self.columns.target])
        # Renumbering is monotone, so the table stays settled.
        number = np.cumsum(stays, dtype=np.int32) - np.int32(1)
        left = with_fields(left, source=number[left.source], target=number[left.target])
        remaining = Catalogue(a for a, kept in zip(self.catalogue, stays, strict=True) if kept)
        return SignedGraph(remaining, left.frozen())

    def sign(self, a: NodeLike, b: NodeLike) -> int:
        """1, -1, or 0 where the pair is neutral or was never judged.

        Raises
        ------
        UnknownAttribute
            With what is spelled nearly so.
        """
        row = self._row(a, b)
        return 0 if row is None else int(self.columns.sign[row])

    def edge(self, a: NodeLike, b: NodeLike) -> Edge | None:
        """The judgement of a pair with its provenance, neutral ones included, or None."""
        row = self._row(a, b)
        return None if row is None else next(self._edges(self.columns.take(np.array([row]))))

    def neighbors(self, a: NodeLike, sign: int | None = None) -> dict[Key, int]:
        """The attributes with a + or - edge to `a`, in catalogue order, and the signs.

        Parameters
        ----------
        sign : {1, -1} or None
            Only the edges of this sign.
        """
        if sign not in (None, 1, -1):
            raise GraphError(f"sign is {sign!r}; expected 1, -1 or None (both)")
        nodes, signs = self.csr.of(self.catalogue.index(a))
        return {
            self.catalogue[node].key: held
            for node, held in zip(nodes.tolist(), signs.tolist(), strict=True)
            if sign in (None, held)
        }

    def edges(self, *, neutrals: bool = True) -> Iterator[Edge]:
        """Every judged pair once, in node order; without the neutral ones if so asked."""
        columns = self.columns
        yield from self._edges(columns if neutrals else columns.take(columns.sign != 0))

    def by_modality_pair(self) -> Mapping[Key, PairCounts]:
        """Counts for each pair of modalities, in catalogue order."""
        modalities, codes, columns = self.catalogue.modalities, self.modality_codes, self.columns
        m = len(modalities)
        ends = np.sort(np.stack([codes[columns.source], codes[columns.target]]), axis=0)
        cells = (ends[0].astype(np.int64) * m + ends[1]) * 3 + columns.sign + 1
        counts = np.bincount(cells, minlength=m * m * 3).reshape(m, m, 3).tolist()
        sizes = np.bincount(codes, minlength=m).tolist()
        return {
            (modalities[i], modalities[j]): PairCounts(
                num_pairs=sizes[i] * sizes[j],
                num_positive=counts[i][j][2],
                num_negative=counts[i][j][0],
                num_neutral=counts[i][j][1],
            )
            for i, j in combinations(range(m), 2)
        }

    @cached_property
    def signs(self) -> NDArray[np.int8]:
        """int8[n, n]: -1, 0 or 1, symmetric, zero diagonal, read-only; up to 20,000 nodes."""
        n = self.num_nodes
        if n > DENSE_LIMIT:
            raise GraphError(
                f"a dense matrix of {n:,} nodes would take {n**2 / 1e9:.1f} GB; "
                f"it is made up to {DENSE_LIMIT:,} nodes",
                hint="use graph.csr",
            )
        signs = np.zeros((n, n), dtype=np.int8)
        signs[self.columns.source, self.columns.target] = self.columns.sign
        signs[self.columns.target, self.columns.source] = self.columns.sign
        signs.setflags(write=False)
        return signs

    @cached_property
    def csr(self) -> CsrSigns:
        """The + and - edges as neighbour lists; the form for large graphs."""
        edges = self.columns.take(self.columns.sign != 0)
        rows = np.concatenate([edges.source, edges.target])
        neighbours = np.concatenate([edges.target, edges.source])
        order = np.lexsort((neighbours, rows))  # ascending neighbours within ascending nodes
        indptr = np.zeros(self.num_nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=self.num_nodes), out=indptr[1:])
        arrays = indptr, neighbours[order], np.tile(edges.sign, 2)[order]
        for array in arrays:
            array.setflags(write=False)
        return CsrSigns(*arrays)

    @cached_property
    def modality_codes(self) -> NDArray[np.int32]:
        """int32[n]: position in ``catalogue.modalities`` of each node's modality."""
        return modality_codes(self.catalogue)

    @cached_property
    def digest(self) -> str:
        """``"sha256:..."`` of attributes and signs, whatever the order of nodes, rows and ends.

        Neutral judgements and provenance change nothing that can be sampled and are not in it.
        """
        ranks = np.argsort(canonical_order(self.catalogue)).astype(np.int32)
        edges = self.columns.take(self.columns.sign != 0)
        low, high = np.sort(np.stack([ranks[edges.source], ranks[edges.target]]), axis=0)
        order = np.lexsort((high, low))
        identities = sorted(attribute.key for attribute in self.catalogue)
        hasher = hashlib.sha256(b"campaignkit.graph.1\n")
        hasher.update(json.dumps(identities, ensure_ascii=False, separators=(",", ":")).encode())
        for array, kind in ((low, "<i4"), (high, "<i4"), (edges.sign, "|i1")):
            hasher.update(array[order].astype(kind).tobytes())
        return "sha256:" + hasher.hexdigest()

    @property
    def num_nodes(self) -> int:
        """Number of attributes."""
        return len(self.catalogue)

    @property
    def num_edges(self) -> int:
        """Number of + and - edges."""
        return self.num_positive + self.num_negative

    @property
    def num_positive(self) -> int:
        """Number of + edges."""
        return int((self.columns.sign > 0).sum())

    @property
    def num_negative(self) -> int:
        """Number of - edges."""
        return int((self.columns.sign < 0).sum())

    @property
    def num_neutral(self) -> int:
        """Number of pairs judged neutral."""
        return len(self.columns) - self.num_edges

    @cached_property
    def _keys(self) -> NDArray[np.int64]:
        return self.columns.keys(self.num_nodes)

    def _row(self, a: NodeLike, b: NodeLike) -> int | None:
        low, high = sorted((self.catalogue.index(a), self.catalogue.index(b)))
        key = low * self.num_nodes + high
        row = int(np.searchsorted(self._keys, key))
        return row if row < len(self._keys) and self._keys[row] == key else None

    def _edges(self, columns: EdgeColumns) -> Iterator[Edge]:
        node = self.catalogue.__getitem__
        ends = columns.source.tolist(), columns.target.tolist()
        for source, target, *said in zip(*ends, *columns.told().values(), strict=True):
            yield Edge(node(source).key, node(target).key, *said)

    def __eq__(self, other: object) -> bool:
        """Whether both contain the same attributes and edges, provenance included."""
        if not isinstance(other, SignedGraph):
            return NotImplemented
        return self.catalogue == other.catalogue and self.columns.equals(other.columns)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        neutral = f", {self.num_neutral} neutral" if self.num_neutral else ""
        counts = f"{self.num_positive} +, {self.num_negative} -{neutral}"
        return f"SignedGraph({self.num_nodes} nodes, {counts})"

    def _repr_html_(self) -> str:
        from campaignkit.show.page import facts, table

        named = {
            "attributes": self.num_nodes,
            "positive": self.num_positive,
            "negative": self.num_negative,
            "judged neutral": self.num_neutral,
        }
        rows = [
            [*pair, held.num_pairs, f"+ {held.pos_frac:.0%}", f"− {held.neg_frac:.0%}"]
            for pair, held in self.by_modality_pair().items()
        ]
        head = ["modality", "modality", "pairs", "share +", "share −"]
        return facts(named) + (table(head, rows[:_SHOWN_PAIRS]) if rows else "")
