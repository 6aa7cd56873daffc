"""What completion offers on a spec: its own names, not pydantic's deprecated ones."""

from __future__ import annotations

from collections.abc import Iterable

# Kept by pydantic 2 for users of pydantic 1; calling one warns.
_DEPRECATED = {
    "construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw",
    "schema", "schema_json", "update_forward_refs", "validate",
}  # fmt: skip


def offered(names: Iterable[str]) -> list[str]:
    """The names worth offering, sorted.

    Examples
    --------
    >>> offered(["write", "parse_obj", "read"])
    ['read', 'write']
    """
    return sorted({*names} - _DEPRECATED)
