"""The report of a data set: one self-contained page, a section a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from campaignkit.report.balance_section import balance_section
from campaignkit.report.classifier_section import classifier_section
from campaignkit.report.density_section import density_section
from campaignkit.report.evaluation_section import evaluation_section
from campaignkit.report.example_section import example_section
from campaignkit.report.fraction_section import fraction_section
from campaignkit.report.graph_section import graph_section
from campaignkit.report.origin_section import origin_section
from campaignkit.report.overview_section import overview_section
from campaignkit.report.sampling_section import sampling_section
from campaignkit.report.subject import Subject
from campaignkit.report.verdict_band import verdict_band
from campaignkit.show import in_words
from campaignkit.show.page import Section, page
from campaignkit.spec import SamplingSpec
from campaignkit.store import atomic_file, checked_path

if TYPE_CHECKING:
    from campaignkit.dataset import CampaignDataset
    from campaignkit.diagnosis import DensityProfile
    from campaignkit.evaluation import ClassifierTable
    from campaignkit.graph import SignedGraph

# A section is a function of the subject; it gives None where it has nothing to say.
SECTIONS: tuple[Callable[[Subject], Section | None], ...] = (
    overview_section,
    fraction_section,
    balance_section,
    example_section,
    evaluation_section,
    classifier_section,
    graph_section,
    density_section,
    sampling_section,
    origin_section,
)


def write_report(
    path: Path | str,
    dataset: CampaignDataset,
    graph: SignedGraph,
    *,
    spec: SamplingSpec | None = None,
    profile: DensityProfile | None = None,
    splits: Mapping[str, CampaignDataset] | None = None,
    classifiers: ClassifierTable | None = None,
    title: str = "Campaigns and their evidence",
) -> Path:
    """Write a data set's report: one HTML file that loads nothing and runs nothing.

    Parameters
    ----------
    path : Path or str
        The file, written whole or not at all.
    dataset : CampaignDataset
    graph : SignedGraph
        The graph it was sampled from, or one of the same attributes.
    spec : SamplingSpec, optional
        By default the one that the data set carries. Without either, as for labels from outcomes,
        the report has no ranges of labels and no check of them.
    profile : DensityProfile, optional
        Unconstrained draws, to show the labels' boxes against.
    splits : mapping of str to CampaignDataset, optional
        Parts such as train and test, for the class balance.
    classifiers : ClassifierTable, optional
        What :func:`campaignkit.compare_classifiers` found on these parts.
    title : str

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DatasetError
        If the graph lacks attributes of the data set.
    ArtifactError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> dataset = ck.AnnealingSampler(graph, profile.suggest({"pos": 20, "neg": 20})).sample()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = ck.write_report(Path(folder, "report.html"), dataset, graph)
    ...     "Class balance" in file.read_text(encoding="utf-8")
    True
    """
    from campaignkit.dataset import evaluate_dataset

    carried = dataset.provenance.spec
    if spec is None and carried:
        spec = SamplingSpec.model_validate(dict(carried))
    subject = Subject(
        dataset=dataset,
        graph=graph,
        spec=spec,
        evaluation=dataset.evaluation or evaluate_dataset(dataset, graph, spec),
        profile=profile,
        splits=splits or {},
        classifiers=classifiers,
    )
    with atomic_file(path) as partial:
        partial.write_bytes(draw_page(subject, title=title).encode())
    return checked_path(path)


def draw_page(subject: Subject, *, title: str) -> str:
    """The page as HTML."""
    made = [make(subject) for make in SECTIONS]
    counts = in_words([f"{num:,} {name}" for name, num in subject.dataset.label_counts.items()], 4)
    lead = f"{len(subject.dataset):,} labelled campaigns ({counts})"
    sections = [section for section in made if section is not None]
    return page(title, sections, lead=lead, opening=verdict_band(subject))
