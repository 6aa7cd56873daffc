"""What a contract asks first: that the thing under test has the members its protocol names."""

from __future__ import annotations


def assert_offers(given: object, kind: str, *members: str) -> None:
    """Raise `AssertionError` for a class, and for what lacks members of a protocol.

    Examples
    --------
    >>> assert_offers("text", "embedder", "name", "embed")
    Traceback (most recent call last):
        ...
    AssertionError: a str is no embedder: it has no name, embed
    """
    told = getattr(given, "__name__", "")
    assert not isinstance(given, type), f"{told} is a class; expected an object, {told}()"
    lacking = [name for name in members if not hasattr(given, name)]
    found = f"a {type(given).__name__} is no {kind}"
    assert not lacking, f"{found}: it has no {', '.join(lacking)}"
