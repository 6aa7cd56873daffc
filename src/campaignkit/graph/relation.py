"""The `rel` of an edge: the two modalities it joins, such as ``audience_to_brand``."""

from __future__ import annotations

from collections.abc import Container

_TO = "_to_"


def relation_of(source: str, target: str) -> str:
    """The rel of an edge from one modality to another.

    Examples
    --------
    >>> relation_of("audience", "brand")
    'audience_to_brand'
    """
    return f"{source}{_TO}{target}"


def split_relation(rel: str) -> list[tuple[str, str]]:
    """Every way to read a rel as two modalities; one where it is well-formed.

    Examples
    --------
    >>> split_relation("audience_to_brand"), split_relation("audience")
    ([('audience', 'brand')], [])
    >>> split_relation("path_to_buy_to_brand")
    [('path', 'buy_to_brand'), ('path_to_buy', 'brand')]
    """
    ways = []
    at = rel.find(_TO)
    while at >= 0:
        source, target = rel[:at], rel[at + len(_TO) :]
        if source and target:
            ways.append((source, target))
        # Overlapping ones count: "a_to_to_b" has two readings.
        at = rel.find(_TO, at + 1)
    return ways


def read_relation(
    rel: str, modalities: Container[str] | None
) -> tuple[tuple[str, str] | None, str, str]:
    """A rel's two modalities, or what is wrong with it and how to mend it.

    Parameters
    ----------
    rel : str
        As it stands in the file.
    modalities : container of str or None
        Those of the catalogue, where there is one: it decides between several readings.

    Returns
    -------
    (modalities or None, found, fix)

    Examples
    --------
    >>> read_relation("audience_to_brand", None)
    (('audience', 'brand'), '', '')
    """
    ways = split_relation(rel)
    if len(ways) > 1 and modalities is not None:
        ways = [way for way in ways if way[0] in modalities and way[1] in modalities] or ways
    if not ways:
        fix = "write the two modalities, such as audience_to_brand"
        return None, f"rel {rel!r} does not name two modalities", fix
    if len(ways) > 1:
        readings = " or ".join(f"{source} + {target}" for source, target in ways)
        fix = "pass the catalogue, or give the modalities names without '_to_'"
        return None, f"rel {rel!r} splits in {len(ways)} ways at '_to_': {readings}", fix
    source, target = ways[0]
    if source == target:
        found = f"rel {rel!r} joins modality {source!r} with itself"
        return None, found, "edges join different modalities; remove the line"
    return ways[0], "", ""
