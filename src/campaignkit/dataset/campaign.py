"""One row of a data set, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from campaignkit.show import table

_SHOWN = 12  # values of a modality


@dataclass(frozen=True)
class Campaign:
    """A set of attributes grouped by modality, and its label.

    Parameters
    ----------
    attributes : mapping of str to tuple of str
        Values by modality, both in code-point order; a modality without a value is there with an
        empty tuple.
    label : str
        The label's name.

    Examples
    --------
    >>> campaign = Campaign({"brand": ("Nike",), "geo": ("Chile", "Peru")}, "pos")
    >>> campaign.to_dict()
    {'brand': ['Nike'], 'geo': ['Chile', 'Peru'], 'label': 'pos'}
    """

    attributes: Mapping[str, tuple[str, ...]]
    label: str

    def __repr__(self) -> str:
        held = "; ".join(f"{name} {_in_words(of)}" for name, of in self.attributes.items() if of)
        return f"Campaign({self.label}: {held})"

    def _repr_html_(self) -> str:
        rows = [[name, _in_words(values)] for name, values in self.attributes.items()]
        return table(["modality", f"attributes of a campaign {self.label}"], rows)

    def __hash__(self) -> int:
        return hash((tuple(sorted(self.attributes.items())), self.label))

    def to_dict(self) -> dict[str, list[str] | str]:
        """The record as it stands in JSONL: one list per modality, the label last."""
        record: dict[str, list[str] | str] = {
            modality: list(values) for modality, values in self.attributes.items()
        }
        record["label"] = self.label
        return record


def _in_words(values: tuple[str, ...]) -> str:
    more = len(values) - _SHOWN
    return ", ".join(values[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
