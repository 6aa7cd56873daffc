"""The Gemini and OpenAI protocols as a server sees them: what is asked, what is answered.

Only what this library's clients use: chat with a reply schema, embeddings, errors.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Body = dict[str, Any]  # Any: JSON of the protocols
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, whichever protocol it came by.

    Attributes
    ----------
    kind : str
        ``"chat"`` or ``"embed"``.
    model : str
        Which model.
    prompt : str
        System and user text, or the texts to embed, joined.
    schema : dict or None
        What the reply must fit.
    form : str
        ``"json_schema"``, ``"json_object"`` or ``"text"``.
    texts : tuple of str
        What is to be embedded.
    """

    kind: str
    model: str
    prompt: str
    schema: Body | None = None
    form: str = "text"
    texts: tuple[str, ...] = ()
    single: bool = False
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply that is no reply: a status, and why."""

    status: int
    message: str
    code: str = ""
    retry_after_s: float | None = None


class ProtocolSide(Protocol):
    """One protocol, from the server's side."""

    def key(self, headers: Any) -> str:
        """The API key of a request; empty if there is none."""

    def asked(self, path: str, body: Body) -> Asked | None:
        """What a request asks; None if the path is unknown."""

    def said(self, asked: Asked, text: str, tokens: tuple[int, int], *, whole: bool) -> Body:
        """A chat reply."""

    def embedded(self, asked: Asked, rows: Sequence[Sequence[float]]) -> Body:
        """An embedding reply."""

    def refused(self, refusal: Refusal) -> Body:
        """The body of an error."""


class GeminiSide:
    """Gemini's REST protocol: generateContent, embedContent, batchEmbedContents."""

    def key(self, headers: Any) -> str:
        """From the header that the SDK sends."""
        return str(headers.get("x-goog-api-key", ""))

    def asked(self, path: str, body: Body) -> Asked | None:
        """By the verb after the model's name."""
        name, _, verb = path.partition("/models/")[2].partition(":")
        if verb == "generateContent":
            config = body.get("generationConfig", {})
            schema = config.get("responseJsonSchema") or config.get("responseSchema")
            plain = "json_object" if config.get("responseMimeType") else "text"
            texts = [_joined(body.get("systemInstruction", {}))]
            texts += [_joined(content) for content in body.get("contents", [])]
            prompt = "\n\n".join(text for text in texts if text)
            return Asked("chat", name, prompt, schema, "json_schema" if schema else plain)
        if verb == "batchEmbedContents":
            found = tuple(_joined(r.get("content", {})) for r in body.get("requests", []))
            return Asked("embed", name, "\n".join(found), texts=found)
        if verb == "embedContent":
            text = _joined(body.get("content", {}))
            return Asked("embed", name, text, texts=(text,), single=True)
        return None

    def said(self, asked: Asked, text: str, tokens: tuple[int, int], *, whole: bool) -> Body:
        """One candidate with its counts."""
        content = {"role": "model", "parts": [{"text": text}] if text else []}
        return {
            "candidates": [
                {"content": content, "finishReason": "STOP" if whole else "MAX_TOKENS", "index": 0}
            ],
            "usageMetadata": {
                "promptTokenCount": tokens[0],
                "candidatesTokenCount": tokens[1],
                "totalTokenCount": sum(tokens),
            },
            "modelVersion": asked.model,
        }

    def embedded(self, asked: Asked, rows: Sequence[Sequence[float]]) -> Body:
        """One embedding, or a list of them."""
        found = [{"values": list(row)} for row in rows]
        return {"embedding": found[0]} if asked.single else {"embeddings": found}

    def refused(self, refusal: Refusal) -> Body:
        """Google's error form, with its RetryInfo where it asks to wait."""
        details: list[Body] = []
        if refusal.retry_after_s is not None:
            kind = "type.googleapis.com/google.rpc.RetryInfo"
            details.append({"@type": kind, "retryDelay": f"{refusal.retry_after_s}s"})
        if refusal.code:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            details.append({"@type": kind, "reason": refusal.code})
        if refusal.code == "insufficient_quota":
            kind = "type.googleapis.com/google.rpc.QuotaFailure"
            quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}
            details.append({"@type": kind, "violations": [quota]})
        return {
            "error": {
                "code": refusal.status,
                "message": refusal.message,
                "status": STATUS.get(refusal.status, "UNKNOWN"),
                "details": details,
            }
        }


class OpenAISide:
    """OpenAI's protocol: chat completions and embeddings."""

    def key(self, headers: Any) -> str:
        """The bearer token."""
        return str(headers.get("Authorization", "")).removeprefix("Bearer ")

    def asked(self, path: str, body: Body) -> Asked | None:
        """By the end of the path."""
        model = str(body.get("model", ""))
        if path.endswith("/chat/completions"):
            form = body.get("response_format", {})
            schema = form.get("json_schema", {}).get("schema")
            prompt = "\n\n".join(str(m.get("content", "")) for m in body.get("messages", []))
            return Asked("chat", model, prompt, schema, form.get("type", "text"))
        if path.endswith("/embeddings"):
            given = body.get("input", [])
            texts = (given,) if isinstance(given, str) else tuple(given)
            packed = body.get("encoding_format") == "base64"
            return Asked("embed", model, "\n".join(texts), texts=texts, packed=packed)
        return None

    def said(self, asked: Asked, text: str, tokens: tuple[int, int], *, whole: bool) -> Body:
        """One choice with its counts."""
        ended = "stop" if whole else "length"
        message = {"role": "assistant", "content": text}
        return {
            "id": "chatcmpl-rehearsal",
            "object": "chat.completion",
            "created": 0,
            "model": asked.model,
            "choices": [{"index": 0, "message": message, "finish_reason": ended}],
            "usage": {
                "prompt_tokens": tokens[0],
                "completion_tokens": tokens[1],
                "total_tokens": sum(tokens),
            },
        }

    def embedded(self, asked: Asked, rows: Sequence[Sequence[float]]) -> Body:
        """Rows as lists, or packed as the client asks."""
        return {
            "object": "list",
            "model": asked.model,
            "data": [
                {
                    "object": "embedding",
                    "index": i,
                    "embedding": _packed(row) if asked.packed else list(row),
                }
                for i, row in enumerate(rows)
            ],
            "usage": {"prompt_tokens": len(asked.prompt) // 4, "total_tokens": 0},
        }

    def refused(self, refusal: Refusal) -> Body:
        """OpenAI's error form."""
        told = {"message": refusal.message, "type": "error", "code": refusal.code or None}
        return {"error": {**told, "param": None}}


def _joined(content: Body) -> str:
    return "".join(str(part.get("text", "")) for part in content.get("parts", []))


def _packed(row: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()
