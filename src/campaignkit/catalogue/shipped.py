"""The catalogues that come with the library, as data files."""

from __future__ import annotations

from importlib.resources import as_file, files

from campaignkit.catalogue.attribute import Attribute
from campaignkit.catalogue.csv_file import read_rows
from campaignkit.errors import CatalogueError

_SUFFIX = ".csv"


def bundled_names() -> tuple[str, ...]:
    """The names that :meth:`Catalogue.bundled` knows.

    Examples
    --------
    >>> bundled_names()
    ('retail-160', 'starter-27')
    """
    folder = files("campaignkit.catalogue") / "bundled"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(_SUFFIX) for n in names if n.endswith(_SUFFIX)))


def read_bundled(name: str) -> tuple[Attribute, ...]:
    """Read the attributes of a bundled catalogue; see :meth:`Catalogue.bundled`."""
    known = bundled_names()
    if name not in known:
        raise CatalogueError(
            f"no bundled catalogue is called {name!r}; there are {', '.join(known)}",
            hint="read your own with Catalogue.read_csv(path)",
        )
    with as_file(files("campaignkit.catalogue") / "bundled" / f"{name}{_SUFFIX}") as path:
        return read_rows(path)
