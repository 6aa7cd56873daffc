"""Edges and specs as the independent checker reads them.

Nothing but the opening of files is shared with the readers of the graph and spec rooms, on
purpose: a mistake there would otherwise be repeated here and go unseen.
"""

from __future__ import annotations

import csv
import hashlib
import json
import struct
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from campaignkit.errors import DatasetError
from campaignkit.store import checked_path, read_bytes

Key = tuple[str, str]
Signs = Mapping[tuple[Key, Key], int]  # by the two attributes of a pair, the lower one first
Spec = Path | str | Mapping[str, object]

# Plus and minus as keyboards, word processors and spreadsheets write them.
_HYPHENS = "-−–－‐‒—―"
_SIGN_OF = dict.fromkeys("+＋1１", 1) | dict.fromkeys(_HYPHENS, -1) | {"0": 0, "０": 0}
_SIGN_OF |= {"+1": 1, "＋１": 1, "－１": -1} | {f"{hyphen}1": -1 for hyphen in _HYPHENS}
_FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")
# Counts of pairs are compared with this tolerance, so that 1/3 written in sixteen digits is 1/3.
_TOLERANCE = Fraction(1, 10**9)


@dataclass(frozen=True)
class Box:
    """One label's ranges, exact.

    Examples
    --------
    >>> Box((Fraction(1, 5), Fraction(1)), (Fraction(0), Fraction(1)), 1).admits(9, 0, 45)
    True
    """

    pos: tuple[Fraction, Fraction]
    neg: tuple[Fraction, Fraction]
    num_samples: int

    def admits(self, positive: int, negative: int, num_pairs: int) -> bool:
        """Whether so many + and - pairs of `num_pairs` lie in the ranges."""
        return all(
            low * num_pairs - _TOLERANCE <= count <= high * num_pairs + _TOLERANCE
            for count, (low, high) in ((positive, self.pos), (negative, self.neg))
        )


@dataclass(frozen=True)
class SpecToCheck:
    """What of a spec can be checked on finished campaigns.

    Examples
    --------
    >>> SpecToCheck({"brand": (1, 1)}, {}).type_ranges["brand"]
    (1, 1)
    """

    type_ranges: dict[str, tuple[int, int]]
    boxes: dict[str, Box]


def read_text(path: Path) -> str:
    """A file as text; DatasetError if it is none.

    Examples
    --------
    >>> read_text(Path("nowhere.csv"))
    Traceback (most recent call last):
        ...
    campaignkit.errors.DatasetError: nowhere.csv does not exist
      hint: check the path
    """
    try:
        return read_bytes(path, error=DatasetError).decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise DatasetError(f"{path} is not UTF-8 text (byte {err.start})") from None


def read_spec(spec: Spec) -> SpecToCheck:
    """The ranges of a spec, from a JSON or TOML file or its mapping.

    Examples
    --------
    >>> box = {"pos_frac_range": [0.2, 1], "neg_frac_range": [0, 0.3], "num_samples": 5}
    >>> spec = {"type_ranges": {"brand": [1, 1]}, "label_params": {"pos": box}}
    >>> read_spec(spec).boxes["pos"].pos
    (Fraction(1, 5), Fraction(1, 1))
    """
    told = (
        spec if isinstance(spec, Mapping) else _spec_file(checked_path(spec, error=DatasetError))
    )
    try:
        ranges = {str(name): _counts(bounds) for name, bounds in _items(told["type_ranges"])}
        boxes = {
            str(name): Box(
                _fractions(box["pos_frac_range"]),
                _fractions(box["neg_frac_range"]),
                int(str(box["num_samples"])),
            )
            for name, box in _items(told["label_params"])
        }
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise DatasetError(
            f"the spec cannot be checked against: {type(err).__name__} at {err}",
            hint="it needs type_ranges and label_params with pos_frac_range, neg_frac_range "
            "and num_samples",
        ) from err
    return SpecToCheck(ranges, boxes)


