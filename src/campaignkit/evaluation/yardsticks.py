"""What a score is to be read against: single attributes below it, the graph itself above."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from campaignkit.dataset import LeakageBaseline
from campaignkit.dataset.leakage import measure_held_out_leakage, measure_leakage
from campaignkit.evaluation.graph_oracle import GraphOracle, OracleScore
from campaignkit.evaluation.rows import labelled_rows, on_one_vocabulary, read_together
from campaignkit.graph import SignedGraph
from campaignkit.spec import SamplingSpec


@dataclass(frozen=True)
class Yardsticks:
    """The floor and the ceiling of scores on some rows.

    Attributes
    ----------
    one_hot : LeakageBaseline or None
        What single attributes alone give away: a model that has learned pairs must beat it.
    oracle : OracleScore or None
        What the true graph scores with the spec's boxes: no model can be expected to beat it.

    Examples
    --------
    >>> rows = ([{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "China"}], ["neg", "avg", "pos"])
    >>> found = Yardsticks.measure(rows, train=rows)
    >>> found.one_hot.macro_f1, found.oracle
    (1.0, None)
    """

    one_hot: LeakageBaseline | None = None
    oracle: OracleScore | None = None

    @classmethod
    def measure(
        cls,
        test: Any,
        *,
        train: Any = None,
        graph: SignedGraph | None = None,
        spec: SamplingSpec | None = None,
        seed: int = 0,
    ) -> Yardsticks:
        """Measure both on the rows that models are scored on.

        Parameters
        ----------
        test : CampaignDataset or (records, labels)
        train : CampaignDataset or (records, labels), optional
            What the one-hot baseline is fitted on; the test rows, cross-validated, without it.
        graph, spec : SignedGraph, SamplingSpec, optional
            What made the rows. Without `spec` the one that the test data set carries.
        seed : int
            Of the folds.

        Raises
        ------
        EvaluationError
            If rows or labels cannot be read.
        DatasetError
            If the graph lacks attributes of the rows.
        """
        if train is None:
            rows = labelled_rows(test, name="test").dataset
            one_hot = measure_leakage(rows.block, rows.vocabulary, rows.label_names, seed=seed)
        else:
            parts = read_together(None, train=train, test=test)
            known, rows = (part.dataset for part in parts)
            vocabulary, (known_block, block) = on_one_vocabulary(known, rows)
            one_hot = measure_held_out_leakage(known_block, block, vocabulary, rows.label_names)
        carried = rows.provenance.spec
        if spec is None and carried:
            spec = SamplingSpec.model_validate(dict(carried))
        oracle = None
        if graph is not None and spec is not None:
            oracle = GraphOracle(graph, spec).score(rows)
        return cls(one_hot, oracle)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)
