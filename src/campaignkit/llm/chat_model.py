"""What is asked of a model, what comes back, and what a model must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from campaignkit.checks import check_plugin, checked_count, checked_share, checked_text, is_count
from campaignkit.errors import SettingError
from campaignkit.store import digest_json

T = TypeVar("T")
_MOST_TOKENS = 1_000_000  # of one reply whose limit nobody told, thoughts included
_MOST_BESIDE = 16_384  # tokens of a template, a schema and tools around the texts that were sent
_FACTOR = 8  # how far a count may be from an estimate: a token in 32 bytes, or two in each


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
    SettingError
        If the text is empty or cannot be sent as UTF-8, or a number is out of range.
    """

    user: str
    system: str = ""
    template: str = ""
    temperature: float | None = None
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("user", "system", "template"):
            checked_text(getattr(self, name), f"the prompt's {name}")
        if not self.user.strip():
            raise SettingError("the prompt is empty; expected a question")
        if self.temperature is not None:
            checked_share(self.temperature, "temperature", high=2.0)
        if self.max_tokens is not None:
            checked_count(self.max_tokens, "max_tokens")

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

    Raises
    ------
    SettingError
        If one of them is something else.
    """

    prompt: Prompt
    reply_type: type[Any]  # Any: each request has its own reply type
    stage: str = "asking"

    def __post_init__(self) -> None:
        is_right = isinstance(self.prompt, Prompt)
        check_plugin(self.prompt, "prompt", is_right, "a Prompt", 'Prompt("...")')
        checked_text(self.stage, "stage")


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
        num_in, num_out = (len(text.encode(errors="replace")) for text in (prompt, reply))
        return cls(-(-num_in // 4), -(-num_out // 4), estimated=True)

    @classmethod
    def of_counts(
        cls,
        told_in: object,
        told_out: object,
        *,
        prompt: str,
        reply: str,
        max_tokens: int | None = None,
        more_in: int = 0,
    ) -> Usage:
        """What a service counted, or an estimate where that is no count of these texts.

        Parameters
        ----------
        told_in, told_out : object
            Tokens of the prompt and of the reply, thoughts included, as the service reported them.
        prompt, reply : str
            The texts; a prompt has two tokens a byte at most, and 16,384 of what is around it.
        max_tokens : int or None
            The longest reply that was asked for, in tokens; twice as many are believed.
        more_in : int
            Tokens that the prompt may have in addition to its text, such as those of a cached
            document.

        Examples
        --------
        >>> Usage.of_counts(3, 1, prompt="twelve bytes", reply="{}")
        Usage(tokens_in=3, tokens_out=1, estimated=False)
        >>> Usage.of_counts(-3, 1, prompt="twelve bytes", reply="{}")
        Usage(tokens_in=3, tokens_out=1, estimated=True)
        >>> Usage.of_counts(3, 9_000, prompt="twelve bytes", reply="{}", max_tokens=400)
        Usage(tokens_in=3, tokens_out=1, estimated=True)
        """
        guess = cls.of_text(prompt, reply)
        most_out = _MOST_TOKENS if max_tokens is None else 2 * max_tokens
        claims: list[tuple[Any, int, int]] = [
            (told_in, guess.tokens_in, _FACTOR * guess.tokens_in + _MOST_BESIDE + more_in),
            (told_out, guess.tokens_out, most_out),
        ]
        fits = [is_count(n, least=0) and one / _FACTOR <= n <= most for n, one, most in claims]
        num_in, num_out = (n if f else one for f, (n, one, _) in zip(fits, claims, strict=True))
        return cls(num_in, num_out, estimated=not all(fits))


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
    """

    reason: str
    message: str
    attempts: int = 0
    text: str = ""


@runtime_checkable
class ChatModel(Protocol):
    """Answers a prompt with a value of the type asked for.

    A model sends at most one request an `ask` and never tries again by itself:
    :class:`campaignkit.llm.Account` does, so that no call escapes the budget. Bring your own with
    these two members; :func:`campaignkit.llm.parse_reply` turns a reply's text into the value.

    Attributes
    ----------
    name : str
        Names the model in the ledger, the price table and the cache. Two models that may answer
        differently need different names, or an ``identity``: see :class:`IdentifiedModel`.

    Notes
    -----
    `ask` is called from several threads at once. A client that is async is run to its end inside:
    ``asyncio.run(...)``.

    Examples
    --------
    >>> from campaignkit.llm import parse_reply, Usage
    >>> class Echo:
    ...     name = "echo"
    ...
    ...     def ask(self, prompt, reply_type):
    ...         text = '["' + prompt.user + '"]'
    ...         return Reply(parse_reply(text, reply_type), text, Usage.of_text(prompt.text, text))
    >>> Echo().ask(Prompt("hello"), list[str]).value
    ['hello']
    """

    @property
    def name(self) -> str:
        """Names the model in the ledger, the price table and the cache."""

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Send the prompt once.

        Raises
        ------
        campaignkit.llm.CallError
            One of its kinds, and nothing of the vendor's own.
        """


@runtime_checkable
class IdentifiedModel(ChatModel, Protocol):
    """A model that may answer differently under one name, and declares this.

    Attributes
    ----------
    identity : str
        Stands in the cache for the name: the options, the weights, whatever else a reply depends
        on. :func:`identity_of` makes one.
    """

    @property
    def identity(self) -> str:
        """Tells it from another of its name."""


def identity_of(name: str, options: Mapping[str, Any] | None) -> str:  # Any: JSON values
    """The model's name, and a digest of its options where there are any.

    Raises
    ------
    SettingError
        If there is no name, or the options are no JSON values.

    Examples
    --------
    >>> identity_of("m", None)
    'm'
    >>> identity_of("m", {"seed": 7})[:9]
    'm sha256:'
    """
    if not checked_text(name, "the model's name").strip():
        raise SettingError(
            f"the model's name is {name!r:.60}", hint="give it as the service spells it"
        )
    if not options:
        return name
    try:
        return f"{name} {digest_json(dict(options))}"
    except (TypeError, ValueError) as err:
        raise SettingError(
            f"the options of {name!r} are not JSON values: {err}",
            hint="give numbers, texts, lists and dicts",
        ) from err
