"""The cluster pre-filter: embed, cluster, label, score, route, classify."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.checks import check_all, is_count, is_share
from campaignkit.edges.methods.brute_force import BruteForce
from campaignkit.edges.methods.packing import pack
from campaignkit.edges.methods.prefilter.asking import (
    DESCRIBE,
    LABEL,
    SCORE,
    Descriptions,
    describe_attributes,
    label_clusters,
    score_clusters,
)
from campaignkit.edges.methods.prefilter.clustering import (
    HDBSCAN,
    PCA,
    UMAP,
    Cluster,
    Clusterer,
    Clustering,
    NoiseRule,
    Reduction,
    cluster_catalogue,
)
from campaignkit.edges.methods.prefilter.prompts import PrefilterPrompts
from campaignkit.edges.methods.prefilter.routing import (
    Bands,
    CallPacking,
    Prefiltering,
    enter_routes,
    score_calls,
)
from campaignkit.edges.pairs import PairStates, PairTable, chunks
from campaignkit.edges.plan import GraphPlan, StagePlan, planned
from campaignkit.edges.report import GraphBuild
from campaignkit.edges.session import BuildSession
from campaignkit.embed import Embedder, HashingEmbedder, embed_texts
from campaignkit.errors import GraphError
from campaignkit.llm import CallFailed, ChatModel, Reply, Request, Usage, schema_of
from campaignkit.llm.numbered import Ask
from campaignkit.seeds import stream
from campaignkit.store import digest_json

Describe = Literal["missing", "all", "never"]
# A name that stands for a kind of thing; ages, prices and places would outweigh it.
KIND_TRAITS = ("category", "group", "kind", "type", "sector", "industry")
DETAIL, CLASSIFY = "prefilter", "classify pairs"  # among a report's details; a stage
# Five simulated worlds of 160 attributes: 150 of them in 37 clusters, and of the pairs 44% judged.
_CLUSTER_SIZE, _JUDGED_FRAC = 4, 0.45
# What a model is expected to answer, by stage, and about how many tokens that are: a description
# is as long as six sentences.
_LABEL = {"label": "x" * 20, "summary": "x" * 100, "characteristics": ["x" * 25] * 3}
_EXPECTED = {DESCRIBE: ("x" * 700, 180), LABEL: (_LABEL, 60), SCORE: (5, 6)}


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
        No cluster contains more of its modality: larger ones are clustered again by themselves.
        None: as large as they come, as published; of real names nine in ten may then end up in
        one.
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
        What a call that scores clusters or judges pairs contains: one source and targets of any
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
    ('UMAP(dimensions=15', 8.0)
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
        for name, kind in get_type_hints(type(self)).items():
            given = getattr(self, name)
            if kind is int:
                is_right, expected = is_count(given), "an integer from 1 on"
            elif get_origin(kind) is Literal:
                is_right, expected = given in get_args(kind), f"one of {get_args(kind)}"
            elif name in ("max_cluster_frac", "brute_force_from"):
                is_right = given is None or (is_share(given) and given > 0)
                expected = "more than 0, up to 1, or None"
            elif name == "temperature":
                is_right, expected = given is None or is_share(given, high=2.0), "0 to 2 or None"
            else:
                is_right = isinstance(given, kind) and not isinstance(given, type)
                expected = f"an object with what {name} needs"
            settings[name] = (given, is_right, expected)
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
        expected = self.plan(session.catalogue)
        allowed = session.calls_allowed
        if expected.is_bound and (allowed is None or allowed >= expected.calls):
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
        found = self._ask(session.catalogue, ask, self.cluster, seed=session.seed)
        session.warnings += [
            f"no guide for modality {modality!r}: described by general points; "
            "PrefilterPrompts(guides=...) takes one"
            for modality in found.by_fallback
        ]
        session.details[DETAIL] = found.to_dict()
        rows = enter_routes(session.states, session.pairs, found)
        calls = pack(session.pairs, self.packing, batch_size=self.batch_size, rows=rows)
        session.judge(calls, stage=CLASSIFY)
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
        """What the pre-filter of a build did: clusters, labels, scores, what was left out.

        Raises
        ------
        GraphError
            If the build was made by another method.
        """
        held = build.report.details.get(DETAIL)
        if isinstance(held, str):
            raise GraphError(
                f"the pre-filter was not used: {held}",
                hint="ClusterPrefilter(brute_force_from=None) uses it anyway",
            )
        if not isinstance(held, Mapping):
            raise GraphError(
                "this build was not made by ClusterPrefilter",
                hint="build_graph(..., method=ClusterPrefilter(...)) makes one",
            )
        return Prefiltering.from_dict(held, catalogue=build.graph.catalogue)

    def plan(
        self,
        catalogue: Catalogue,
        *,
        model: object = None,
        prices: object = None,
        budget: object = None,
    ) -> GraphPlan:
        """What it is expected to ask: clusters of four, and 45% of the pairs judged.

        An estimate, no bound. Where it comes to `brute_force_from` of brute force, that is what
        is planned, and done.
        """
        table = PairTable(catalogue)
        sent = {stage: StagePlan(0, 0, 0, 0) for stage in _EXPECTED}

        def ask(requests: Sequence[Request]) -> list[Reply[Any] | CallFailed]:
            return [_expected_reply(request, sent) for request in requests]

        self._ask(catalogue, ask, self._expected_clusters, seed=0)
        order = stream(0, "prefilter", "plan").permutation(len(table))
        judged = np.sort(order[: round(_JUDGED_FRAC * len(table))])
        calls = pack(table, self.packing, batch_size=self.batch_size, rows=judged)
        everything = pack(table, self.packing, batch_size=self.batch_size)
        num_calls = sum(stage.calls for stage in sent.values()) + len(calls)
        share = self.brute_force_from
        is_dear = share is not None and num_calls >= share * len(everything)
        return planned(
            table,
            {CLASSIFY: everything if is_dear else calls},
            method="cluster pre-filter"
            + (" (brute force: it would cost hardly less)" if is_dear else ""),
            batch_size=self.batch_size,
            at_most=not is_dear,
            is_bound=is_dear,
            fewest=None if is_dear else 1,
            model=self.model if model is None else model,
            prices=prices,
            other_stages={} if is_dear else {n: stage for n, stage in sent.items() if stage.calls},
        )

    def _ask(
        self, catalogue: Catalogue, ask: Ask, cluster: Callable[..., Clustering], *, seed: int
    ) -> Prefiltering:
        """Describe, embed and cluster, label, score: all but the pairs."""
        described = Descriptions(catalogue, {})
        if self.describe != "never":
            described = describe_attributes(
                catalogue,
                ask,
                only_missing=self.describe == "missing",
                per_call=self.described_per_call,
                prompts=self.prompts,
                temperature=self.temperature,
            )
        clustering = cluster(described.catalogue, seed=seed)
        labels = label_clusters(
            clustering,
            ask,
            per_call=self.labels_per_call,
            prompts=self.prompts,
            temperature=self.temperature,
        )
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
            seed=seed,
        )
        told = {
            position: new.description
            for position, (old, new) in enumerate(zip(catalogue, described.catalogue, strict=True))
            if new.description != old.description
        }
        return Prefiltering(
            clustering=clustering,
            labels=tuple(labels),
            scores=tuple(scores),
            bands=self.bands,
            settings=self._settings(),
            described=told,
            not_described=described.failures,
            by_fallback=described.by_fallback,
        )

    def _expected_clusters(self, catalogue: Catalogue, *, seed: int) -> Clustering:
        """Every large modality in clusters of four."""
        clusters: list[Cluster] = []
        for modality in catalogue.modalities:
            members = [i for i, a in enumerate(catalogue) if a.modality == modality]
            size = _CLUSTER_SIZE if len(members) >= self.min_attributes else 1
            for held in chunks(members, size):
                clusters.append(Cluster(len(clusters), modality, tuple(held)))
        return Clustering(catalogue, tuple(clusters), np.zeros((len(catalogue), 2)))

    def _settings(self) -> dict[str, str]:
        told = {one.name: str(getattr(self, one.name)) for one in fields(self)}
        wording = digest_json(asdict(self.prompts))[7:15]
        return told | {
            "model": "the scorer's" if self.model is None else self.model.name,
            "embedder": self.embedder.name,
            "reduction": self.reduction.name,
            "clusterer": self.clusterer.name,
            "prompts": f"{self.prompts.template('*')} {wording}",
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


def _expected_reply(request: Request, sent: dict[str, StagePlan]) -> Reply[Any]:
    """A reply such as is expected; what was asked is added to what was sent in its stage."""
    answer, tokens = _EXPECTED[request.stage]
    numbers = schema_of(request.reply_type)["required"]
    before, prompt = sent[request.stage], request.prompt
    sent[request.stage] = StagePlan(
        calls=before.calls + 1,
        judgements=0,
        prompt_bytes=before.prompt_bytes + len((prompt.system + prompt.user).encode()),
        tokens_out=before.tokens_out + tokens * len(numbers),
    )
    return Reply(dict.fromkeys(numbers, answer), "", Usage(0, 0))
