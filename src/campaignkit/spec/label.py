"""One label: the box of fractions its campaigns must lie in, and how many are wanted."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core.core_schema import ValidationInfo

from campaignkit.spec.completion import offered
from campaignkit.spec.faults import spec_error

# Bounds are compared with counts of pairs; this absorbs what binary floats lose in 0.2 * 45 pairs.
EPSILON = 1e-9
MAX_SAMPLES = 10_000_000_000  # of a label: terabytes of JSONL


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    if low > high:
        raise ValueError(f"low {low:g} above high {high:g}; expected [low, high]")
    return bounds


_Share = Annotated[float, Field(strict=True, ge=0.0, le=1.0, allow_inf_nan=False)]
FracRange = Annotated[tuple[_Share, _Share], AfterValidator(_ordered)]


class LabelSpec(BaseModel):
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

    model_config = ConfigDict(frozen=True, extra="forbid")

    pos_frac_range: FracRange
    neg_frac_range: FracRange
    num_samples: Annotated[int, Field(strict=True, ge=1, le=MAX_SAMPLES)]

    def __init__(self, **data: Any) -> None:  # Any: whatever a file or a caller holds
        try:
            super().__init__(**data)
        except ValidationError as err:
            raise spec_error(err, title="label", known=type(self).model_fields) from None

    @field_validator("neg_frac_range")
    @classmethod
    def _room_for_both(
        cls, value: tuple[float, float], info: ValidationInfo
    ) -> tuple[float, float]:
        pos = info.data.get("pos_frac_range")
        if pos is not None and pos[0] + value[0] > 1 + EPSILON:
            raise ValueError(
                f"low {value[0]:g} and pos_frac_range's low {pos[0]:g} add up to more than 1; "
                "lower one of them"
            )
        return value

    def __dir__(self) -> list[str]:
        return offered(super().__dir__())

    def admits(self, *, num_positive: int, num_negative: int, num_nodes: int) -> bool:
        """Whether a campaign with these counts lies in the box."""
        pairs = num_nodes * (num_nodes - 1) // 2
        return all(
            low * pairs - EPSILON <= count <= high * pairs + EPSILON
            for count, (low, high) in (
                (num_positive, self.pos_frac_range),
                (num_negative, self.neg_frac_range),
            )
        )
