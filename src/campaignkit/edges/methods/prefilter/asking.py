"""What the pre-filter asks a model: descriptions of attributes, labels of clusters, scores."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.checks import checked_count
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.prompts import PrefilterPrompts
from campaignkit.edges.pairs import chunks
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.errors import CatalogueError
from campaignkit.llm import Prompt, Request
from campaignkit.llm.numbered import Ask, ask_numbered, numbered_reply
from campaignkit.seeds import stream

DESCRIBE, LABEL, SCORE = "describe attributes", "label clusters", "score clusters"
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
        0 to 10; None where the model said that the combination is not viable, or said nothing.
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
        If a call is to hold none.

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
    calls = description_calls(catalogue, only_missing=only_missing, per_call=per_call)

    def request(items: Sequence[int], asked: int) -> Request:
        shown = [catalogue[i] for i in items]
        return describe_request(shown, prompts=prompts, temperature=temperature, asked=asked)

    def read(item: int, said: object) -> str | None:
        text = _tidy(said, longest=None)
        try:
            Attribute(catalogue[item].modality, catalogue[item].value, text or "")
        except CatalogueError:
            return None
        return text

    told = ask_numbered(ask, calls, request=request, read=read)
    found = told.values
    asked = sorted({catalogue[call[0]].modality for call in calls})
    return Descriptions(
        Catalogue(
            replace(a, description=found.get(i, a.description)) for i, a in enumerate(catalogue)
        ),
        dict(sorted(told.failures.items())),
        tuple(modality for modality in asked if prompts.guide(modality) is prompts.fallback),
    )


def description_calls(
    catalogue: Catalogue, *, only_missing: bool, per_call: int
) -> list[list[int]]:
    """Whose descriptions are asked for: catalogue positions, a call of one modality each."""
    size = checked_count(per_call, "per_call")
    by_modality: dict[str, list[int]] = {}
    for position, attribute in enumerate(catalogue):
        if not (only_missing and attribute.description):
            by_modality.setdefault(attribute.modality, []).append(position)
    return [call for held in by_modality.values() for call in chunks(held, size)]


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
    entries = [
        _told({"name": a.value, "described as": a.description, "known": dict(a.traits)})
        for a in attributes
    ]
    prompt = Prompt(
        user=f"{guide.instruction}\n{_KEYS}the descriptions, one text each.\n"
        + data_block({"modality": modality, **_numbered(entries)}),
        system=_ROLE,
        template=_marked(f"{prompts.template('describe')}.{guide.version}", asked),
        temperature=temperature,
    )
    return Request(prompt, numbered_reply(len(attributes), _TEXT), DESCRIBE)


def label_clusters(
    clustering: Clustering,
    ask: Ask,
    *,
    per_call: int = 10,
    prompts: PrefilterPrompts = _DEFAULT,
    temperature: float | None = 0.15,
) -> list[ClusterLabel]:
    """Have the model name each cluster of two or more.

    A cluster without an answer is called by its first members: the scores that follow show the
    members anyway, so nothing is lost but a name.
    """
    request = partial(label_request, clustering, prompts=prompts, temperature=temperature)
    calls = label_calls(clustering, per_call=per_call)
    told = ask_numbered(ask, calls, request=request, read=_read_label)
    named, failures = told.values, told.failures
    return [
        named.get(c.number)
        or own_label(clustering.catalogue, c, failure=failures.get(c.number, ""))
        for c in clustering.clusters
    ]


def label_calls(clustering: Clustering, *, per_call: int) -> list[list[int]]:
    """Which clusters are named together: numbers, clusters of one modality in each call."""
    return [
        call
        for modality in clustering.catalogue.modalities
        for call in chunks([c.number for c in clustering.of(modality) if len(c) > 1], per_call)
    ]


def label_request(
    clustering: Clustering,
    numbers: Sequence[int],
    asked: int = 1,
    *,
    prompts: PrefilterPrompts = _DEFAULT,
    temperature: float | None = 0.15,
) -> Request:
    """The request that names some clusters of one modality."""
    clusters = [clustering.clusters[number] for number in numbers]
    entries = [
        {"members": [[*filter(None, (a.modality, a.value, a.description))] for a in members]}
        for members in ([clustering.catalogue[i] for i in c.members] for c in clusters)
    ]
    prompt = Prompt(
        user=f'{prompts.label}\n{_KEYS}{{"label": "...", "summary": "...", '
        '"characteristics": ["...", "...", "..."]}.\n'
        + data_block({"modality": clusters[0].modality, **_numbered(entries)}),
        system=_ROLE,
        template=_marked(prompts.template("label"), asked),
        temperature=temperature,
    )
    return Request(prompt, numbered_reply(len(numbers), _NAMED), LABEL)


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

    def arrange(items: Sequence[tuple[int, int]], asked: int) -> Sequence[tuple[int, int]]:
        rng = stream(seed, "prefilter", "score", *map(str, items))
        return [items[i] for i in rng.permutation(len(items)).tolist()]

    def request(items: Sequence[tuple[int, int]], asked: int) -> Request:
        source, targets = items[0][0], [target for _, target in items]
        return score_request(
            clustering, labels, source=source, targets=targets, prompts=prompts,
            temperature=temperature, asked=asked,
        )  # fmt: skip

    pairs = [[(source, target) for target in targets] for source, targets in calls]
    told = ask_numbered(ask, pairs, request=request, read=_read_score, arrange=arrange)
    failed = {item: ClusterScore(*item, None, why) for item, why in told.failures.items()}
    return [score for _, score in sorted((told.values | failed).items())]


def score_request(
    clustering: Clustering,
    labels: Sequence[ClusterLabel],
    *,
    source: int,
    targets: Sequence[int],
    prompts: PrefilterPrompts = _DEFAULT,
    temperature: float | None = 0.15,
    asked: int = 1,
) -> Request:
    """The request that scores a cluster against others."""
    entries = [_labelled(clustering, number, labels) for number in (source, *targets)]
    prompt = Prompt(
        user=f"{prompts.score}\n{_KEYS}integers from 0 to 10, or null.\n"
        + data_block({"source": entries[0], **_numbered(entries[1:])}),
        system=f"You plan marketing campaigns. {DATA_RULE}",
        template=_marked(prompts.template("score"), asked),
        temperature=temperature,
    )
    return Request(prompt, numbered_reply(len(targets), _POINTS), SCORE)


def _labelled(
    clustering: Clustering, number: int, labels: Sequence[ClusterLabel]
) -> dict[str, object]:
    cluster, label = clustering.clusters[number], labels[number]
    shown = {
        "modality": cluster.modality,
        "label": label.label,
        "summary": label.summary,
        "characteristics": list(label.characteristics),
        "members": [clustering.catalogue[position].value for position in cluster.members],
    }
    return _told(shown)


def _told(shown: Mapping[str, object]) -> dict[str, object]:
    """What is known of it, without what is empty."""
    return {name: held for name, held in shown.items() if held}


def _read_label(number: int, said: object) -> ClusterLabel | None:
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


def _numbered(entries: Sequence[object]) -> dict[str, object]:
    return {f"[{number}]": entry for number, entry in enumerate(entries, start=1)}


def _marked(template: str, asked: int) -> str:
    return template if asked == 1 else f"{template} ask {asked}"
