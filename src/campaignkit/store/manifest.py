"""The manifest of an artifact folder: what it is, how it was made, and what its files hash to."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from campaignkit.errors import ArtifactError, Fault
from campaignkit.store.atomic import MANIFEST_NAME
from campaignkit.store.digest import digest_file, digest_json
from campaignkit.store.doors import checked_path, kind_of_file, read_bytes


class Manifest(BaseModel):
    """What an artifact folder says of itself.

    Attributes
    ----------
    kind : str
        ``"dataset"``, ``"graph"``, ...
    schema_version : int
        Version of this kind's layout.
    made_by : dict of str to str
        Versions of the software that wrote it; no machine names, no times: the same run gives the
        same manifest.
    spec : dict
        The parameters of the run (JSON values).
    seed : int or None
        The run's one seed.
    inputs : dict of str to str
        Digest of each input by name.
    files : dict of str to str
        Digest of each file, by its path relative to the folder, with ``/``.
    counts : dict of str to int
        Rows, nodes, edges: whatever a reader should be able to check.

    Examples
    --------
    >>> manifest = Manifest(kind="graph", counts={"nodes": 3})
    >>> print(manifest.model_dump_json(include={"kind", "schema_version", "counts"}))
    {"kind":"graph","schema_version":1,"counts":{"nodes":3}}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    schema_version: int = 1
    made_by: dict[str, str] = {}
    spec: dict[str, Any] = {}  # JSON of any shape: each kind has its own
    seed: int | None = None
    inputs: dict[str, str] = {}
    files: dict[str, str] = {}
    counts: dict[str, int] = {}

    @property
    def origin(self) -> str | None:
        """The digest of what was drawn, where graph, spec and seed are known."""
        return origin_digest(self.inputs, self.seed)

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` into a folder (usually a partial one, before its rename)."""
        text = self.model_dump_json(indent=2) + "\n"
        (folder / MANIFEST_NAME).write_bytes(text.encode())


def origin_digest(inputs: Mapping[str, str], seed: int | None) -> str | None:
    """The digest of a draw: of its graph, its spec and its seed; None where one is unknown.

    Examples
    --------
    >>> origin_digest({"graph": "sha256:a"}, 7) is None
    True
    """
    if seed is None or not {"graph", "spec"} <= inputs.keys():
        return None
    return digest_json({"graph": inputs["graph"], "spec": inputs["spec"], "seed": seed})


def read_manifest(folder: str | PathLike[str], *, kind: str | None = None) -> Manifest:
    """Read a folder's manifest and check that it is of the expected kind, if one is.

    Raises
    ------
    ArtifactError
        If there is none, it cannot be read, or it is of another kind or a newer layout.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Manifest(kind="graph", seed=7).write(Path(folder))
    ...     read_manifest(Path(folder), kind="graph").seed
    7
    """
    place = checked_path(folder)
    path = place / MANIFEST_NAME
    if not path.exists():
        found = {"": "does not exist", "a folder": f"contains no {MANIFEST_NAME}"}
        what = kind_of_file(place)
        raise ArtifactError(
            f"{folder} {found.get(what, f'is {what}')}; expected a folder"
            + (f" of kind '{kind}'" if kind else " that campaignkit wrote"),
            hint="give the folder that campaignkit wrote"
            + (", not a file in it" if what == "a file" else ""),
        )
    try:
        manifest = Manifest.model_validate_json(read_bytes(path))
    except ValidationError as err:
        faults = [
            Fault(".".join(map(str, e["loc"])) or MANIFEST_NAME, e["msg"]) for e in err.errors()
        ]
        raise ArtifactError(
            f"{path} is not a manifest", hint="write the folder again", faults=faults
        ) from err
    if kind is not None and manifest.kind != kind:
        raise ArtifactError(f"{folder} is of kind '{manifest.kind}'; expected '{kind}'")
    if manifest.schema_version > 1:
        raise ArtifactError(
            f"{folder} has layout {manifest.schema_version}; this version reads up to 1",
            hint="upgrade campaignkit",
        )
    return manifest


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Check that every listed file is there and hashes to its entry.

    Raises
    ------
    ArtifactError
        With one fault per file that is missing, changed, or named outside the folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "edges.csv")
    ...     _ = file.write_text("as written")
    ...     manifest = Manifest(kind="graph", files={"edges.csv": digest_file(file)})
    ...     verify_files(Path(folder), manifest)  # as it was
    ...     _ = file.write_text("changed")
    ...     try:
    ...         verify_files(Path(folder), manifest)
    ...     except ArtifactError as error:
    ...         print(error.faults[0])
    edges.csv: is not the file that was written (its digest differs)
    """
    faults = []
    root = folder.resolve()
    for name, expected in manifest.files.items():
        path = checked_path(folder / name).resolve()
        if not path.is_relative_to(root):
            faults.append(Fault(name, "is outside the folder", "do not trust this manifest"))
        elif not path.is_file():
            faults.append(Fault(name, "is missing"))
        elif digest_file(path) != expected:
            faults.append(Fault(name, "is not the file that was written", "its digest differs"))
    if faults:
        raise ArtifactError(f"{folder} does not match its manifest", faults=faults)
