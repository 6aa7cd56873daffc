"""Jobs of kind ``recommend``: the best rest of a campaign, as ``campaignkit recommend``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from campaignkit.service.jobs import Cost, Plan
from campaignkit.service.kinds.kind import Files, Kind, Tell
from campaignkit.service.kinds.request import OF_JSON, InputFile, Request, Share, Text, Whole

Values = dict[Text, list[Text]]


class RecommendRequest(Request):
    """What ``campaignkit recommend`` takes; the model is campaigns with labels, or a graph."""

    model: InputFile
    known: Values = Field(default_factory=dict)
    free: list[Text] | None = None
    forbidden: Values = Field(default_factory=dict)
    ranges: dict[Text, tuple[Whole, Whole]] = Field(default_factory=dict)
    count: Annotated[int, Field(ge=1, le=1_000), OF_JSON] = 5
    diversity: Share = 0.65
    what_if: bool = False


class RecommendKind(Kind[RecommendRequest]):
    """Completes a campaign, or says which single changes of it help most."""

    name: ClassVar[str] = "recommend"
    request: ClassVar[type[Request]] = RecommendRequest

    def plan(self, request: RecommendRequest, files: Files) -> Plan:
        """How many recommendations; the model is fitted in the job."""
        files.path(request.model)
        return Plan((), Cost(rows=request.count, bytes=1_000_000), request.count, "campaigns")

    def run(
        self, request: RecommendRequest, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Write ``advice.json``, what the command prints."""
        from campaignkit.recommend import recommender_at

        recommender = recommender_at(files.path(request.model))
        if request.what_if:
            changes = recommender.what_if(
                request.known, free=request.free, type_ranges=request.ranges
            )
            told = [*map(asdict, changes)]
        else:
            advice = recommender.complete(
                request.known, k=request.count, diversity=request.diversity, free=request.free,
                type_ranges=request.ranges, forbidden=request.forbidden,
            )  # fmt: skip
            told = [*map(asdict, advice)]
        out.mkdir()
        (out / "advice.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        tell(len(told), request.count)
        return {"num_recommendations": len(told)}, Cost(rows=len(told))