def read_signs(path: Path, modalities: Iterable[str]) -> Signs:
    """The sign of every pair of attributes in an edges.csv; neutral pairs are left out.

    Parameters
    ----------
    path : Path
        ``source,target,rel,sign``, columns in any order.
    modalities : iterable of str
        Known names: they decide how a rel with several ``_to_`` splits.

    Raises
    ------
    DatasetError
        If a line cannot be read or a pair has two signs.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "edges.csv")
    ...     _ = path.write_text("source,target,rel,sign\\nNike,Peru,brand_to_geo,-\\n")
    ...     read_signs(path, ["brand", "geo"])
    {(('brand', 'Nike'), ('geo', 'Peru')): -1}
    """
    known = set(modalities)
    rows = csv.DictReader(read_text(path).splitlines(keepends=True), strict=True)
    signs: dict[tuple[Key, Key], int] = {}
    try:
        for row in rows:
            where = f"{path}:{rows.line_num}"
            rel, mark = row.get("rel") or "", (row.get("sign") or "").strip()
            if mark not in _SIGN_OF or not row.get("source") or not row.get("target"):
                raise DatasetError(f"{where} is not an edge: {dict(row)}")
            one, other = _split(rel, known, where)
            a, b = (one, _name(str(row["source"]))), (other, _name(str(row["target"])))
            pair = (a, b) if a < b else (b, a)
            if signs.setdefault(pair, _SIGN_OF[mark]) != _SIGN_OF[mark]:
                raise DatasetError(
                    f"{where} gives a second sign to {pair}",
                    hint="check against the edges.csv that the graph wrote",
                )
    except csv.Error as err:
        raise DatasetError(f"{path}:{rows.line_num} is not CSV: {err}") from err
    return {pair: sign for pair, sign in signs.items() if sign}


def digest_graph(keys: Iterable[Key], signs: Signs) -> str:
    """The digest that a graph of these attributes and signs must have.

    Written from the documented form: attributes sorted by code point, as JSON; then, over pairs
    sorted by number, all lower numbers, all higher ones (32 bits each) and all signs (8 bits).

    Examples
    --------
    >>> digest_graph([("brand", "Nike")], {})[:7]
    'sha256:'
    """
    identities = sorted(keys)
    number = {key: i for i, key in enumerate(identities)}
    edges = sorted((number[a], number[b], sign) for (a, b), sign in signs.items())
    text = json.dumps(identities, ensure_ascii=False, separators=(",", ":"))
    data = b"campaignkit.graph.1\n" + text.encode()
    for column, kind in ((0, "i"), (1, "i"), (2, "b")):
        data += struct.pack(f"<{len(edges)}{kind}", *(edge[column] for edge in edges))
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _spec_file(path: Path) -> Mapping[str, object]:
    text = read_text(path)
    try:
        told = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as err:
        raise DatasetError(
            f"{path} is not a spec that can be read here: {err}",
            hint="the checker reads JSON and TOML",
        ) from err
    if not isinstance(told, dict):
        raise DatasetError(f"{path} does not contain a spec")
    return told


def _items(table: object) -> Iterable[tuple[object, Mapping[str, object]]]:
    if not isinstance(table, Mapping):
        raise TypeError(f"{table!r}, which is not a table")
    return table.items()


def _counts(bounds: object) -> tuple[int, int]:
    low, high = _two(bounds)
    return int(low), int(high)


def _fractions(bounds: object) -> tuple[Fraction, Fraction]:
    # By way of their digits: 0.2 is one fifth, not the binary number next to it.
    low, high = _two(bounds)
    return Fraction(low), Fraction(high)


def _two(bounds: object) -> tuple[str, str]:
    if not isinstance(bounds, Sequence) or len(bounds) != 2:
        raise ValueError(f"{bounds!r}, which is not [low, high]")
    return str(bounds[0]), str(bounds[1])


def _name(cell: str) -> str:
    # A name that a spreadsheet would take for a formula stands behind an apostrophe.
    bare = cell.lstrip("'")
    return cell[1:] if cell != bare and bare[:1] in _FORMULA_STARTS else cell


def _split(rel: str, known: set[str], where: str) -> Key:
    parts = rel.split("_to_")
    ways = [("_to_".join(parts[:i]), "_to_".join(parts[i:])) for i in range(1, len(parts))]
    if len(ways) > 1:
        ways = [way for way in ways if known.issuperset(way)]
    if len(ways) != 1:
        raise DatasetError(f"{where}: rel {rel!r} does not name two modalities")
    return ways[0]
