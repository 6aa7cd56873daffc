"""The independent checker: campaigns against edges.csv and the spec, standard library only.

It shares no code with the sampler, the graph, the spec or the data set readers. What they promise
is counted here again, from the files alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from campaignkit.dataset.verification import LabelCheck, Verification
from campaignkit.dataset.verify_inputs import (
    Key,
    Signs,
    Spec,
    SpecToCheck,
    digest_graph,
    read_signs,
    read_spec,
    read_text,
)
from campaignkit.errors import DatasetError
from campaignkit.store import checked_path, kind_of_file, readable_file

_ROWS = "campaigns.jsonl"


def verify_files(
    jsonl: Path | str,
    edges_csv: Path | str,
    spec: Spec,
    *,
    attributes: Iterable[Key] = (),
    whole: bool = True,
) -> Verification:
    """Check every campaign of a JSONL file against the edges and the spec it came from.

    Parameters
    ----------
    jsonl : Path or str
        The campaigns.
    edges_csv : Path or str
        The graph: ``source,target,rel,sign``.
    spec : Path, str or mapping
        A JSON or TOML file, or what it contains.
    attributes : iterable of (modality, value)
        Attributes without an edge that campaigns may contain as well.
    whole : bool
        Whether each label must have as many campaigns as the spec asks for.

    Raises
    ------
    DatasetError
        If an input cannot be read at all. What is wrong with the campaigns is in the result.

    Examples
    --------
    >>> import tempfile
    >>> box = {"pos_frac_range": [1, 1], "neg_frac_range": [0, 0], "num_samples": 1}
    >>> spec = {"type_ranges": {"brand": [1, 1], "geo": [1, 1]}, "label_params": {"pos": box}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     edges, rows = Path(folder, "edges.csv"), Path(folder, "rows.jsonl")
    ...     _ = edges.write_text("source,target,rel,sign\\nNike,Peru,brand_to_geo,+\\n")
    ...     _ = rows.write_text('{"brand":["Nike"],"geo":["Peru"],"label":"pos"}\\n')
    ...     verify_files(rows, edges, spec).is_sound
    True
    """
    wanted = read_spec(spec)
    signs = read_signs(checked_path(edges_csv, error=DatasetError), wanted.type_ranges)
    known = {key for pair in signs for key in pair}.union(attributes)
    found = Verification(
        labels={name: LabelCheck(box.num_samples) for name, box in wanted.boxes.items()}
    )
    _check_rows(checked_path(jsonl, error=DatasetError), wanted, signs, known, found)
    if whole:
        for name, label in found.labels.items():
            if label.found != label.requested:
                found.add(f"label '{name}'", f"{label.found} campaigns of {label.requested}")
    found.checked.append("every campaign: record, attributes, type counts, fractions")
    return found


def verify_dataset(
    folder: Path | str,
    edges_csv: Path | str,
    *,
    spec: Spec | None = None,
) -> Verification:
    """Check a data set folder: its files against the manifest, its campaigns against the edges.

    Parameters
    ----------
    folder : Path or str
        What ``dataset.write`` made, as JSONL.
    edges_csv : Path or str
        The graph the campaigns were sampled from.
    spec : Path, str, mapping or None
        None takes the spec in the manifest; another one must agree with it.

    Raises
    ------
    DatasetError
        If the folder is no JSONL data set, or there is no spec to check against.

    Examples
    --------
    >>> verify_dataset("nowhere", "edges.csv")
    Traceback (most recent call last):
        ...
    campaignkit.errors.DatasetError: nowhere/manifest.json does not exist
      hint: check the path
    """
    folder = checked_path(folder, error=DatasetError)
    if (kind := kind_of_file(folder)) not in ("", "a folder"):
        raise DatasetError(
            f"{folder} is {kind}; expected a data set folder",
            hint="give the folder that dataset.write or campaignkit dataset generate made",
        )
    manifest = _json_object(folder / "manifest.json")
    files, inputs = _table(manifest, "files"), _table(manifest, "inputs")
    if _ROWS not in files:
        raise DatasetError(
            f"{folder} contains no {_ROWS}; the independent checker reads JSONL",
            hint='read the data set and write it with format="jsonl"',
        )
    own: dict[str, object] | None = _table(manifest, "spec").get("sampling")
    steps = _table(manifest, "spec").get("steps") or []
    against = own if spec is None else spec
    if against is None:
        raise DatasetError(f"the manifest of {folder} has no spec", hint="give the spec file")
    signs = read_signs(checked_path(edges_csv, error=DatasetError), read_spec(against).type_ranges)
    listed = _listed_attributes(folder)
    agrees = _graph_agrees(inputs.get("graph"), listed, signs)
    # Attributes without an edge are the graph's own only if its digest covers them.
    extra = listed if agrees else ()
    found = verify_files(
        folder / _ROWS,
        edges_csv,
        against,
        attributes=extra,
        whole=not steps,
    )
    _check_digests(folder, files, found)
    _check_spec(own, spec, inputs.get("spec"), found)
    _note_graph(agrees, inputs.get("graph"), listed, signs, found)
    rows = _table(manifest, "counts").get("rows")
    if rows != found.rows:
        found.add("manifest.json", f"gives {rows} rows; the file contains {found.rows}")
    if steps:
        found.notes.append(f"numbers of campaigns were not checked after: {'; '.join(steps)}")
    return found


def _check_rows(
    path: Path,
    wanted: SpecToCheck,
    signs: Signs,
    known: set[Key],
    found: Verification,
) -> None:
    seen: set[bytes] = set()
    try:
        with readable_file(path, error=DatasetError).open("rb") as file:
            for number, line in enumerate(file, start=1):
                found.rows += 1
                where = f"{path.name}:{number}"
                record = _record(line, where, found)
                if record is None:
                    continue
                keys = _keys(record, where, known, found)
                seen.add(hashlib.sha256(repr(sorted(keys)).encode()).digest())
                _check_campaign(record, keys, where, wanted, signs, found)
    except OSError as err:
        raise DatasetError(f"cannot read {path}: {err.strerror}") from err
    found.num_distinct = len(seen)


def _check_campaign(  # noqa: PLR0917 - one row against everything it is checked against
    record: Mapping[str, Any],
    keys: list[Key],
    where: str,
    wanted: SpecToCheck,
    signs: Signs,
    found: Verification,
) -> None:
    for modality in sorted({*wanted.type_ranges, *record} - {"label"}):
        low, high = wanted.type_ranges.get(modality, (0, 0))
        num = sum(1 for key in keys if key[0] == modality)
        if not low <= num <= high:
            found.add(where, f"contains {num} of {modality!r}; the spec allows {low} to {high}")
    name = record.get("label")
    if not isinstance(name, str) or name not in wanted.boxes:
        found.add(where, f"label {name!r} is not in the spec")
        return
    told = [signs.get(pair, 0) for pair in combinations(keys, 2)]  # keys are sorted
    positive, negative, num_pairs = told.count(1), told.count(-1), len(told)
    label = found.labels[name]
    label.found += 1
    if wanted.boxes[name].admits(positive, negative, num_pairs):
        label.in_range += 1
    else:
        found.add(
            where,
            f"is outside the ranges of '{name}': {positive} + and {negative} - "
            f"of {num_pairs} pairs",
        )


def _record(line: bytes, where: str, found: Verification) -> dict[str, Any] | None:
    try:
        record = json.loads(line.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as err:
        found.add(where, f"is not a record: {err}")
        return None
    if not isinstance(record, dict) or not all(
        key == "label" or (isinstance(values, list) and all(isinstance(v, str) for v in values))
        for key, values in record.items()
    ):
        found.add(where, "is not a record of text lists and a label")
        return None
    return record


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key comes twice")
    return record


def _keys(
    record: Mapping[str, Any], where: str, known: set[Key], found: Verification
) -> list[Key]:
    keys = [(name, value) for name in record if name != "label" for value in record[name]]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        found.add(where, f"contains {key} twice")
    keys = sorted(set(keys))
    for key in keys:
        if key not in known:
            found.add(where, f"contains {key}, which is not in the graph")
    return keys


def _check_digests(folder: Path, files: Mapping[str, Any], found: Verification) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            found.add("manifest.json", f"lists {name}, which is not in the folder")
            continue
        with path.open("rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        if digest != expected:
            found.add(name, "is not the file the manifest was written for")
    found.checked.append(f"{len(files)} files against their digests")


def _check_spec(
    own: Mapping[str, object] | None,
    given: Spec | None,
    digest: object,
    found: Verification,
) -> None:
    if own is None:
        found.notes.append("the manifest has no spec; the given one was used")
        return
    text = json.dumps(own, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if digest != "sha256:" + hashlib.sha256(text.encode()).hexdigest():
        found.add("manifest.json", "its spec does not have the digest it gives")
    if given is not None and read_spec(given) != read_spec(own):
        found.add("spec", "is not the one in the manifest")
    found.checked.append("the spec against its digest")


def _graph_agrees(digest: object, listed: list[Key], signs: Signs) -> bool:
    keys = {key for pair in signs for key in pair}.union(listed)
    return digest == digest_graph(keys, signs)


def _note_graph(
    agrees: bool,
    digest: object,
    listed: list[Key],
    signs: Signs,
    found: Verification,
) -> None:
    left_out = {key[0] for pair in signs for key in pair} - {name for name, _ in listed}
    if agrees:
        found.checked.append("edges and attributes against the digest of the graph")
    elif digest is None:
        found.notes.append("the manifest does not name the graph; the given edges were used")
    elif left_out:
        # Attributes without an edge in modalities the spec leaves out are listed nowhere.
        names = ", ".join(sorted(left_out))
        found.notes.append(
            f"the graph's digest could not be computed: {names} are not in the spec"
        )
    else:
        found.add("edges", "are not those of the graph the campaigns were sampled from")


def _listed_attributes(folder: Path) -> list[Key]:
    path = folder / "vocabulary.json"
    if not path.exists():
        return []
    modalities = _table(_json_object(path), "modalities")
    return [(name, value) for name, values in modalities.items() for value in values]


def _json_object(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise DatasetError(f"{path} is not JSON: {err}") from err
    if not isinstance(told, dict):
        raise DatasetError(f"{path} does not contain a JSON object")
    return told


def _table(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = told.get(name, {})
    if not isinstance(value, dict):
        raise DatasetError(f"'{name}' is not a JSON object")
    return value
