"""What the gallery shows: real results of small runs, each with a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import campaignkit as ck
from campaignkit.report import charts
from campaignkit.report.annealing_trace import trace_annealing
from site_parts.exhibit import Exhibit
from site_parts.gallery_models import building, classifying, clusters

RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 3)}


def exhibits() -> Iterator[Exhibit]:
    """Every chart of the gallery."""
    yield from _sampling()
    yield from clusters()
    yield from building()
    yield from classifying()
    yield from _auditing()


def _sampling() -> Iterator[Exhibit]:
    graph = ck.build_graph(ck.Catalogue.bundled("retail-160"), scorer=ck.TraitScorer()).graph
    profile = ck.diagnose(graph, type_ranges=RANGES)
    spec = profile.suggest({"pos": 800, "avg": 1000, "neg": 800})
    dataset = ck.AnnealingSampler(graph, spec, seed=7).sample()
    yield Exhibit(
        "density", "Density and label boxes", "density_chart(profile, spec)",
        "unconstrained draws from the bundled catalogue, with the boxes that were suggested.",
        charts.density_chart(profile, spec),
    )  # fmt: skip
    yield Exhibit(
        "fractions", "Fractions by label", "fraction_chart(dataset, graph)",
        "every campaign of a sampled data set, in the box of its label.",
        charts.fraction_chart(dataset, graph),
    )  # fmt: skip
    hard = ck.SamplingSpec.model_validate(
        spec.model_dump()
        | {
            "label_params": {
                "pos": {
                    "pos_frac_range": [0.62, 1],
                    "neg_frac_range": [0, 0.05],
                    "num_samples": 200,
                },
                "neg": {
                    "pos_frac_range": [0, 0.1],
                    "neg_frac_range": [0.3, 1],
                    "num_samples": 200,
                },
                "avg": spec.label_params["avg"].model_dump(mode="json"),
            }
        }
    )
    yield Exhibit(
        "annealing", "An annealing trace", 'annealing_chart(trace_annealing(graph, spec, "pos"))',
        "one chain on its way into a rare box, as published: it stops at the first state inside.",
        charts.annealing_chart(trace_annealing(graph, hard, "pos", seed=11)),
    )  # fmt: skip
    rare = ck.AnnealingSampler(graph, hard, seed=7).sample()
    yield Exhibit(
        "acceptance", "Acceptance and mixing", "acceptance_chart(dataset)",
        "two rare labels by heat-bath annealing and a common one by rejection: the shares of rows "
        "near a bound lie where exact draws put them.",
        charts.acceptance_chart(rare),
    )  # fmt: skip
    train, test = dataset.split(test=0.3)
    yield Exhibit(
        "class-shares", "Labels in each version", 'class_share_chart({"1": dataset, ...})',
        "a data set, the parts of its split, and a later version with fewer rows of two labels.",
        charts.class_share_chart(
            {"version 1": dataset, "train side": train, "test side": test, "version 2": rare}
        ),
    )  # fmt: skip
    yield Exhibit(
        "neighbourhood", "One attribute's neighbourhood",
        'neighbourhood_chart(graph, ("brand", "Rolex"))',
        "all that the marketing rules say of Rolex.",
        charts.neighbourhood_chart(graph, ("brand", "Rolex")),
    )  # fmt: skip
    yield Exhibit(
        "signs", "Signs by modality", "sign_chart(graph)", "shares of + and − between modalities.",
        charts.sign_chart(graph),
    )  # fmt: skip
    starter = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    yield Exhibit(
        "sign-pairs", "Every pair of two modalities", 'sign_chart(graph, ("brand", "audience"))',
        "the same for single attributes, of the small bundled catalogue.",
        charts.sign_chart(starter, ("brand", "audience")),
    )  # fmt: skip


def _auditing() -> Iterator[Exhibit]:
    from campaignkit.evaluation import sweep_detection

    kinds = ["duplicate_rows", "missing_values", "outliers", "clicks_exceed_impressions"]
    table, earlier = ck.synthetic_table(2_000, seed=2), ck.synthetic_table(2_000, seed=1)
    rates = [0.01, 0.05, 0.2]
    sweeps = [
        sweep_detection(table, rates=rates, kinds=kinds),
        sweep_detection(table, history=earlier, rates=rates, kinds=kinds),
    ]
    yield Exhibit(
        "detection", "Audit: F1 by the rate of faults", "detection_chart(sweeps)",
        "faults injected into a synthetic table, with and without rules mined from earlier data.",
        charts.detection_chart(sweeps),
    )  # fmt: skip
