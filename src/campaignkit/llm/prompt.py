"""What is asked of a model: a prompt, and a request that says what form the reply takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaignkit.errors import CampaignkitError


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text sent to a model and how it is to be answered.

    Parameters
    ----------
    user : str
        What is asked.
    system : str
        The standing instruction; may be empty.
    template : str
        ``"name@version"`` of the template that made it, and whatever else tells two askings of the
        same words apart (``"pairs@1 vote 2"``). Part of the cache key.
    temperature : float or None
        In [0, 2]; None leaves it to the service.
    max_tokens : int or None
        Longest reply, in tokens; None leaves it to the service.

    Raises
    ------
    CampaignkitError
        If the text is empty or cannot be sent as UTF-8, or a number is out of range.

    Examples
    --------
    >>> Prompt("Does LinkedIn suit executives?", temperature=0.15).template
    ''
    """

    user: str
    system: str = ""
    template: str = ""
    temperature: float | None = None
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        if not self.user.strip():
            raise CampaignkitError("the prompt is empty; expected a question")
        try:
            self.text.encode()
        except UnicodeEncodeError as err:
            raise CampaignkitError(
                "the prompt holds half a character (a lone surrogate) that cannot be sent",
                hint="clean the names first; Attribute does",
            ) from err
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise CampaignkitError(f"temperature is {self.temperature}; expected 0 to 2")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise CampaignkitError(f"max_tokens is {self.max_tokens}; expected at least 1")

    @property
    def text(self) -> str:
        """System and user text together, as a model without roles would read them."""
        return f"{self.system}\n\n{self.user}" if self.system else self.user


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt, the type its reply must fit, and the stage of the work that pays for it.

    Parameters
    ----------
    prompt : Prompt
        What is asked.
    reply_type : type
        A pydantic model or a JSON type (``dict[str, int]``, ``list[str]``, ...).
    stage : str
        Under which the ledger books it.

    Examples
    --------
    >>> Request(Prompt("How many?"), dict[str, int], "audit").stage
    'audit'
    """

    prompt: Prompt
    reply_type: type[Any]  # Any: each request has its own reply type
    stage: str = "asking"
