"""What tells one model from another in the cache: its name and the options it is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaignkit.errors import CampaignkitError
from campaignkit.store import digest_json


def identity_of(name: str, options: Mapping[str, Any] | None) -> str:
    """The model's name, and a digest of its options where there are any.

    Raises
    ------
    CampaignkitError
        If there is no name, or the options are no JSON values.

    Examples
    --------
    >>> identity_of("m", None)
    'm'
    >>> identity_of("m", {"seed": 7})[:9]
    'm sha256:'
    """
    if not name.strip():
        raise CampaignkitError("the model has no name", hint="give it as the service spells it")
    if not options:
        return name
    try:
        return f"{name} {digest_json(dict(options))}"
    except (TypeError, ValueError) as err:
        raise CampaignkitError(
            f"the options of {name!r} are no JSON values: {err}",
            hint="give numbers, texts, lists and dicts",
        ) from err
