"""Jobs of kind ``blind``: predictions come in, rounded scores go out, labels stay in the home."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from campaignkit.errors import ArtifactError, EvaluationError
from campaignkit.service.jobs import Cost, NotThere, Plan
from campaignkit.service.kinds.kind import Files, Kind, Tell
from campaignkit.service.kinds.request import InputFile, Request, Whole
from campaignkit.store import TextFileKind, atomic_folder, read_text

if TYPE_CHECKING:
    from campaignkit.evaluation import BlindEvaluator

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
_LABELS, _SETTINGS, _LOG, _ROWS = "labels.csv", "manifest.json", "submissions.jsonl", "rows"
_KIND = TextFileKind(EvaluationError, "labels", "start it with id,label")


class BlindRequest(Request):
    """A submission to a set of labels, or a look at its standings without one.

    The file is ``{"name": "...", "predictions": {id: label or probabilities}}``. A look is a job
    like others, so another number in `look` asks anew.
    """

    set: Annotated[str, Field(pattern=_NAME)]
    predictions: InputFile | None = None
    look: Whole = 0


class BlindKind(Kind[BlindRequest]):
    """Scores a submission of the key; the limits of the set count for each key."""

    name: ClassVar[str] = "blind"
    request: ClassVar[type[Request]] = BlindRequest

    def plan(self, request: BlindRequest, files: Files) -> Plan:
        """What a submission must have, and what answers can reveal; nothing is scored."""
        blind = evaluator_at(files.home, request.set)
        notes = (
            f"{len(blind.ids):,} rows, {blind.num_public:,} of them public; labels in the order "
            f"of probabilities: {', '.join(blind.label_names)}",
            f"{blind.quota} scored and {blind.refused_quota} refused submissions a key; scores "
            f"of {blind.digits} digits, at most {blind.bits_per_submission:.1f} bits each and "
            f"{blind.quota * blind.bits_per_submission:.0f} bits in all",
        )
        rows = len(blind.ids) if request.predictions else 0
        return Plan(notes, Cost(rows=rows, bytes=1_000_000), max(rows, 1), "rows")

    def run(
        self, request: BlindRequest, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Score, and write ``standings.json``; a run after a kill gets the first one's score."""
        assert files.job is not None
        blind = evaluator_at(files.home, request.set)
        told: dict[str, Any] = {"bits_per_submission": round(blind.bits_per_submission, 1)}
        used = Cost()
        if request.predictions is not None:
            used = Cost(rows=len(blind.ids))
            (kept / _ROWS).write_text(str(used.rows))  # a refused submission costs its rows too
            content = files.path(request.predictions).read_bytes()
            score = blind.submit(files.job.owner, content, once=files.job.id)
            told["score"] = score.to_dict()
        standings = [asdict(standing) for standing in blind.standings()]
        for standing in standings:
            del standing["private_macro_f1"]
        out.mkdir()
        (out / "standings.json").write_text(json.dumps(standings, indent=2) + "\n")
        tell(1, 1)
        return told, used

    def spent(self, kept: Path) -> Cost:
        """The rows of a submission that was refused."""
        place = kept / _ROWS
        return Cost(rows=int(place.read_text())) if place.exists() else Cost()


def add_labels(home: Path, name: str, labels: Path, **settings: Any) -> BlindEvaluator:
    """Put a set of labels into a home, for the operator; nobody can download it.

    Raises
    ------
    EvaluationError
        If the labels cannot be held, or the settings are wrong.
    ArtifactError
        If there is a set of this name.
    """
    from campaignkit.evaluation import BlindEvaluator

    blind = BlindEvaluator.from_csv(labels, **settings)
    (home / "blind").mkdir(mode=0o700, exist_ok=True)
    with atomic_folder(home / "blind" / name) as folder:
        (folder / _LABELS).write_text(read_text(labels, _KIND), encoding="utf-8")
        (folder / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    return blind


def evaluator_at(home: Path, name: str) -> BlindEvaluator:
    """The evaluator of a set of labels in a home.

    Raises
    ------
    NotThere
        If there is none.
    """
    from campaignkit.evaluation import BlindEvaluator

    folder = home / "blind" / name
    try:
        settings = json.loads((folder / _SETTINGS).read_bytes())
    except FileNotFoundError:
        raise NotThere(f"there is no set of labels {name!r}", hint="ask the operator") from None
    except ValueError as err:
        raise ArtifactError(f"the settings of {name!r} were changed: {err}") from err
    return BlindEvaluator.from_csv(folder / _LABELS, log=folder / _LOG, **settings)
