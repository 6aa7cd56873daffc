"""Classifiers that experiments take: checked, and made or copied where each fit needs its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast, runtime_checkable

from campaignkit.checks import check_plugin, takes
from campaignkit.errors import EvaluationError
from campaignkit.evaluation.fitted_run import AnyClassifier


@runtime_checkable
class HasSettings(Protocol):
    """A classifier whose constructor's arguments can be read, as scikit-learn asks."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments by name."""


Maker = Any  # an AnyClassifier, or a function that makes one for a seed


def check_classifiers(given: Any, *, are_makers: bool = False) -> None:
    """Refuse what are no classifiers by name, before any is fitted.

    Parameters
    ----------
    given : object
        As the caller gave it.
    are_makers : bool
        Whether each is fitted several times: see :func:`made`.

    Raises
    ------
    EvaluationError
        Naming the first that is none: a class, a name, or another thing.

    Examples
    --------
    >>> from campaignkit.classify import OneHotLogistic
    >>> check_classifiers({"one-hot": OneHotLogistic()})
    >>> check_classifiers({"one-hot": OneHotLogistic})
    Traceback (most recent call last):
        ...
    campaignkit.errors.EvaluationError: one-hot is the class OneHotLogistic; expected an object
      hint: pass OneHotLogistic(), with the brackets
    """
    are_named = isinstance(given, Mapping) and all(isinstance(name, str) for name in given)
    if not are_named or not given:
        told = f"classifiers are {given!r:.60}; expected a dict of them by name"
        message = "there is no classifier" if are_named else told
        raise EvaluationError(message, hint='give {"name": classifier}, such as OneHotLogistic()')
    expected, hint = "a classifier with fit and predict", "such as OneHotLogistic()"
    if are_makers:
        expected = "a classifier with get_params, or a function of a seed that makes one"
        hint = "such as OneHotLogistic(), or lambda seed: MyClassifier(seed)"
    for name, of in given.items():
        is_right = hasattr(of, "fit") and hasattr(of, "predict")
        if are_makers:
            is_right = (is_right and isinstance(of, HasSettings)) or takes(of, 1)
        check_plugin(of, name, is_right, expected, hint, error=EvaluationError)


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
        If it is neither, or what the function made is no classifier.

    Examples
    --------
    >>> from campaignkit.classify import PairwiseOrdinalClassifier
    >>> made(PairwiseOrdinalClassifier(seed=7), 2).seed
    9
    >>> made(lambda seed: PairwiseOrdinalClassifier(seed=seed), 2).seed
    2
    """
    if isinstance(maker, HasSettings):
        settings = maker.get_params(deep=False)
        for name in ("seed", "random_state"):
            if isinstance(settings.get(name), int):
                settings[name] += seed
        # The settings themselves may be classifiers, of a pipeline or a wrapper.
        fresh = {name: _copied(value) for name, value in settings.items()}
        return cast("Callable[..., AnyClassifier]", type(maker))(**fresh)
    fresh_one = cast("Callable[[int], AnyClassifier]", maker)(seed)
    check_classifiers({"what the function made": fresh_one})
    return fresh_one


def _copied(value: Any) -> Any:  # Any: a setting
    is_part = hasattr(value, "fit") and not isinstance(value, type)
    if isinstance(value, list):  # the steps of a pipeline, the members of an ensemble
        return [_copied(inner) for inner in value]
    if isinstance(value, tuple):
        return tuple(_copied(inner) for inner in value)
    return made(value, 0) if is_part and isinstance(value, HasSettings) else value
