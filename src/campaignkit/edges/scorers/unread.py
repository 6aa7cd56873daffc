"""Which traits of a catalogue no rule reads, and the nearest header or value that rules know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.catalogue.clean_text import folded
from campaignkit.edges.scorers.comparisons import (
    Ages,
    Cases,
    Comparison,
    Distance,
    Overlap,
    parse_ages,
)
from campaignkit.edges.scorers.rules import TraitRule
from campaignkit.errors import Fault
from campaignkit.tables.schema import MARKETING, Role

_NEAR, _VERY_NEAR = 0.75, 0.8  # of 1, how alike two names of traits, of modalities are at least


def unread(catalogue: Catalogue, rules: Sequence[TraitRule]) -> list[Fault]:
    """Traits, items of traits and modalities that may be meant for others, with these.

    Examples
    --------
    >>> from campaignkit.edges import TRAIT_RULES
    >>> shop = Attribute("brand", "Shop", traits={"price tier": "luxury", "income": "hihg"})
    >>> print(*unread(Catalogue([shop]), TRAIT_RULES), sep="\\n")
    trait 'price tier': is read by no rule (call it price_tier)
    trait 'income': no rule knows 'hihg' of brand: Shop (write high)
    """
    holders: dict[str, list[Attribute]] = {}
    for attribute in catalogue:
        for trait in attribute.traits:
            holders.setdefault(trait, []).append(attribute)
    known = sorted({name for rule in rules for name in _headers(rule)})
    listed = f"rules read {', '.join(known)}"
    if not holders:
        return [Fault("traits", "no attribute has any", listed), *_modalities(catalogue)]
    meant = {trait: trait if trait in known else _nearest(trait, known) for trait in holders}
    faults = [
        Fault(f"trait {trait!r}", "is read by no rule", f"call it {near}" if near else "")
        for trait, near in meant.items()
        if trait != near
    ]
    if not any(trait in known for trait in holders):
        faults.append(Fault("traits", f"none of {len(holders)} is read by a rule", listed))
    seen: set[str] = set()  # what is written otherwise elsewhere is told once
    for trait, held in holders.items():
        first = {item: one for one in reversed(held) for item in one.items(trait)}
        for item, near in _misspelled(first, meant[trait], catalogue, rules):
            if near not in seen:
                seen |= {item, near}
                found = f"no rule knows {item!r:.60} of {first[item]}"
                faults.append(Fault(f"trait {trait!r}", found, f"write {near}"))
    return [*faults, *_modalities(catalogue)]


def _misspelled(
    items: Mapping[str, Attribute], trait: str, catalogue: Catalogue, rules: Sequence[TraitRule]
) -> Iterator[tuple[str, str]]:
    """Items that no rule knows, each with what was meant."""
    own = [(rule.compare, *ends) for rule in rules for ends in _ends(rule) if ends[0] == trait]
    fixed = list(
        dict.fromkeys(word for compare, *_, side in own for word in _words(compare, side))
    )
    theirs = {other for compare, _, other, _ in own if isinstance(compare, Overlap)} - {trait}
    others = {item for one in catalogue for name in theirs for item in one.items(name)}
    if any(isinstance(compare, Overlap) and compare.by_name for compare, *_ in own):
        others |= {one.value for one in catalogue}
    same = {folded(word): word for word in sorted({*fixed, *others})}
    is_age = any(trait in _of_ages(rule) for rule in rules)
    for item in sorted({*items} - {*fixed, *others}):
        if is_age:
            if parse_ages(item) is None:
                yield item, "years, such as 18-34 or 55+"
        elif near := same.get(folded(item)) or _nearest(item, fixed):
            yield item, near


def _ends(rule: TraitRule) -> tuple[tuple[str, str, int], tuple[str, str, int]]:
    return (rule.first, rule.second, 0), (rule.second, rule.first, 1)


def _words(compare: Comparison, side: int) -> Iterable[str]:
    """The items that a comparison names itself."""
    if isinstance(compare, Distance):
        return compare.ladder
    if isinstance(compare, Cases):
        return [(one, other)[side] for one, other, *_ in compare.cases]
    return compare.only_between if isinstance(compare, Overlap) else ()


def _headers(rule: TraitRule) -> tuple[str, ...]:
    return tuple(name for name in (rule.first, rule.second, *_of_ages(rule)) if name)


def _of_ages(rule: TraitRule) -> tuple[str, ...]:
    """The traits in which a rule looks for years."""
    compare = rule.compare
    return (compare.reads or (rule.first, rule.second)) if isinstance(compare, Ages) else ()


def _nearest(name: str, known: Sequence[str], *, near: float = _NEAR) -> str:
    folds: Mapping[str, str] = {_plain(word): word for word in reversed(known)}
    found = get_close_matches(_plain(name), folds, n=1, cutoff=near)
    return folds[found[0]] if found else ""


def _plain(name: str) -> str:
    return folded(name).replace("_", " ").replace("-", " ")


def _modalities(catalogue: Catalogue) -> list[Fault]:
    """Modalities by another name than usual, and those that seem to be misspelled."""
    matching = MARKETING.match(catalogue.modalities)
    usual = [column.name for column in MARKETING.columns if column.role is Role.DIMENSION]
    size = {name: len(catalogue.of(name)) for name in catalogue.modalities}
    faults = []
    for name, num in size.items():
        standard = matching.standard(name)
        larger = [other for other in size if size[other] > num]
        if standard in usual and standard != name:
            faults.append(Fault(f"modality {name!r}", f"is what campaign tables call {standard}"))
        elif standard is None and (near := _nearest(name, [*larger, *usual], near=_VERY_NEAR)):
            faults.append(
                Fault(f"modality {name!r}", "is a modality of its own", f"call it {near}")
            )
    return faults
