"""Fresh classifiers for experiments that fit many: made by a function, or copied from one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol, cast, runtime_checkable

from campaignkit.errors import EvaluationError
from campaignkit.evaluation.fitted_run import AnyClassifier


@runtime_checkable
class HasSettings(Protocol):
    """A classifier whose constructor's arguments can be read, as scikit-learn asks."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments by name."""


Maker = Any  # an AnyClassifier, or a function that makes one for a seed


def made(maker: Maker, seed: int) -> AnyClassifier:
    """An unfitted classifier for a seed.

    Parameters
    ----------
    maker : classifier, or function of int
        Of a classifier an unfitted copy is made, with this much more than its own ``seed`` or
        ``random_state`` where it has one; so seed 0 repeats it as it is.
    seed : int

    Raises
    ------
    EvaluationError
        If it is neither.

    Examples
    --------
    >>> from campaignkit.classify import PairwiseOrdinalClassifier
    >>> made(PairwiseOrdinalClassifier(seed=7), 2).seed
    9
    >>> made(lambda seed: PairwiseOrdinalClassifier(seed=seed), 2).seed
    2
    """
    if not inspect.isclass(maker) and isinstance(maker, HasSettings):
        settings = maker.get_params(deep=False)
        for name in ("seed", "random_state"):
            if isinstance(settings.get(name), int):
                settings[name] += seed
        # The settings themselves may be classifiers, of a pipeline or a wrapper.
        fresh = {name: _copied(value) for name, value in settings.items()}
        return cast("Callable[..., AnyClassifier]", type(maker))(**fresh)
    if callable(maker):
        return cast("Callable[[int], AnyClassifier]", maker)(seed)
    raise EvaluationError(
        f"{maker!r:.60} cannot be fitted anew",
        hint="give a classifier with get_params, or a function of a seed that makes one",
    )


def _copied(value: Any) -> Any:  # Any: a setting
    is_part = isinstance(value, HasSettings) and hasattr(value, "fit")
    if isinstance(value, list):  # the steps of a pipeline, the members of an ensemble
        return [_copied(inner) for inner in value]
    if isinstance(value, tuple):
        return tuple(_copied(inner) for inner in value)
    return made(value, 0) if is_part else value
