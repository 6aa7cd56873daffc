"""Jobs of kind ``diagnose``: how dense campaigns of a graph are, as ``campaignkit diagnose``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from campaignkit.errors import SettingError
from campaignkit.service.jobs import Cost, Plan
from campaignkit.service.kinds.kind import Files, Kind, Tell
from campaignkit.service.kinds.request import OF_JSON, InputFile, Number, Request, Text, Whole


class DiagnoseRequest(Request):
    """What ``campaignkit diagnose`` takes: a spec, or the ranges of modalities."""

    graph: InputFile
    spec: InputFile | None = None
    ranges: dict[Text, tuple[Whole, Whole]] | None = None
    suggest: dict[Text, Whole] | None = None
    widen: Number = 0.25
    draws: Annotated[int, Field(ge=1, le=1_000_000), OF_JSON] = 10_000
    seed: Whole = 0


class DiagnoseKind(Kind[DiagnoseRequest]):
    """Profiles unconstrained draws, suggests labels and says whether a campaign can carry them."""

    name: ClassVar[str] = "diagnose"
    request: ClassVar[type[Request]] = DiagnoseRequest

    def plan(self, request: DiagnoseRequest, files: Files) -> Plan:
        """The draws of the profile."""
        from campaignkit.graph import SignedGraph

        if (request.spec is None) == (request.ranges is None):
            raise SettingError("expected a spec or ranges, and one of them")
        SignedGraph.read_csv(files.path(request.graph))
        return Plan((), Cost(rows=request.draws, bytes=1_000_000), 1, "steps")

    def run(
        self, request: DiagnoseRequest, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Write ``diagnosis.json``, what the command prints, and a suggested spec."""
        from campaignkit.diagnosis import diagnose, diagnosis_json, feasible
        from campaignkit.graph import SignedGraph
        from campaignkit.spec import SamplingSpec

        labels = None if request.spec is None else SamplingSpec.read(files.path(request.spec))
        graph = SignedGraph.read_csv(files.path(request.graph))
        ranges = labels.type_ranges if labels is not None else request.ranges or {}
        profile = diagnose(graph, type_ranges=ranges, num_draws=request.draws, seed=request.seed)
        out.mkdir()
        if request.suggest:
            labels = profile.suggest(request.suggest, widen=request.widen)
            labels.write(out / "spec.json")
        verdicts = None if labels is None else feasible(graph, labels)
        told = diagnosis_json(profile, labels, verdicts)
        (out / "diagnosis.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        tell(1, 1)
        return told, Cost(rows=request.draws)
