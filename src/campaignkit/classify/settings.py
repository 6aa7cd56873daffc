"""Constructor arguments that can be read, set and shown by name, as scikit-learn asks."""

from __future__ import annotations

import inspect
from typing import Any, Self

from campaignkit.errors import ClassifierError


class Settings:
    """What `get_params`, `set_params` and `repr` need: every argument is kept under its name.

    Examples
    --------
    >>> class Knob(Settings):
    ...     def __init__(self, turn: int = 1) -> None:
    ...         self.turn = turn
    >>> Knob().set_params(turn=3), Knob().get_params()
    (Knob(turn=3), {'turn': 1})
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments by name; `deep` is there for scikit-learn."""
        del deep
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name.

        Raises
        ------
        ClassifierError
            If there is no such parameter; the message lists those there are.
        """
        known = self._parameter_names()
        if unknown := sorted({*params} - {*known}):
            raise ClassifierError(
                f"{type(self).__name__} has no parameter {', '.join(unknown)}",
                hint=f"there are: {', '.join(known) or 'none'}",
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return sorted({*inspect.signature(cls).parameters})

    def __repr__(self) -> str:
        known = inspect.signature(type(self)).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not known[name].default and value != known[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"
