"""An ordered set of attributes; a position in it is a node's number."""

from __future__ import annotations

import difflib
import operator
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from os import PathLike
from typing import cast

from campaignkit.catalogue import files, table as rows, wide
from campaignkit.catalogue.attribute import Attribute, Key
from campaignkit.catalogue.clean_text import folded
from campaignkit.errors import CatalogueError, Fault, UnknownAttribute
from campaignkit.store import digest_json

_SHOWN_MODALITIES, _SHOWN_VALUES, _SHOWN_TRAITS = 16, 6, 8


class Catalogue:
    """The attributes that campaigns are drawn from, in an order that is kept.

    Parameters
    ----------
    attributes : iterable of Attribute
        Each identity (modality, value) once. Any modalities, not only those of the bundled data.

    Raises
    ------
    CatalogueError
        If an identity occurs twice, or something is not an attribute.

    Examples
    --------
    >>> catalogue = Catalogue([Attribute("brand", "Nike"), Attribute("geo", "Brazil")])
    >>> len(catalogue), catalogue.modalities, ("brand", "Nike") in catalogue
    (2, ('brand', 'geo'), True)
    >>> catalogue.index(("geo", "Brazil")), catalogue[1].value
    (1, 'Brazil')
    """

    def __init__(self, attributes: Iterable[Attribute]) -> None:
        self._attributes = tuple(attributes)
        self._positions: dict[Key, int] = {}
        faults = []
        for position, attribute in enumerate(self._attributes):
            where = f"attributes[{position}]"
            if not isinstance(cast(object, attribute), Attribute):
                kind = type(attribute).__name__
                fix = "write Attribute(modality, value)"
                faults.append(Fault(where, f"is of type {kind}; expected Attribute", fix))
                continue
            first = self._positions.setdefault(attribute.key, position)
            if first != position:
                faults.append(rows.repeated(attribute.key, f"attributes[{first}]", where))
        if faults:
            raise CatalogueError("these attributes do not make a catalogue", faults=faults)
        self._modalities = tuple(dict.fromkeys(a.modality for a in self._attributes))
        _warn_of_near_duplicates(self._attributes, self._modalities)

    @classmethod
    def bundled(cls, name: str) -> Catalogue:
        """A catalogue that comes with the library; `bundled_names()` lists them.

        Examples
        --------
        >>> Catalogue.bundled("retail-160")
        Catalogue(160 attributes: brand 60, audience 60, platform 10, geo 30)
        """
        return cls(files.read_bundled(name))

    @classmethod
    def read_csv(
        cls, path: str | PathLike[str], columns: Mapping[str, str] | None = None
    ) -> Catalogue:
        """Read a CSV file in UTF-8 with the columns modality, value and perhaps description.

        Parameters
        ----------
        path : path
            The file. Every other column becomes a trait of its header's name; ``|`` separates the
            items of a list, an empty cell is no trait.
        columns : mapping of str to str, optional
            Our name to the file's: ``{"value": "name"}`` reads the values from column ``name``.

        Raises
        ------
        CatalogueError
            With all faults at once, each with file, line and fix.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.csv")
        ...     _ = path.write_text("modality,name,category\\nbrand,Nike,shoes|sportswear\\n")
        ...     Catalogue.read_csv(path, columns={"value": "name"})[0].items("category")
        ('shoes', 'sportswear')
        """
        return cls(files.read_csv(path, columns=columns))

    @classmethod
    def read_json(cls, path: str | PathLike[str]) -> Catalogue:
        """Read what `write_json` wrote, or a bare list of such entries.

        Raises
        ------
        CatalogueError
            With all faults at once, each with file, entry and fix.
        """
        return cls(files.read_json(path))

    @classmethod
    def from_frame(cls, frame: object, columns: Mapping[str, str] | None = None) -> Catalogue:
        """Read a pandas, polars or pyarrow table with the columns that `read_csv` describes.

        Missing cells are no traits; numbers become text; list cells become lists.

        Raises
        ------
        CatalogueError
            With all faults at once, each with its row (counted from 0) and fix.

        Examples
        --------
        >>> import pyarrow as pa
        >>> Catalogue.from_frame(pa.table({"modality": ["geo"], "value": ["Japan"]}))[0].value
        'Japan'
        """
        return cls(rows.attributes_of_frame(frame, columns=columns))

    @classmethod
    def from_campaigns(
        cls,
        frame: object,
        *,
        separator: str | None = ",",
        leave_out: Collection[str] = (),
        keep: Collection[str] = (),
    ) -> Catalogue:
        """The attributes that occur in a table with a row per campaign and a column per modality.

        Columns of measures, dates and identifiers are recognised by their roles and types, left
        out, and named in a :class:`~campaignkit.catalogue.ColumnsLeftOut` warning.

        Parameters
        ----------
        frame : data frame, path, or whatever else :func:`campaignkit.tables.open_table` opens
            pandas, polars, pyarrow or another that narwhals reads; cells are texts, lists, or
            empty. Paths need the extra ``tables``.
        separator : str or None
            What divides the values of a text cell; None takes cells whole.
        leave_out, keep : collection of str
            Columns that are no attributes, and columns that are whatever they look like.

        Raises
        ------
        CatalogueError
            If the frame cannot be read, no column contains attributes, or a column has a value of
            its own in nearly every row, as free text and identifiers do.

        Examples
        --------
        >>> import pyarrow as pa
        >>> frame = pa.table({"brand": ["Nike", "Puma"], "geo": ["Peru, Chile", "Peru"]})
        >>> Catalogue.from_campaigns(frame)
        Catalogue(4 attributes: brand 2, geo 2)
        """
        table = wide.read_wide(frame, separator=separator, leave_out=leave_out, keep=keep)
        table.warn()
        return cls(
            Attribute(modality, value)
            for modality, cells in table.columns.items()
            for value in dict.fromkeys(value for cell in cells for value in cell)
        )

    def write_csv(self, path: str | PathLike[str]) -> None:
        """Write a CSV file that reads back equal; whole or not at all.

        Raises
        ------
        CatalogueError
            If there are no attributes, or a trait's item contains ``|``; JSON carries those.
        ArtifactError
            If the file cannot be written.
        """
        files.write_csv(path, self._attributes)

    def write_json(self, path: str | PathLike[str]) -> None:
        """Write a JSON file that reads back equal; whole or not at all.

        Raises
        ------
        CatalogueError
            If there are no attributes.
        ArtifactError
            If the file cannot be written.
        """
        files.write_json(path, self._attributes)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities, in the order in which they first occur."""
        return self._modalities

    @cached_property
    def digest(self) -> str:
        """``"sha256:..."`` of the whole content, order, descriptions and traits included."""
        return digest_json(
            [[a.modality, a.value, a.description, dict(a.traits)] for a in self._attributes]
        )

    def of(self, modality: str) -> tuple[Attribute, ...]:
        """The attributes of a modality, in order; empty if there are none.

        Examples
        --------
        >>> [a.value for a in Catalogue.bundled("starter-27").of("platform")]
        ['LinkedIn', 'TikTok', 'Wish']
        """
        return tuple(a for a in self._attributes if a.modality == modality)

    def index(self, key: Key | Attribute) -> int:
        """The position of an attribute, by identity.

        Raises
        ------
        UnknownAttribute
            If it is not there; the hint names what is spelled nearly so.
        """
        found = self._positions.get(_identity(key))
        if found is None:
            raise UnknownAttribute(f"{key!s} is not in the catalogue", hint=self._near(key))
        return found

    def add(self, attributes: Iterable[Attribute]) -> Catalogue:
        """A catalogue with more attributes after these; node numbers stay as they are.

        Raises
        ------
        CatalogueError
            If one of them exists already.

        Examples
        --------
        >>> len(Catalogue([Attribute("brand", "Nike")]).add([Attribute("geo", "Brazil")]))
        2
        """
        return Catalogue((*self._attributes, *attributes))

    def __len__(self) -> int:
        return len(self._attributes)

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self._attributes)

    def __contains__(self, key: object) -> bool:
        return _identity(key) in self._positions

    def __getitem__(self, at: int | Key | Attribute) -> Attribute:
        if isinstance(at, tuple | str | Attribute):
            return self._attributes[self.index(at)]
        return self._attributes[operator.index(at)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Catalogue):
            return NotImplemented
        return self._attributes == other._attributes

    def __hash__(self) -> int:
        return hash(self._attributes)

    def __repr__(self) -> str:
        counts = Counter(a.modality for a in self._attributes)
        held = ", ".join(f"{modality} {counts[modality]}" for modality in self._modalities)
        return f"Catalogue({len(self)} attributes{': ' if held else ''}{held})"

    def _repr_html_(self) -> str:
        from campaignkit.show.page import paragraph, table

        shown = [
            [
                modality,
                len(held),
                _listed([a.value for a in held], _SHOWN_VALUES),
                _listed([*{trait: None for a in held for trait in a.traits}], _SHOWN_TRAITS),
            ]
            for modality in self._modalities[:_SHOWN_MODALITIES]
            for held in (self.of(modality),)
        ]
        rest = len(self._modalities) - len(shown)
        more = paragraph(f"and {rest:,} more modalities") if rest > 0 else ""
        head = ["modality", "attributes", "such as", "traits"]
        return paragraph(repr(self)) + table(head, shown) + more

    def _near(self, key: object) -> str:
        listed = ", ".join(self._modalities)
        if not (isinstance(key, Attribute) or (isinstance(key, tuple) and len(key) == 2)):
            return f'an attribute is ("modality", "value"); the modalities are {listed}'
        modality, value = map(str, _identity(key))
        if elsewhere := [a for a in self._attributes if a.value == value]:
            return f"did you mean {elsewhere[0].key}?"
        same = [a.value for a in self._attributes if a.modality == modality]
        if not same:
            return f"no attribute is of modality {modality!r}; the modalities are {listed}"
        folded = {v.casefold(): v for v in same}
        near = difflib.get_close_matches(value.casefold(), folded, n=3, cutoff=0.5)
        if near:
            return "did you mean " + " or ".join(str((modality, folded[n])) for n in near) + "?"
        return f"{len(same)} of modality {modality!r} exist, the first is {same[0]!r}"


class NearDuplicateWarning(UserWarning):
    """Two names of a catalogue differ in case, spaces or the form of their letters alone."""


def _warn_of_near_duplicates(
    attributes: tuple[Attribute, ...], modalities: tuple[str, ...]
) -> None:
    fold_of = {modality: folded(modality) for modality in modalities}
    folds = [*fold_of.values(), *((fold_of[a.modality], folded(a.value)) for a in attributes)]
    if len({*folds}) == len(folds):
        return
    named = [f"modality {modality!r}" for modality in modalities]
    named += [f"{a.modality} {a.value!r:.60}" for a in attributes]
    first: dict[object, str] = {}
    pairs = [
        f"{other} and {name}"
        for fold, name in zip(folds, named, strict=True)
        if (other := first.setdefault(fold, name)) is not name
    ]
    more = f", and {len(pairs) - 5:,} more" if len(pairs) > 5 else ""
    warnings.warn(
        "these names look alike, but a catalogue treats them as different: "
        f"{'; '.join(pairs[:5])}{more}. Give one thing one name",
        NearDuplicateWarning,
        stacklevel=3,
    )


def _listed(names: list[str], most: int) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _identity(key: object) -> Key:
    if isinstance(key, Attribute):
        return key.key
    # Anything else is looked up as it is: what is no (modality, value) is simply not there.
    return key if isinstance(key, tuple) else ("", str(key))
