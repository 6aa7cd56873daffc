"""Hypothesis strategies that several rooms share."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.catalogue.clean_text import text_faults
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.graph import DECIDED_BY, Edge, SignedGraph


def names(alphabet: str | None = None, *, max_size: int = 12) -> st.SearchStrategy[str]:
    """Legal names: visible, stripped, NFC; any script, with commas, quotes and bars among them."""
    letters = (
        st.text(alphabet, max_size=max_size)
        if alphabet
        else st.text(max_size=max_size)
        | st.text("ab,\"'|;&<> -–\N{MINUS SIGN}_é", max_size=max_size)
    )
    return letters.map(lambda text: unicodedata.normalize("NFC", text.strip())).filter(
        lambda text: not text_faults("name", text)
    )


def attributes(modality: str | None = None) -> st.SearchStrategy[Attribute]:
    """Attributes of any modality (or of one), with descriptions and traits of any legal text."""
    modalities = names().filter(lambda name: name != "label")
    trait_names = names().filter(lambda name: name not in ("modality", "value", "description"))
    texts = st.just("") | names(max_size=40)
    traits = st.dictionaries(trait_names, names() | st.lists(names(), max_size=3), max_size=3)
    first = st.just(modality) if modality else modalities
    return st.builds(Attribute, first, names(), texts, traits)


def catalogues(*, min_size: int = 1, max_size: int = 8) -> st.SearchStrategy[Catalogue]:
    """Catalogues of distinct attributes."""
    return st.lists(
        attributes(), min_size=min_size, max_size=max_size, unique_by=lambda a: a.key
    ).map(Catalogue)


def vocabularies(*, min_size: int = 1, max_size: int = 12) -> st.SearchStrategy[Vocabulary]:
    """Vocabularies of a few modalities with any legal names."""
    modalities = names().filter(lambda name: name != "label")
    values = st.lists(names(), min_size=min_size, max_size=max_size, unique=True)
    return st.dictionaries(modalities, values, min_size=1, max_size=4).map(Vocabulary.from_values)


@st.composite
def datasets(draw: st.DrawFn, *, min_rows: int = 0, max_rows: int = 12) -> CampaignDataset:
    """Data sets of any shape: empty rows, repeated rows, labels without a row."""
    vocabulary = draw(vocabularies(min_size=0))
    label_names = draw(st.lists(names(), min_size=1, max_size=4, unique=True))
    node_sets = (
        st.sets(st.integers(0, len(vocabulary) - 1), max_size=8)
        if len(vocabulary)
        else st.just(set())
    )
    rows = draw(st.lists(node_sets, min_size=min_rows, max_size=max_rows))
    codes = st.integers(0, len(label_names) - 1)
    labels = draw(st.lists(codes, min_size=len(rows), max_size=len(rows)))
    block = Block.of_rows([sorted(row) for row in rows], labels=labels)
    return CampaignDataset(block, vocabulary, label_names)


def edge_lists(catalogue: Catalogue, *, max_size: int = 12) -> st.SearchStrategy[list[Edge]]:
    """Edges between attributes of a catalogue, each pair at most once, with provenance."""
    pairs = [
        (a.key, b.key)
        for a in catalogue
        for b in catalogue
        if a.modality != b.modality and a.key != b.key
    ]
    if not pairs:
        return st.just([])
    edge = st.builds(
        lambda pair, *rest: Edge(*pair, *rest),
        st.sampled_from(pairs),
        st.sampled_from((-1, 0, 1)),
        st.sampled_from(DECIDED_BY),
        st.none() | st.floats(0, 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.integers(0, 2**31 - 1),
        st.text(max_size=8),
        st.text(max_size=3),
    )
    return st.lists(edge, max_size=max_size, unique_by=lambda e: frozenset((e.source, e.target)))


@st.composite
def graphs(draw: st.DrawFn) -> SignedGraph:
    """Small graphs of three modalities or fewer, with neutrals and isolated nodes among them."""
    named = st.tuples(st.sampled_from(("brand", "geo", "channel two")), names())
    keys = draw(st.lists(named, min_size=1, max_size=8, unique=True))
    catalogue = Catalogue(Attribute(*key) for key in keys)
    return SignedGraph.from_edges(draw(edge_lists(catalogue)), catalogue=catalogue)
