"""``campaignkit blind``: score predictions of people who do not see the labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.options import JsonOption, SeedOption
from campaignkit.apps.output import print_json
from campaignkit.apps.service_commands import HomeOption

blind_app = typer.Typer(
    help="Blind evaluation: score predictions without showing the labels.", no_args_is_help=True
)

LabelsArgument = Annotated[
    Path, typer.Argument(metavar="LABELS", help="A CSV with the columns id and label.")
]
PublicOption = Annotated[
    float, typer.Option("--public", metavar="X", help="Share of rows for public scores.")
]
QuotaOption = Annotated[
    int, typer.Option("--quota", metavar="N", help="Scored submissions per user.")
]


@blind_app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What requests call the labels.")],
    labels: LabelsArgument,
    *,
    home: HomeOption,
    public: PublicOption = 0.5,
    quota: QuotaOption = 10,
    digits: Annotated[
        int, typer.Option("--digits", metavar="N", help="Digits of the scores that are shown.")
    ] = 3,
    seed: SeedOption = 0,
) -> None:
    """Put labels into the home of a service, which takes submissions as jobs of kind blind."""
    from campaignkit.service import Home
    from campaignkit.service.kinds.blind import add_labels

    settings = {"public_frac": public, "quota": quota, "digits": digits, "seed": seed}
    blind = add_labels(Home(home).path, name, labels, **settings)
    print(f"{len(blind.ids):,} rows, {blind.num_public:,} of them public; a quota of {quota} can "
          f"reveal {quota * blind.bits_per_submission:,.0f} bits at most")  # fmt: skip


@blind_app.command("standings")
def standings(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What requests call the labels.")],
    *,
    home: HomeOption,
    private: Annotated[
        bool, typer.Option("--private", help="Show private scores, and sort by them.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Each user's best submission so far."""
    from dataclasses import asdict

    from campaignkit.service import Home
    from campaignkit.service.kinds.blind import evaluator_at

    found = evaluator_at(Home(home).path, name).standings(with_private=private)
    if json:
        print_json([asdict(standing) for standing in found])
        return
    for place, standing in enumerate(found, start=1):
        told = f"public {standing.public_macro_f1:.3f}"
        if standing.private_macro_f1 is not None:
            told += f"  private {standing.private_macro_f1:.4f}"
        print(f"{place:>3}  {standing.user:<24} {told}  ({standing.num_submissions} submissions)")
