"""A model behind a service: what all protocols share, from the key to the reply as it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, TypeVar

from campaignkit.llm.chat_model import Prompt, Reply, Usage, identity_of
from campaignkit.llm.errors import CallError, FormFallback, RequestRefused
from campaignkit.llm.replies import parse_reply, schema_of, with_schema
from campaignkit.llm.transport import Service, Vendor

T = TypeVar("T")
Json = dict[str, Any]  # Any: JSON values
_ABOUT_FORM = re.compile(
    r"response[_ ]?format|json[_ ]?schema|json[_ ]?object|response[_ ]?mime|guided|structured"
    r"|grammar|responsejsonschema",
    re.IGNORECASE,
)


class Said(NamedTuple):
    """A reply of a protocol, taken apart.

    Attributes
    ----------
    text : str
        What the model wrote.
    tokens_in, tokens_out : object
        As the service counted them, if it did.
    fault : tuple of type and str, or None
        Why the text is no whole answer: the kind of error, and the words.
    more_in : int
        Tokens that the prompt may have in addition to its texts.
    """

    text: str
    tokens_in: object
    tokens_out: object
    fault: tuple[type[CallError], str] | None = None
    more_in: int = 0


class ServedModel:
    """Asks a service, once a call, in the best form of reply that the service has not refused.

    A kind of it is one protocol: its vendor, its forms of reply from the strictest to the
    plainest, how a request is spelled, and how a reply is taken apart.
    """

    vendor: ClassVar[Vendor]
    forms: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        options: Mapping[str, Any] | None = None,  # Any: the vendor's parameters
    ) -> None:
        self.name = name
        self.identity = identity_of(name, options)
        self._options = self._checked_options(options or {})
        self._service = Service(
            self.vendor, model=name, base_url=base_url, api_key=api_key, timeout_s=timeout_s,
            user=type(self).__name__,
        )  # fmt: skip
        self._unknown: set[str] = set()  # forms that the server does not know

    def __repr__(self) -> str:
        where = f"{self._service.where}{self._service.through}"
        return f"{type(self).__name__}({self.name!r}, at {where})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Send the prompt once.

        Raises
        ------
        CallError
            One of its kinds. A refusal that is about the form of the reply turns to a plainer
            form; the account sends the next try, so that it is booked like any other.
        """
        schema = schema_of(reply_type)
        form = next(form for form in self._forms_for(schema) if form not in self._unknown)
        sent = prompt
        if form != self.forms[0]:
            sent = replace(prompt, system=with_schema(prompt, schema))
        path, body = self._request(sent, form, schema)
        try:
            return self._service.post(path, body, lambda told: self._reply(told, sent, reply_type))
        except RequestRefused as err:
            if form == self.forms[-1] or not _ABOUT_FORM.search(err.message):
                raise
            self._unknown.add(form)
            told = f"the server does not know the reply format {form}: {err.message}"
            raise FormFallback(told) from err

    def _reply(self, told: Json, sent: Prompt, reply_type: type[T]) -> Reply[T]:
        said = self._said(told)
        text = self._service.without_key(said.text)
        usage = Usage.of_counts(
            said.tokens_in, said.tokens_out, prompt=sent.text, reply=text,
            max_tokens=sent.max_tokens, more_in=said.more_in,
        )  # fmt: skip
        if said.fault is not None:
            kind, why = said.fault
            told_by = f"{self.name} does not answer this: " if kind is RequestRefused else ""
            raise kind(f"{told_by}{self._service.words(why)}", text=text, usage=usage)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)

    def _checked_options(self, options: Mapping[str, Any]) -> Json:
        """The options as the protocol spells them."""
        return dict(options)

    def _forms_for(self, schema: Json) -> tuple[str, ...]:
        """The forms in which a reply of this schema can be asked for."""
        return self.forms

    def _request(self, sent: Prompt, form: str, schema: Json) -> tuple[str, Json]:
        """The path and the body of a request."""
        raise NotImplementedError

    def _said(self, told: Json) -> Said:
        """What a reply says; whatever it raises means that it is none of the protocol."""
        raise NotImplementedError
