"""How a service is asked for JSON: by a schema where it can, in plain words where it cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from threading import Lock
from typing import Any

from campaignkit.llm.model_errors import FormFallback
from campaignkit.llm.prompt import Prompt

_ABOUT_FORM = re.compile(
    r"response[_ ]?format|json[_ ]?schema|json[_ ]?object|response[_ ]?mime|guided|structured"
    r"|grammar|responsejsonschema",
    re.IGNORECASE,
)


class ReplyForm:
    """The best form that a server has not refused yet; shared by the threads of one model.

    Examples
    --------
    >>> form = ReplyForm(["json_schema", "text"])
    >>> form.now, form.refused("json_schema", "response_format is not supported") is None, form.now
    ('json_schema', False, 'text')
    """

    def __init__(self, forms: Sequence[str]) -> None:
        self._forms = tuple(forms)
        self._at = 0
        self._lock = Lock()

    @property
    def now(self) -> str:
        """The form to ask in."""
        return self._forms[self._at]

    def refused(self, form: str, message: str) -> FormFallback | None:
        """What to raise if a refusal is about the form and there is a plainer one; else None.

        The account sends the next try, so that it is booked like any other.
        """
        at = self._forms.index(form)
        if at + 1 == len(self._forms) or not _ABOUT_FORM.search(message):
            return None
        with self._lock:
            self._at = max(self._at, at + 1)
        return FormFallback(f"the server does not know the reply format {form}: {message}")


def with_schema(prompt: Prompt, schema: dict[str, Any]) -> str:
    """The system text of a prompt with the schema in words, for a server that takes none.

    Examples
    --------
    >>> with_schema(Prompt("?", system="Be brief."), {"type": "object"}).splitlines()[-1]
    '{"type": "object"}'
    """
    told = (
        "Answer with JSON alone, no other text, that fits this JSON schema:\n"
        f"{json.dumps(schema, ensure_ascii=False)}"
    )
    return f"{prompt.system}\n\n{told}" if prompt.system else told


def is_strict(schema: dict[str, Any]) -> bool:
    """Whether every object in a schema lists all its keys as required and allows no others.

    Only such a schema can be enforced strictly by OpenAI's servers.

    Examples
    --------
    >>> is_strict({"type": "object", "additionalProperties": {"type": "integer"}})
    False
    """
    if schema.get("type") == "object":
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("properties", {})) != set(schema.get("required", [])):
            return False
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [part for name in ("anyOf", "allOf", "prefixItems") for part in schema.get(name, [])]
    inner += [schema["items"]] if isinstance(schema.get("items"), dict) else []
    return all(is_strict(part) for part in inner)
