"""A frozen pydantic model that tells all its faults at once as one SpecError, with their paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from campaignkit.errors import Fault, SpecError

Number = TypeVar("Number", int, float)
# Kept by pydantic 2 for users of pydantic 1; calling one warns, and completion need not offer it.
_DEPRECATED = {
    "construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw",
    "schema", "schema_json", "update_forward_refs", "validate",
}  # fmt: skip


class SpecModel(BaseModel):
    """A model whose doors (calling it, validating a mapping or JSON) raise SpecError."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: ClassVar[str] = "spec"

    def __init__(self, **data: Any) -> None:  # Any: whatever a file or a caller holds
        with in_words(self.title, type(self).model_fields):
            super().__init__(**data)

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """A spec from a mapping; raises SpecError with every fault and its path."""
        with in_words(cls.title, cls.model_fields):
            return super().model_validate(obj, **options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """A spec from JSON text; raises SpecError as `model_validate` does."""
        with in_words(cls.title, cls.model_fields):
            return super().model_validate_json(json_data, **options)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__()} - _DEPRECATED)


def ordered(bounds: tuple[Number, Number]) -> tuple[Number, Number]:
    """A range whose low is not above its high."""
    low, high = bounds
    if low > high:
        raise ValueError(f"low {low:g} above high {high:g}; expected [low, high]")
    return bounds


@contextmanager
def in_words(title: str, known: Iterable[str]) -> Iterator[None]:
    """Turn pydantic's ValidationError into a SpecError that says the same in the reader's words.

    Parameters
    ----------
    title : str
        What is being read, for the first line.
    known : iterable of str
        The keys that are allowed at the top, to suggest one for a misspelt key.
    """
    try:
        yield
    except ValidationError as err:
        faults = [*_faults(err, title, known)]
        count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise SpecError(f"the {title} has {count}; nothing was done", faults=faults) from None


def did_you_mean(name: object, known: Iterable[str], otherwise: str) -> str:
    """What to write instead of a misspelt name, or `otherwise` where nothing is spelled nearly so.

    Examples
    --------
    >>> did_you_mean("brnd", ["brand", "geo"], "remove it")
    'did you mean brand?'
    """
    near = get_close_matches(str(name), list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def _faults(err: ValidationError, title: str, known: Iterable[str]) -> Iterator[Fault]:
    for entry in err.errors():
        path, code = ".".join(str(part) for part in entry["loc"]), entry["type"]
        cause = (entry.get("ctx") or {}).get("error")
        if isinstance(cause, SpecError):  # a nested model has already put its faults in words
            inner = f"{path}." if path else ""
            yield from (Fault(inner + f.where, f.found, f.fix) for f in cause.faults)
        elif code == "missing":
            yield Fault(path, "is missing", "add it")
        elif code == "extra_forbidden":
            fix = did_you_mean(entry["loc"][-1], known, "remove it")
            yield Fault(path, "is not a known key", fix)
        elif code == "value_error":
            yield Fault(path or title, entry["msg"].removeprefix("Value error, "))
        else:
            shown, said = repr(entry.get("input")), entry["msg"]
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            yield Fault(path or title, f"{shown} does not fit: {said[:1].lower()}{said[1:]}")
