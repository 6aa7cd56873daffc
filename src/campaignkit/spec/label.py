"""One label: the box of fractions its campaigns must lie in, and how many are wanted."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from campaignkit.checks import BOX_EPSILON
from campaignkit.spec.model import SpecModel, ordered

MAX_SAMPLES = 10_000_000_000  # of a label: terabytes of JSONL


_Share = Annotated[float, Field(strict=True, ge=0.0, le=1.0, allow_inf_nan=False)]
FracRange = Annotated[tuple[_Share, _Share], AfterValidator(ordered)]


class LabelSpec(SpecModel):
    """The box of positive and negative fractions that makes a campaign carry a label.

    A fraction is a share of *all* node pairs of the campaign, same-modality pairs included.

    Parameters
    ----------
    pos_frac_range : (float, float)
        Lowest and highest share of positive pairs, both inclusive, in [0, 1].
    neg_frac_range : (float, float)
        The same for negative pairs. The two lower bounds may not add up to more than 1.
    num_samples : int
        How many campaigns are wanted; 1 to ten billion.

    Raises
    ------
    SpecError
        With every fault and its path.

    Examples
    --------
    >>> LabelSpec(pos_frac_range=(0.2, 1), neg_frac_range=(0, 0.3), num_samples=4000).admits(
    ...     num_positive=9, num_negative=0, num_nodes=10)
    True
    """

    title = "label"

    pos_frac_range: FracRange
    neg_frac_range: FracRange
    num_samples: Annotated[int, Field(strict=True, ge=1, le=MAX_SAMPLES)]

    @field_validator("neg_frac_range")
    @classmethod
    def _room_for_both(
        cls, value: tuple[float, float], info: ValidationInfo
    ) -> tuple[float, float]:
        pos = info.data.get("pos_frac_range")
        if pos is not None and pos[0] + value[0] > 1 + BOX_EPSILON:
            raise ValueError(
                f"low {value[0]:g} and pos_frac_range's low {pos[0]:g} add up to more than 1; "
                "lower one of them"
            )
        return value

    def admits(self, *, num_positive: int, num_negative: int, num_nodes: int) -> bool:
        """Whether a campaign with these counts lies in the box."""
        pairs = num_nodes * (num_nodes - 1) // 2
        return all(
            low * pairs - BOX_EPSILON <= count <= high * pairs + BOX_EPSILON
            for count, (low, high) in (
                (num_positive, self.pos_frac_range),
                (num_negative, self.neg_frac_range),
            )
        )
