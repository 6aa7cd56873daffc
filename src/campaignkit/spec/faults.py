"""pydantic's errors as faults with paths: the one place that knows its error codes."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

from campaignkit.errors import Fault, SpecError


def spec_error(err: ValidationError, *, title: str, known: Iterable[str]) -> SpecError:
    """The SpecError that says all a ValidationError says, in the reader's words.

    Parameters
    ----------
    err : ValidationError
        What pydantic found.
    title : str
        What was being read, for the first line.
    known : iterable of str
        The keys that are allowed at the top, to suggest one for a misspelt key.
    """
    faults: list[Fault] = []
    for entry in err.errors():
        path = ".".join(str(part) for part in entry["loc"])
        cause = (entry.get("ctx") or {}).get("error")
        if isinstance(cause, SpecError):  # a nested model has already put its faults in words
            inner = f"{path}." if path else ""
            faults += [Fault(inner + f.where, f.found, f.fix) for f in cause.faults]
            continue
        path = path or title
        faults.append(_fault(path, entry["type"], entry["msg"], entry.get("input"), known))
    count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
    return SpecError(f"the {title} has {count}; nothing was done", faults=faults)


def _fault(path: str, code: str, message: str, given: object, known: Iterable[str]) -> Fault:
    if code == "missing":
        return Fault(path, "is missing", "add it")
    if code == "extra_forbidden":
        name = path.rsplit(".", maxsplit=1)[-1]
        near = get_close_matches(name, list(known), n=1)
        return Fault(
            path, "is not a known key", f"did you mean {near[0]}?" if near else "remove it"
        )
    if code == "value_error":
        return Fault(path, message.removeprefix("Value error, "))
    shown = repr(given)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return Fault(path, f"{shown} does not fit: {message[:1].lower()}{message[1:]}")
