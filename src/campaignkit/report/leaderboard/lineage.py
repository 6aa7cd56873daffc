"""From a run back to the graph and the catalogue it stands on, by the digests in manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from pydantic import ValidationError

from campaignkit.runs import RunRecord
from campaignkit.store import Manifest, checked_path, digest_bytes

_MANIFEST = "manifest.json"
_MOST = 2_000  # manifests looked at: a folder of folders should not stop the page
_LARGEST = 4 << 20  # bytes of a manifest


@dataclass(frozen=True)
class LineageStep:
    """One thing that a run was made from.

    Attributes
    ----------
    depth : int
        0 for what the run names itself, 1 for what that was made from, and so on.
    name, digest : str
        What it is called where it was found, and its digest.
    folder : str
        Where its manifest lies; empty where no manifest with this digest was found. Of a run,
        "the run log".
    kind : str
    counts : mapping of str to int
    seed : int or None
    made_by : mapping of str to str

    Examples
    --------
    >>> LineageStep(0, "graph", "sha256:00").is_found
    False
    """

    depth: int
    name: str
    digest: str
    folder: str = ""
    kind: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    seed: int | None = None
    made_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_found(self) -> bool:
        """Whether its manifest was found."""
        return bool(self.folder)


def trace_lineage(
    record: RunRecord, places: Iterable[str | PathLike[str]]
) -> tuple[LineageStep, ...]:
    """Follow a run's digests through the manifests found in some folders.

    Parameters
    ----------
    record : RunRecord
        Its `lineage` and the digest of its data set are where the way begins.
    places : iterable of path
        Folders that are searched, with the folders in them, for ``manifest.json``; and what lies
        next to them, two folders deep.

    Examples
    --------
    >>> record = RunRecord(kind="fit", task="outcome", dataset={"name": "d"},
    ...                    model={"name": "m"}, lineage={"graph": "sha256:00"})
    >>> [(step.name, step.is_found) for step in trace_lineage(record, [])]
    [('graph', False)]
    """
    known = _by_digest(places)
    start = dict(record.lineage)
    steps = []
    if (rows := record.dataset.digest) is not None:
        name = f"data set {record.dataset.name}"
        # Rows that were cut in memory have no manifest; the draw that they were cut from has one.
        whole = known.get(start.get("campaigns", ""))
        if rows in known or whole is None:
            start = {name: rows, **start}
        else:
            steps = [LineageStep(0, name, rows, str(whole[0]), "rows of it")]
    return (*steps, *_steps(start, known, 0, set()))


def _steps(
    named: Mapping[str, str],
    known: Mapping[str, tuple[Path, Manifest]],
    depth: int,
    seen: set[str],
) -> Iterator[LineageStep]:
    for name, digest in named.items():
        if name == "fit":
            yield LineageStep(depth, name, digest, "the run log", "run")
            continue
        found = known.get(digest)
        if found is None:
            yield LineageStep(depth, name, digest)
            continue
        folder, manifest = found
        yield LineageStep(
            depth, name, digest, str(folder), manifest.kind, dict(manifest.counts),
            manifest.seed, dict(manifest.made_by),
        )  # fmt: skip
        if digest in seen:
            continue  # two manifests that name each other would go on for ever
        seen.add(digest)
        # A data set's manifest holds its spec.
        own = {digest, manifest.inputs.get("spec") if manifest.origin else None}
        further = {key: value for key, value in manifest.inputs.items() if value not in own}
        yield from _steps(further, known, depth + 1, seen)
        if catalogue := manifest.files.get("catalogue.json"):  # it lies in the same folder
            yield LineageStep(depth + 1, "catalogue", catalogue, str(folder), "catalogue")


def _by_digest(places: Iterable[str | PathLike[str]]) -> dict[str, tuple[Path, Manifest]]:
    known: dict[str, tuple[Path, Manifest]] = {}
    for path in _manifests(places):
        try:
            data = path.read_bytes()
            manifest = Manifest.model_validate_json(data)
        except (OSError, ValidationError):
            continue  # a manifest of something else
        here = path.parent, manifest
        # A graph's manifest names its own digest among its inputs; others are known by their file.
        own = [manifest.inputs[manifest.kind]] if manifest.kind in manifest.inputs else []
        for digest in (digest_bytes(data), *own, *manifest.files.values()):
            known.setdefault(digest, here)
        # Of all that was cut from one draw, the whole of it is where it came from.
        whole = "steps" not in manifest.spec
        if manifest.origin and (whole or manifest.origin not in known):
            known[manifest.origin] = here
    return known


def _manifests(places: Iterable[str | PathLike[str]]) -> Iterator[Path]:
    found: dict[Path, None] = {}
    for place in map(checked_path, places):
        beside = place.absolute().parent
        for base, pattern in (
            (place, "**/"), (beside, ""), (beside, "*/"), (beside, "*/*/"),
        ):  # fmt: skip
            for path in sorted(base.glob(f"{pattern}{_MANIFEST}")):
                if len(found) == _MOST:
                    break
                if path.is_file() and path.stat().st_size <= _LARGEST:
                    found[path.absolute()] = None
    # The manifest of a whole is looked at last: what lies in it is told by its own.
    return iter(sorted(found, key=lambda path: -len(path.parts)))
