"""``campaignkit recommend``: the best rest of a campaign of which a part is known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.names import ranges_of
from campaignkit.apps.options import JsonOption, RangesOption
from campaignkit.apps.output import print_json
from campaignkit.apps.working import working
from campaignkit.errors import Fault, SettingError


def recommend_command(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="Campaigns with labels, of which a model is made; a saved model; or a graph.",
        ),
    ],
    *,
    known: Annotated[
        list[str] | None,
        typer.Option("--known", metavar="NAME=VALUE", help="Once for each value: brand=Nike."),
    ] = None,
    free: Annotated[
        list[str] | None,
        typer.Option("--free", metavar="NAME", help="To choose; by default all that is unknown."),
    ] = None,
    forbid: Annotated[
        list[str] | None,
        typer.Option("--forbid", metavar="NAME=VALUE", help="Once for each value to leave out."),
    ] = None,
    ranges: RangesOption = None,
    count: Annotated[int, typer.Option("--count", metavar="N", help="How many.")] = 5,
    diversity: Annotated[
        float, typer.Option("--diversity", metavar="SHARE", help="0: the best; 1: unlike others.")
    ] = 0.65,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Which single changes of what is known help most.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Complete a campaign: the best values of what is free, how sure that is, and why."""
    from campaignkit.recommend import recommender_at

    given, ranged = _values(known, "--known"), ranges_of(ranges or [])
    with working("recommending"):
        recommender = recommender_at(model)
        if what_if:
            changes = recommender.what_if(given, free=free or None, type_ranges=ranged)
            lines, told = [*map(str, changes)], [*map(asdict, changes)]
        else:
            advice = recommender.complete(
                given, k=count, diversity=diversity, free=free or None, type_ranges=ranged,
                forbidden=_values(forbid, "--forbid"),
            )  # fmt: skip
            lines, told = [], [asdict(of) for of in advice]
            for rank, of in enumerate(advice, 1):
                lines += [f"{rank}. {of}", *(f"     {reason}" for reason in of.reasons)]
            lines += [f"note: {warning}" for warning in advice[0].warnings]
    if json:
        print_json(told)
    else:
        print("\n".join(lines))


def _values(texts: list[str] | None, option: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts or ():
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (name and sign and value):
            fault = Fault(option, f"{text!r} is not NAME=VALUE", "such as brand=Nike")
            raise SettingError(f"{option} cannot be read", faults=[fault])
        found.setdefault(name, []).append(value)
    return found
