"""Jobs of kind ``dataset``: labelled campaigns, as ``campaignkit dataset generate`` draws them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from campaignkit.progress import CallProgress
from campaignkit.service.jobs import Cost, Plan
from campaignkit.service.kinds.kind import Files, Kind, Tell
from campaignkit.service.kinds.request import InputFile, Request, Whole

if TYPE_CHECKING:
    from campaignkit.sample import AnnealingSampler

_ROOM = 1_000_000  # bytes of manifest, vocabulary, evaluation and quality


class DatasetRequest(Request):
    """What ``campaignkit dataset generate`` takes."""

    graph: InputFile
    spec: InputFile
    seed: Whole = 0
    format: Literal["jsonl", "parquet"] = "jsonl"


class DatasetKind(Kind[DatasetRequest]):
    """Draws the campaigns of a spec."""

    name: ClassVar[str] = "dataset"
    request: ClassVar[type[Request]] = DatasetRequest

    def plan(self, request: DatasetRequest, files: Files) -> Plan:
        """How each label would be sampled, or the sampler's reason why one cannot be."""
        sampler = _sampler(request, files)
        rows = sampler.spec.num_samples
        told = tuple(
            f"{plan.label}: {plan.strategy.name} ({plan.reason})" for plan in sampler.plans
        )
        return Plan(told, Cost(rows=rows, bytes=_most_bytes(sampler)), rows, "campaigns")

    def run(
        self, request: DatasetRequest, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Draw, chunk by chunk; chunks are kept until the folder is whole."""
        sampler = _sampler(request, files)
        sampler.write(
            out, format=request.format, checkpoint=kept, replace=True,
            progress=CallProgress(lambda stage, *far: tell(*far) if stage == "sampling" else None),
        )  # fmt: skip
        evaluation = json.loads((out / "evaluation.json").read_bytes())
        return {"seed": request.seed, "evaluation": evaluation}, Cost(
            rows=sampler.spec.num_samples
        )


def _sampler(request: DatasetRequest, files: Files) -> AnnealingSampler:
    from campaignkit.graph import SignedGraph
    from campaignkit.sample import AnnealingSampler
    from campaignkit.spec import SamplingSpec

    spec = SamplingSpec.read(files.path(request.spec))
    graph = SignedGraph.read_csv(files.path(request.graph))
    return AnnealingSampler(graph, spec, seed=request.seed)


def _most_bytes(sampler: AnnealingSampler) -> int:
    """The most that the lines of the campaigns take, from the longest values and most of them."""
    longest: dict[str, int] = {}
    for modality, value in sampler.vocabulary.keys:
        longest[modality] = max(longest.get(modality, 0), len(json.dumps(value)))
    row = 40 + max(map(len, sampler.spec.label_params))
    for modality, (_, high) in sampler.spec.type_ranges.items():
        row += len(modality) + 6 + high * (longest.get(modality, 0) + 1)
    return _ROOM + row * sampler.spec.num_samples
