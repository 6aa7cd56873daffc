"""What the pre-filter asks a model: descriptions of attributes, labels of clusters, scores."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.checks import checked_count
from campaignkit.edges.methods.enrichment import calls_of_items, numbered_request
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.prompts import PrefilterPrompts
from campaignkit.edges.prompt_data import DATA_RULE
from campaignkit.errors import CatalogueError
from campaignkit.llm import Request
from campaignkit.llm.numbered import Ask, ask_numbered
from campaignkit.seeds import stream

DESCRIBE: str = "describe attributes"
LABEL: str = "label clusters"
SCORE: str = "score clusters"
_TEXT = {"type": "string"}
_POINTS = {"type": ["integer", "null"], "minimum": 0, "maximum": 10}
_NAMED = {
    "type": "object",
    "properties": {
        "label": _TEXT,
        "summary": _TEXT,
        "characteristics": {"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3},
    },
    "required": ["label", "summary", "characteristics"],
}
_ROLE = f"You know brands, audiences, media and markets. {DATA_RULE}"
_KEYS = (
    "Answer with one JSON object and nothing else. Its keys are the numbers in brackets, without "
    "the brackets, every one of them once; its values are "
)
_LONGEST = 600  # characters: more is no label, summary or characteristic
_DEFAULT = PrefilterPrompts()


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What came of asking for descriptions.

    Attributes
    ----------
    catalogue : Catalogue
        The same attributes, those that were described with their description.
    failures : mapping of int to str
        Why the others have none, by position in the catalogue.
    by_fallback : tuple of str
        Modalities that were described by the fallback's points: no guide has their name.
    """

    catalogue: Catalogue
    failures: Mapping[int, str]
    by_fallback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterLabel:
    """What a cluster is called.

    Attributes
    ----------
    label : str
        Two to four words; of a cluster of one, the attribute's own name.
    summary : str
        One sentence.
    characteristics : tuple of str
        Three, or none where the model was not asked or gave none.
    failure : str
        Why the model gave no label; empty where it did or was not asked.
    """

    label: str
    summary: str = ""
    characteristics: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ClusterScore:
    """How well two clusters go together.

    Attributes
    ----------
    source, target : int
        Cluster numbers.
    score : int or None
        0 to 10; None where the model answered that the combination is not viable, or gave no
        answer.
    failure : str
        Why there is no answer; empty where there is one, null among them.

    Examples
    --------
    >>> ClusterScore(0, 4, None).is_answered, ClusterScore(0, 5, None, "cut").is_answered
    (True, False)
    """

    source: int
    target: int
    score: int | None
    failure: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether the model gave a score or null."""
        return not self.failure


def describe_attributes(
    catalogue: Catalogue,
    ask: Ask,
    *,
    only_missing: bool = True,
    per_call: int = 10,
    prompts: PrefilterPrompts = _DEFAULT,
    temperature: float | None = 0.15,
) -> Descriptions:
    """Have a chat model describe attributes, each by what matters for its modality.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes; traits and descriptions that are there are shown to the model.
    ask : callable
        Sends the requests: an :class:`~campaignkit.llm.Account`'s ``ask_many``.
    only_missing : bool
        Whether attributes that have a description keep it and are not asked about.
    per_call : int
        Attributes of one modality in a call, at most.
    prompts : PrefilterPrompts
        What to say, by modality.
    temperature : float or None
        As in :class:`~campaignkit.llm.Prompt`.

    Returns
    -------
    Descriptions
        A key that a reply lacks is asked for once more.

    Raises
    ------
    SettingError
        If a call is to contain none.

    Examples
    --------
    >>> import json
    >>> from campaignkit.llm import Account, ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: json.dumps(
    ...     {key: "Sells shoes." for key in schema["required"]}))
    >>> with Account(model) as account:
    ...     told = describe_attributes(Catalogue([Attribute("brand", "Nike")]), account.ask_many)
    >>> told.catalogue[0].description
    'Sells shoes.'
    """
    size = checked_count(per_call, "per_call")
    calls = calls_of_items((a for a in catalogue if not (only_missing and a.description)), size)

    def read(attribute: Attribute, said: object) -> Attribute | None:
        text = _tidy(said, longest=None)
        try:
            return replace(attribute, description=text) if text else None
        except CatalogueError:
            return None

    told = ask_numbered(
        ask,
        calls,
        request=lambda some, asked: describe_request(
            some, prompts=prompts, temperature=temperature, asked=asked
        ),
        read=read,
    )
    described = told.values
    asked_about = sorted({call[0].modality for call in calls})
    return Descriptions(
        Catalogue(described.get(attribute, attribute) for attribute in catalogue),
        {i: told.failures[a] for i, a in enumerate(catalogue) if a in told.failures},
        tuple(m for m in asked_about if prompts.guide(m) is prompts.fallback),
    )


def describe_request(
    attributes: Sequence[Attribute],
    *,
    prompts: PrefilterPrompts = _DEFAULT,
    temperature: float | None = 0.15,
    asked: int = 1,
) -> Request:
    """The request that describes attributes of one modality.

    Examples
    --------
    >>> request = describe_request([Attribute("brand", "Nike", traits={"price": "mid"})])
    >>> print(request.prompt.user.splitlines()[-2])
    "[1]": {"name": "Nike", "known": {"price": "mid"}}}
    """
    modality = attributes[0].modality
    guide = prompts.guide(modality)
    return numbered_request(
        f"{guide.instruction}\n{_KEYS}the descriptions, one text each.",
        [
            _told({"name": a.value, "described as": a.description, "known": dict(a.traits)})
            for a in attributes
        ],
        about={"modality": modality},
        form=_TEXT,
        stage=DESCRIBE,
        system=_ROLE,
        template=f"{prompts.template('describe')}.{guide.version}",
        temperature=temperature,
        asked=asked,
    )


def label_clusters(
    clustering: Clustering,
    ask: Ask,
    *,
    per_call: int = 10,
    prompts: PrefilterPrompts = _DEFAULT,
    temperature: float | None = 0.15,
) -> list[ClusterLabel]:
    """Have the model name each cluster of two or more, some of one modality in a call.

    A cluster without an answer is called by its first members: the scores that follow show the
    members anyway, so nothing is lost but a name.
    """
    catalogue = clustering.catalogue

    def request(clusters: Sequence[Cluster], asked: int) -> Request:
        members = [[catalogue[i] for i in cluster.members] for cluster in clusters]
        return numbered_request(
            f'{prompts.label}\n{_KEYS}{{"label": "...", "summary": "...", '
            '"characteristics": ["...", "...", "..."]}.',
            [
                {"members": [[*filter(None, (a.modality, a.value, a.description))] for a in held]}
                for held in members
            ],
            about={"modality": clusters[0].modality},
            form=_NAMED,
            stage=LABEL,
            system=_ROLE,
            template=prompts.template("label"),
            temperature=temperature,
            asked=asked,
        )

    calls = calls_of_items((one for one in clustering.clusters if len(one) > 1), per_call)
    told = ask_numbered(ask, calls, request=request, read=_read_label)
    named, failures = told.values, told.failures
    return [
        named.get(one) or own_label(catalogue, one, failure=failures.get(one, ""))
        for one in clustering.clusters
    ]


def own_label(catalogue: Catalogue, cluster: Cluster, *, failure: str = "") -> ClusterLabel:
    """What a cluster is called where nobody named it.

    Examples
    --------
    >>> names = Catalogue(Attribute("brand", value) for value in ("Nike", "Puma", "Asics"))
    >>> own_label(names, Cluster(0, "brand", (0, 1, 2))).label
    'Nike, Puma and 1 more'
    """
    members = [catalogue[position] for position in cluster.members]
    if len(members) == 1:
        return ClusterLabel(members[0].value, members[0].description)
    more = f" and {len(members) - 2} more" if len(members) > 2 else ""
    return ClusterLabel(f"{members[0].value}, {members[1].value}{more}", failure=failure)


def score_clusters(
    clustering: Clustering,
    labels: Sequence[ClusterLabel],
    ask: Ask,
    *,
    calls: Sequence[tuple[int, Sequence[int]]],
    prompts: PrefilterPrompts = _DEFAULT,
    temperature: float | None = 0.15,
    seed: int = 0,
) -> list[ClusterScore]:
    """Have the model score clusters against others: a call for each source and its targets.

    Targets stand in an order drawn from the seed, so that none profits from its place.
    """
    shown = [
        _told(
            {
                "modality": cluster.modality,
                "label": label.label,
                "summary": label.summary,
                "characteristics": list(label.characteristics),
                "members": [clustering.catalogue[position].value for position in cluster.members],
            }
        )
        for cluster, label in zip(clustering.clusters, labels, strict=True)
    ]

    def arrange(items: Sequence[tuple[int, int]], asked: int) -> Sequence[tuple[int, int]]:
        rng = stream(seed, "prefilter", "score", *map(str, items))
        return [items[i] for i in rng.permutation(len(items)).tolist()]

    def request(items: Sequence[tuple[int, int]], asked: int) -> Request:
        return numbered_request(
            f"{prompts.score}\n{_KEYS}integers from 0 to 10, or null.",
            [shown[target] for _, target in items],
            about={"source": shown[items[0][0]]},
            form=_POINTS,
            stage=SCORE,
            system=f"You plan marketing campaigns. {DATA_RULE}",
            template=prompts.template("score"),
            temperature=temperature,
            asked=asked,
        )

    pairs = [[(source, target) for target in targets] for source, targets in calls]
    told = ask_numbered(ask, pairs, request=request, read=_read_score, arrange=arrange)
    failed = {item: ClusterScore(*item, None, why) for item, why in told.failures.items()}
    return [score for _, score in sorted((told.values | failed).items())]


def _told(shown: Mapping[str, object]) -> dict[str, object]:
    """What is known of it, without what is empty."""
    return {name: held for name, held in shown.items() if held}


def _read_label(cluster: Cluster, said: object) -> ClusterLabel | None:
    if not isinstance(said, Mapping):
        return None
    three = said.get("characteristics")
    if not isinstance(three, list) or len(three) != 3:
        return None
    texts = [
        _tidy(text, longest=_LONGEST) for text in (said.get("label"), said.get("summary"), *three)
    ]
    if not all(texts):
        return None
    label, summary, *characteristics = map(str, texts)
    return ClusterLabel(label, summary, tuple(characteristics))


def _read_score(item: tuple[int, int], said: object) -> ClusterScore | None:
    """A score or null; a bool, a word, 7.5 or a number off the scale is no answer."""
    if said is None:
        return ClusterScore(*item, None)
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 10:
        return None
    return ClusterScore(*item, int(said)) if float(said).is_integer() else None


def _tidy(text: object, *, longest: int | None) -> str | None:
    """A model's prose in the form that catalogues keep: NFC, one kind of white space."""
    if not isinstance(text, str) or (longest is not None and len(text.strip()) > longest):
        return None
    return unicodedata.normalize("NFC", " ".join(text.split())) or None
