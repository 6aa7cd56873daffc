"""What comes back from a model: the validated value, its text and what it used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call.

    Parameters
    ----------
    tokens_in, tokens_out : int
        Of the prompt and of the reply.
    estimated : bool
        True where the service gave no count and it was estimated from the bytes.

    Examples
    --------
    >>> Usage(100, 20).tokens
    120
    """

    tokens_in: int
    tokens_out: int
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """In and out together."""
        return self.tokens_in + self.tokens_out

    @classmethod
    def of_text(cls, prompt: str, reply: str) -> Usage:
        """An estimate where the service counts nothing: a token is about four bytes.

        Examples
        --------
        >>> Usage.of_text("twelve bytes", "{}")
        Usage(tokens_in=3, tokens_out=1, estimated=True)
        """
        return cls(_tokens(prompt), _tokens(reply), estimated=True)


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A complete reply of the type asked for.

    Parameters
    ----------
    value : T
        The validated reply.
    text : str
        As it came.
    usage : Usage
        What it cost when it was paid for.
    stored : bool
        True if it was read from the store and cost nothing now.

    Examples
    --------
    >>> Reply({"1": 1}, '{"1": 1}', Usage(10, 5)).value
    {'1': 1}
    """

    value: T
    text: str
    usage: Usage
    stored: bool = False


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A request that ended without a reply.

    Parameters
    ----------
    reason : str
        ``"budget"``, ``"malformed"``, ``"refused"``, ``"server_failed"``, ``"timed_out"`` or
        ``"cut"``.
    message : str
        In a sentence.
    attempts : int
        How often it was sent.
    text : str
        The last reply, where there was one that did not fit.

    Examples
    --------
    >>> CallFailed("budget", "all 260 calls are spent").attempts
    0
    """

    reason: str
    message: str
    attempts: int = 0
    text: str = ""


def _tokens(text: str) -> int:
    return -(-len(text.encode(errors="replace")) // 4)
