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
        Where its manifest lies; empty where no manifest with this digest was found.
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
        Folders that are searched, with the folders in them, for ``manifest.json``.

    Examples
    --------
    >>> record = RunRecord(kind="fit", task="outcome", dataset={"name": "d"},
    ...                    model={"name": "m"}, lineage={"graph": "sha256:00"})
    >>> [(step.name, step.is_found) for step in trace_lineage(record, [])]
    [('graph', False)]
    """
    known = _by_digest(places)
    start = dict(record.lineage)
    if record.dataset.digest is not None:
        start = {f"data set {record.dataset.name}": record.dataset.digest, **start}
    return tuple(_steps(start, known, 0, set()))


def _steps(
    named: Mapping[str, str],
    known: Mapping[str, tuple[Path, Manifest]],
    depth: int,
    seen: set[str],
) -> Iterator[LineageStep]:
    for name, digest in named.items():
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
        further = {key: value for key, value in manifest.inputs.items() if value != digest}
        if catalogue := manifest.files.get("catalogue.json"):
            further["catalogue"] = catalogue
        yield from _steps(further, known, depth + 1, seen)


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
        for digest in (digest_bytes(data), *own, *_content(manifest)):
            known.setdefault(digest, here)
    return known


def _content(manifest: Manifest) -> list[str]:
    return [digest for name, digest in manifest.files.items() if name != "catalogue.json"]


def _manifests(places: Iterable[str | PathLike[str]]) -> Iterator[Path]:
    left = _MOST
    for place in places:
        for path in sorted(checked_path(place).rglob(_MANIFEST)):
            if left == 0:
                return
            if path.is_file() and path.stat().st_size <= _LARGEST:
                left -= 1
                yield path
