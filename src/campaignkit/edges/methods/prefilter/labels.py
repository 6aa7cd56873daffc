"""Names for clusters, from the model: a label, a sentence, three characteristics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field, field_validator

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.describing import Ask
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.llm import CallFailed, Prompt, Request

STAGE = "label clusters"
TEMPLATE = "cluster-label@1"
_LONGEST = 600  # characters: more is no label, summary or characteristic
_TASK = (
    "Name the group that these attributes form: what its members share, and what sets them apart "
    "from others of their modality. Give a label of two to four words, a summary of one "
    "sentence, and exactly three characteristics of a few words each."
)
_ANSWER = (
    'Answer with one JSON object and nothing else: {"label": "...", "summary": "...", '
    '"characteristics": ["...", "...", "..."]}.'
)


class LabelReply(BaseModel):
    """What the model answers."""

    label: str
    summary: str
    characteristics: list[str] = Field(min_length=3, max_length=3)

    @field_validator("label", "summary", "characteristics")
    @classmethod
    def _says_something(cls, value: str | list[str]) -> str | list[str]:
        # Lengths of texts are checked here: not every service takes them in a schema.
        texts = [value] if isinstance(value, str) else value
        if not all(0 < len(text.strip()) <= _LONGEST for text in texts):
            raise ValueError(f"a text is blank or longer than {_LONGEST} characters")
        return value


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


def label_clusters(
    clustering: Clustering, ask: Ask, *, temperature: float | None
) -> list[ClusterLabel]:
    """Have the model name each cluster of two or more; one call each.

    A cluster without an answer is called by its first members: the scores that follow show the
    members anyway, so nothing is lost but a name.
    """
    labels = [own_label(clustering.catalogue, cluster) for cluster in clustering.clusters]
    asked = [cluster for cluster in clustering.clusters if len(cluster) > 1]
    requests = [label_request(clustering.catalogue, c, temperature=temperature) for c in asked]
    for cluster, reply in zip(asked, ask(requests), strict=True):
        own = labels[cluster.number]
        if isinstance(reply, CallFailed):
            why = f"{reply.reason}: {reply.message}"
            labels[cluster.number] = ClusterLabel(own.label, own.summary, failure=why)
            continue
        said: LabelReply = reply.value
        labels[cluster.number] = ClusterLabel(
            " ".join(said.label.split()),
            " ".join(said.summary.split()),
            tuple(" ".join(one.split()) for one in said.characteristics),
        )
    return labels


def label_request(
    catalogue: Catalogue, cluster: Cluster, *, temperature: float | None = 0.15
) -> Request:
    """The request that names a cluster.

    Examples
    --------
    >>> names = Catalogue([Attribute("brand", "Nike"), Attribute("brand", "Puma")])
    >>> print(label_request(names, Cluster(0, "brand", (0, 1))).prompt.user.split("<data>")[1])
    <BLANKLINE>
    {"modality": "brand",
    "members": [["brand", "Nike"], ["brand", "Puma"]]}
    </data>
    """
    members = [catalogue[position] for position in cluster.members]
    shown = {"modality": cluster.modality, "members": [_described(a) for a in members]}
    prompt = Prompt(
        user=f"{_TASK}\n{_ANSWER}\n{data_block(shown)}",
        system=f"You know brands, audiences, media and markets. {DATA_RULE}",
        template=TEMPLATE,
        temperature=temperature,
    )
    return Request(prompt, LabelReply, STAGE)


def own_label(catalogue: Catalogue, cluster: Cluster) -> ClusterLabel:
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
    return ClusterLabel(f"{members[0].value}, {members[1].value}{more}")


def _described(attribute: Attribute) -> Sequence[str]:
    named = (attribute.modality, attribute.value)
    return (*named, attribute.description) if attribute.description else named
