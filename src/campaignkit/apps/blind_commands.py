"""``campaignkit blind``: score predictions of people who do not see the labels."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.options import JsonOption, SeedOption
from campaignkit.apps.output import print_json
from campaignkit.errors import EvaluationError

blind_app = typer.Typer(
    help="Blind evaluation: score predictions without showing the labels.", no_args_is_help=True
)

LabelsArgument = Annotated[
    Path, typer.Argument(metavar="LABELS", help="A CSV with the columns id and label.")
]
LogOption = Annotated[
    Path, typer.Option("--log", metavar="FILE", help="Log of all submissions (JSON lines).")
]
PublicOption = Annotated[
    float, typer.Option("--public", metavar="X", help="Share of rows for public scores.")
]
QuotaOption = Annotated[
    int, typer.Option("--quota", metavar="N", help="Scored submissions per user.")
]


@blind_app.command("serve")
def serve(
    labels: LabelsArgument,
    *,
    tokens: Annotated[
        Path, typer.Option("--tokens", metavar="FILE", help="JSON: a secret for each user.")
    ],
    log: LogOption,
    public: PublicOption = 0.5,
    quota: QuotaOption = 10,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="Which port.")] = 8000,
    seed: SeedOption = 0,
) -> None:
    """Take submissions over HTTP until stopped. Needs the extra service."""
    from campaignkit.evaluation import BlindEvaluator
    from campaignkit.evaluation.blind_service import blind_app as make_app
    from campaignkit.extras import require

    server = require("uvicorn", extra="service", user="campaignkit blind serve")
    evaluator = BlindEvaluator.from_csv(
        labels, public_frac=public, quota=quota, log=log, seed=seed
    )
    app = make_app(evaluator, tokens=_read_tokens(tokens))
    print(f"{len(evaluator.ids):,} rows, {evaluator.num_public:,} of them public; "
          f"http://{host}:{port}/ explains how to submit")  # fmt: skip
    server.run(app, host=host, port=port, log_level="warning")


@blind_app.command("standings")
def standings(
    labels: LabelsArgument,
    *,
    log: LogOption,
    private: Annotated[
        bool, typer.Option("--private", help="Show private scores, and sort by them.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Each user's best submission so far."""
    from dataclasses import asdict

    from campaignkit.evaluation import BlindEvaluator

    if not log.is_file():
        raise EvaluationError(f"there is no log at {log}", hint="give the --log of blind serve")
    found = BlindEvaluator.from_csv(labels, log=log).standings(with_private=private)
    if json:
        print_json([asdict(standing) for standing in found])
        return
    for place, standing in enumerate(found, start=1):
        told = f"public {standing.public_macro_f1:.3f}"
        if standing.private_macro_f1 is not None:
            told += f"  private {standing.private_macro_f1:.4f}"
        print(f"{place:>3}  {standing.user:<24} {told}  ({standing.num_submissions} submissions)")


def _read_tokens(path: Path) -> dict[str, str]:
    from campaignkit.store import TextFileKind, read_text

    text = read_text(path, TextFileKind(EvaluationError, "tokens", 'write {"ana": "a secret"}'))
    try:
        told = json_module.loads(text)
    except ValueError as err:
        raise EvaluationError(f"{path} is not JSON: {err}", hint='{"ana": "a secret"}') from err
    if not isinstance(told, dict) or not all(isinstance(token, str) for token in told.values()):
        raise EvaluationError(
            f"{path} contains no token for each user", hint='{"ana": "a secret"}'
        )
    return told
