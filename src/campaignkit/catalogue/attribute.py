"""One thing a campaign can contain: a brand, an audience, a platform, a country or any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from campaignkit.catalogue.clean_text import text_faults
from campaignkit.errors import CatalogueError, Fault

Key = tuple[str, str]
"""(modality, value): the identity of an attribute."""

FIELDS = ("modality", "value", "description")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value of a modality, with what is known of it.

    The identity is (modality, value), and the hash goes by it: "Amazon" may be a brand and a
    platform. Two attributes are equal when their descriptions and traits are equal too.

    Parameters
    ----------
    modality : str
        What kind of thing it is, such as ``"brand"``; not ``"label"``, which is taken in records.
    value : str
        Its name within the modality.
    description : str
        A sentence or more on it; may be empty, may contain line feeds.
    traits : mapping of str to str or sequence of str
        Facts by name, such as ``{"category": ("shoes", "sportswear")}``. Kept read-only; a list of
        one item is that item, an empty one is as good as absent and left out.

    Raises
    ------
    CatalogueError
        With a fault for everything that is blank, not text, contains control characters or stray
        white space, or is not in Unicode normal form NFC.

    Examples
    --------
    >>> nike = Attribute("brand", "Nike", traits={"category": ["shoes", "sportswear"]})
    >>> nike.key, nike.items("category"), nike.items("price")
    (('brand', 'Nike'), ('shoes', 'sportswear'), ())
    """

    modality: str
    value: str
    description: str = ""
    traits: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        traits, trait_faults = _read_traits(self.traits)
        faults = [
            *text_faults("modality", self.modality),
            *text_faults("value", self.value),
            *text_faults("description", self.description, multiline=True),
            *trait_faults,
        ]
        if self.modality == "label":
            found = "'label' is reserved: a record stores its class under that name"
            faults.append(Fault("modality", found, "call the modality something else"))
        if faults:
            name = f"({self.modality!r}, {self.value!r})"
            raise CatalogueError(f"{name[:120]} cannot be an attribute", faults=faults)
        object.__setattr__(self, "traits", MappingProxyType(traits))

    @property
    def key(self) -> Key:
        """The identity: (modality, value)."""
        return self.modality, self.value

    def items(self, trait: str) -> tuple[str, ...]:
        """A trait as a tuple, whether it contains one item, several or none.

        Examples
        --------
        >>> Attribute("geo", "Japan", traits={"climate": "temperate"}).items("climate")
        ('temperate',)
        """
        found = self.traits.get(trait, ())
        return (found,) if isinstance(found, str) else tuple(found)

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return f"{self.modality}: {self.value}"

    def __reduce__(self) -> tuple[object, ...]:
        # A mapping proxy cannot be copied or sent to another process; a dict can.
        return Attribute, (self.modality, self.value, self.description, dict(self.traits))


def _read_traits(
    given: object,
) -> tuple[dict[str, str | tuple[str, ...]], list[Fault]]:
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        return {}, [Fault("traits", f"is a {kind}; expected a mapping of names to texts")]
    traits: dict[str, str | tuple[str, ...]] = {}
    faults: list[Fault] = []
    for name, held in given.items():
        where = f"traits[{name!r}]"
        faults += text_faults("a trait's name", name)
        if name in FIELDS:
            found = "has the name of an attribute's own field"
            faults.append(Fault(where, found, "give the trait another name"))
        items = tuple(held) if isinstance(held, list | tuple) else (held,)
        if held in ("", (), []):
            continue
        for item in items:
            faults += text_faults(where, item)
        traits[name] = items[0] if len(items) == 1 else items
    return traits, faults
