"""The cluster pre-filter: embed, cluster, label, score, route, classify."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Literal, get_args

import numpy as np

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.checks import check_all, is_count, is_share
from campaignkit.edges.methods.brute_force import BruteForce
from campaignkit.edges.methods.prefilter.asking import (
    Descriptions,
    describe_attributes,
    description_calls,
    label_clusters,
    score_clusters,
)
from campaignkit.edges.methods.prefilter.clustering import (
    HDBSCAN,
    PCA,
    UMAP,
    Clusterer,
    Clustering,
    NoiseRule,
    Reduction,
    cluster_catalogue,
)
from campaignkit.edges.methods.prefilter.planning import (
    CLASSIFY,
    ExpectedCalls,
    expected_calls,
    plan_prefilter,
)
from campaignkit.edges.methods.prefilter.prefiltering import DETAIL, Prefiltering
from campaignkit.edges.methods.prefilter.prompts import PrefilterPrompts
from campaignkit.edges.methods.prefilter.routing import (
    Bands,
    CallPacking,
    enter_routes,
    pair_calls,
    route_pairs,
    score_calls,
)
from campaignkit.edges.plan import GraphPlan
from campaignkit.edges.report import GraphBuild
from campaignkit.edges.session import BuildSession
from campaignkit.edges.states import PairStates
from campaignkit.embed import Embedder, HashingEmbedder, embed_texts
from campaignkit.errors import GraphError
from campaignkit.llm import ChatModel
from campaignkit.store import digest_json

Describe = Literal["missing", "all", "never"]
COUNTS = (
    "min_attributes", "batch_size", "targets_per_call", "described_per_call", "labels_per_call"
)  # fmt: skip
WORDS: dict[str, object] = {"noise": NoiseRule, "describe": Describe, "packing": CallPacking}
KINDS: dict[str, type] = {
    "model": ChatModel, "embedder": Embedder, "reduction": Reduction, "clusterer": Clusterer,
    "bands": Bands, "prompts": PrefilterPrompts,
}  # fmt: skip
# A name that stands for a kind of thing; ages, prices and places would outweigh it.
KIND_TRAITS = ("category", "group", "kind", "type", "sector", "industry")


@dataclass(frozen=True, slots=True)
class ClusterPrefilter:
    """The published pre-filter: a model scores clusters, and only pairs in doubt are judged.

    Each attribute's description is embedded; each large modality is clustered by itself; the
    model names the clusters and scores every two of different modalities from 0 to 10, or null
    where the combination is not viable. Extreme scores are inherited by the members' pairs, those
    between the bands are discarded, the rest is judged pair by pair by the build's scorer.

    Fewer calls, at the price of edges: in the published comparison 67.7% of brute force's edges
    were found, 98.0% of those with the same sign. `ActiveBuilder` does better with the same calls.

    Parameters
    ----------
    model : ChatModel, optional
        Who describes, names and scores; the scorer's own model without it.
    embedder : Embedder
        What places descriptions; `HashingEmbedder()` goes by words, `MiniLMEmbedder()` by meaning.
    reduction : Reduction
        `PCA(15)`, or `UMAP(15)` as published.
    clusterer : Clusterer
        `HDBSCAN(min_samples=1)`: a point is dense where one neighbour is near. Published:
        `HDBSCAN()`, which leaves more as noise.
    min_attributes : int
        A modality with fewer is not clustered: each of its attributes stands for itself.
    max_cluster_frac : float or None
        No cluster holds more of its modality: larger ones are clustered again by themselves. None:
        as large as they come, as published; of real names nine in ten may then end up in one.
    noise : {"nearest", "alone"}
        Noise goes to the nearest cluster and is flagged, so that it inherits no sign; or each is
        a cluster of its own.
    bands : Bands
        Where scores are cut and what is inherited.
    describe : {"missing", "all", "never"}
        Which attributes the model describes first.
    batch_size, targets_per_call, described_per_call, labels_per_call : int
        Pairs judged, target clusters scored, attributes described and clusters named in one call,
        at most.
    packing : {"mixed", "published"}
        What a call that scores clusters or judges pairs holds: one source and targets of any
        modality, or of one, as published, which takes more calls.
    temperature : float or None
        Of the model; 0.15 as published.
    prompts : PrefilterPrompts
        The wording of descriptions, labels and scores.
    brute_force_from : float or None
        From this share of brute force's calls on, expected before anything is sent, all pairs are
        judged instead; None never does that.

    Raises
    ------
    GraphError
        With every parameter that is none of its kind.

    Examples
    --------
    >>> method = ClusterPrefilter.published(embedder=HashingEmbedder())
    >>> method.reduction.name.split(",")[0], method.bands.inherit_positive
    ('UMAP(15', 8.0)
    >>> from campaignkit.catalogue import Catalogue
    >>> clustering = ClusterPrefilter().cluster(Catalogue.bundled("retail-160"))
    >>> max(len(cluster) for cluster in clustering.of("brand"))  # of 60
    5
    """

    model: ChatModel | None = None
    embedder: Embedder = field(default_factory=HashingEmbedder)
    reduction: Reduction = field(default_factory=PCA)
    clusterer: Clusterer = field(default_factory=lambda: HDBSCAN(min_samples=1))
    min_attributes: int = 15
    max_cluster_frac: float | None = 0.25
    noise: NoiseRule = "nearest"
    bands: Bands = field(default_factory=Bands)
    describe: Describe = "missing"
    batch_size: int = 25
    targets_per_call: int = 25
    described_per_call: int = 10
    labels_per_call: int = 10
    packing: CallPacking = "mixed"
    temperature: float | None = 0.15
    prompts: PrefilterPrompts = field(default_factory=PrefilterPrompts)
    brute_force_from: float | None = 0.9

    def __post_init__(self) -> None:
        settings: dict[str, tuple[object, bool, str]] = {}
        for name in COUNTS:
            number = getattr(self, name)
            settings[name] = (number, is_count(number), "an integer from 1 on")
        for name in ("max_cluster_frac", "brute_force_from"):
            share = getattr(self, name)
            is_right = share is None or (is_share(share) and share > 0)
            settings[name] = (share, is_right, "more than 0, up to 1, or None")
        for name, words in WORDS.items():
            word = getattr(self, name)
            settings[name] = (word, word in get_args(words), f"one of {get_args(words)}")
        for name, held in KINDS.items():
            given = getattr(self, name)
            is_right = isinstance(given, held) and not isinstance(given, type)
            is_right |= name == "model" and given is None
            settings[name] = (given, is_right, f"an object with what a {held.__name__} has")
        check_all("ClusterPrefilter cannot be set like this", settings, error=GraphError)

    @classmethod
    def published(cls, *, embedder: Embedder, model: ChatModel | None = None) -> ClusterPrefilter:
        """The published settings: UMAP to 15 dimensions, HDBSCAN from 2, bands and packing.

        Parameters
        ----------
        embedder : Embedder
            Published with ``GeminiEmbedder("gemini-embedding-2-preview")``. With any other it is
            the published settings with another embedder, and not the published method.
        model : ChatModel, optional
            As in the class; published with gemini-3.1-flash-lite-preview.
        """
        return cls(
            model=model,
            embedder=embedder,
            reduction=UMAP(15),
            clusterer=HDBSCAN(min_cluster_size=2),
            max_cluster_frac=None,
            describe="all",
            labels_per_call=1,
            packing="published",
            brute_force_from=None,
        )

    @property
    def identity(self) -> str:
        """What tells its builds from others in a store: everything its calls depend on."""
        settings = ", ".join(f"{name}={value}" for name, value in self._settings().items())
        return f"ClusterPrefilter({settings})"

    def build(self, session: BuildSession) -> PairStates:
        """Decide every pair; what was done goes into ``session.details["prefilter"]``.

        Raises
        ------
        GraphError
            If there is no model to name and score clusters.
        """
        expected = expected_calls(self, session.pairs)
        allowed = session.calls_allowed
        affordable = allowed is None or allowed >= len(expected.brute_force)
        if self.is_as_dear_as_brute_force(expected) and affordable:
            session.details[DETAIL] = "brute force costs hardly more: all pairs were judged"
            return BruteForce(self.batch_size, self.packing).build(session)
        if self.model is None and session.resolved.asks_model is None:
            raise GraphError(
                "ClusterPrefilter needs a model to score clusters, and the scorer has none",
                hint="pass ClusterPrefilter(model=GeminiModel(...)), or build with "
                "scorer=LLMEdgeScorer(model); descriptions alone (a column `description`) "
                "save the calls that describe, not those that score",
            )

        ask = partial(session.ask, model=self.model)
        # 0. describe, so that there is something to embed
        described = Descriptions(session.catalogue, {})
        if self.describe != "never":
            described = describe_attributes(
                session.catalogue,
                ask,
                only_missing=self.describe == "missing",
                per_call=self.described_per_call,
                prompts=self.prompts,
                temperature=self.temperature,
            )
        session.warnings += [
            f"no guide for modality {modality!r}: described by general points; "
            "PrefilterPrompts(guides=...) takes one"
            for modality in described.by_fallback
        ]
        # 1. embed, 2. cluster
        clustering = self.cluster(described.catalogue, seed=session.seed)
        # 3. label
        labels = label_clusters(
            clustering,
            ask,
            per_call=self.labels_per_call,
            prompts=self.prompts,
            temperature=self.temperature,
        )
        # 4. score
        calls = score_calls(
            clustering, packing=self.packing, targets_per_call=self.targets_per_call
        )
        scores = score_clusters(
            clustering,
            labels,
            ask,
            calls=calls,
            prompts=self.prompts,
            temperature=self.temperature,
            seed=session.seed,
        )
        # 5. route
        routing = route_pairs(session.pairs, clustering, scores, self.bands)
        enter_routes(session.states, routing, scores, labels)
        session.details[DETAIL] = Prefiltering(
            clustering=clustering,
            labels=tuple(labels),
            scores=tuple(scores),
            bands=self.bands,
            pairs_by_route=routing.counts(),
            settings=self._settings(),
            described={
                position: new.description
                for position, new in enumerate(described.catalogue)
                if new.description != session.catalogue[position].description
            },
            not_described=described.failures,
            by_fallback=described.by_fallback,
        ).to_dict()
        # 6. classify
        rows = np.flatnonzero(routing.classified)
        session.judge(
            pair_calls(session.pairs, rows, packing=self.packing, batch_size=self.batch_size),
            stage=CLASSIFY,
        )
        return session.states

    def cluster(self, catalogue: Catalogue, *, seed: int = 0) -> Clustering:
        """The first two steps alone, without a model: to see what would be scored."""
        rows = embed_texts(self.embedder, [embedded_text(a) for a in catalogue])
        return cluster_catalogue(
            catalogue,
            rows,
            reduction=self.reduction,
            clusterer=self.clusterer,
            min_attributes=self.min_attributes,
            max_cluster_frac=self.max_cluster_frac,
            noise=self.noise,
            seed=seed,
        )

    @staticmethod
    def inspect(build: GraphBuild) -> Prefiltering:
        """What the pre-filter of a build did: clusters, labels, scores, what was left out."""
        return Prefiltering.of(build)

    def plan(
        self,
        catalogue: Catalogue,
        *,
        model: object = None,
        prices: object = None,
        budget: object = None,
    ) -> GraphPlan:
        """What it is expected to ask: clusters of three, and about half of the pairs judged.

        An estimate, no bound. Where it comes to `brute_force_from` of brute force, that is what
        is planned, and done.
        """
        asked = self.model if model is None else model
        return plan_prefilter(self, catalogue, model=asked, prices=prices)

    def describable(self, catalogue: Catalogue) -> list[list[int]]:
        """Whose descriptions it asks for: catalogue positions of each call."""
        if self.describe == "never":
            return []
        return description_calls(
            catalogue,
            only_missing=self.describe == "missing",
            per_call=self.described_per_call,
        )

    def is_as_dear_as_brute_force(self, expected: ExpectedCalls) -> bool:
        """Whether the calls it is expected to make are too many to be worth their price."""
        limit = self.brute_force_from
        return limit is not None and expected.share_of_brute_force >= limit

    def _settings(self) -> dict[str, str]:
        held = self.bands
        return {
            "model": "the scorer's" if self.model is None else self.model.name,
            "embedder": self.embedder.name,
            "reduction": self.reduction.name,
            "clusterer": self.clusterer.name,
            "min_attributes": str(self.min_attributes),
            "max_cluster_frac": str(self.max_cluster_frac),
            "noise": self.noise,
            "bands": f"{held.positive:g}, {held.negative:g}; inherited from "
            f"{held.inherit_positive:g}, up to {held.inherit_negative:g}",
            "describe": self.describe,
            "batches": ", ".join(str(getattr(self, name)) for name in COUNTS[1:]),
            "packing": self.packing,
            "temperature": str(self.temperature),
            "prompts": f"{self.prompts.template('*')} {digest_json(asdict(self.prompts))[7:15]}",
        }


def embedded_text(attribute: Attribute) -> str:
    """What is embedded of an attribute: its name, what kind of thing it is, its description.

    The kind are its traits `category`, `group` and the like; where it has neither these nor a
    description, all its traits.

    Examples
    --------
    >>> traits = {"category": ["shoes", "sportswear"], "price_tier": "mid"}
    >>> embedded_text(Attribute("brand", "Nike", "Dresses athletes.", traits=traits))
    'Nike: shoes, sportswear. Dresses athletes.'
    """
    kinds = [name for name in KIND_TRAITS if name in attribute.traits]
    shown = kinds or ([] if attribute.description else list(attribute.traits))
    told = [", ".join(attribute.items(name)) for name in shown]
    return f"{attribute.value}: {'. '.join([*told, attribute.description])}".rstrip(": ")
