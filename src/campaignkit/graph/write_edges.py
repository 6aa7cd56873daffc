"""Writing edges.csv, the interchange form."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from campaignkit.catalogue import Catalogue
from campaignkit.errors import Fault, GraphError
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.read_edges import HEADER
from campaignkit.graph.relation import relation_of, split_relation
from campaignkit.graph.sign import mark_of
from campaignkit.store import atomic_file, escape_cell


def write_edges(path: Path, catalogue: Catalogue, columns: EdgeColumns, *, neutrals: bool) -> None:
    """Write a settled table as edges.csv; see :meth:`SignedGraph.write_csv`."""
    kept = columns.sign != 0
    if neutrals:
        kept[:] = True
    source, target = columns.source[kept].tolist(), columns.target[kept].tolist()
    marks = [mark_of(sign) for sign in columns.sign[kept].tolist()]
    values = [attribute.value for attribute in catalogue]
    modalities = [attribute.modality for attribute in catalogue]
    pairs = {(modalities[a], modalities[b]) for a, b in zip(source, target, strict=True)}
    relations = {pair: relation_of(*pair) for pair in pairs}
    _check_relations(path, relations)
    values = [escape_cell(value) for value in values]
    relations = {pair: escape_cell(relation) for pair, relation in relations.items()}

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(
        (values[a], values[b], relations[modalities[a], modalities[b]], mark)
        for a, b, mark in zip(source, target, marks, strict=True)
    )
    with atomic_file(path) as partial:
        partial.write_bytes(text.getvalue().encode())


def _check_relations(path: Path, relations: dict[tuple[str, str], str]) -> None:
    faults = [
        Fault(rel, "splits in several ways at '_to_', and could not be read back")
        for rel in sorted(relations.values())
        if len(split_relation(rel)) > 1
    ]
    if faults:
        raise GraphError(
            f"{path} was not written: edges.csv cannot name these modalities",
            hint="graph.save(folder) can; or give the modalities names without '_to_'",
            faults=faults,
        )
