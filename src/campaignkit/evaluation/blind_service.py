"""Blind evaluation over HTTP: predictions in, rounded scores out, nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.blind_evaluator import BlindEvaluator, QuotaSpent
from campaignkit.evaluation.submission import parse_submission
from campaignkit.extras import require

_SHORTEST = 16  # letters of a token
_ROOM = 65_536  # bytes of a submission beyond its rows
_ROW = 250  # bytes of a row beyond twice its id (escapes)


class _UnknownToken(EvaluationError):
    """A request by nobody who may submit."""


class _TooLong(EvaluationError):
    """A submission that cannot be one, by its length."""


_STATUS = {_UnknownToken: 401, _TooLong: 413, QuotaSpent: 429}  # anything else: 422


def blind_app(evaluator: BlindEvaluator, *, tokens: Mapping[str, str]) -> Any:
    """A web application around a blind evaluator, for any ASGI server.

    Parameters
    ----------
    evaluator : BlindEvaluator
    tokens : mapping of user to token
        Who may submit. A request says ``Authorization: Bearer <token>``; only digests of the
        tokens are kept.

    Returns
    -------
    fastapi.FastAPI
        ``GET /`` tells what is asked for; ``POST /submissions`` takes
        ``{"name": ..., "predictions": {id: label or probabilities}}``; ``GET /submissions`` lists
        one's own; ``GET /standings`` everybody's best public score.

    Raises
    ------
    EvaluationError
        If there is no user, or tokens are short or shared.
    MissingExtra
        If fastapi is not installed.

    Examples
    --------
    >>> truth = {f"row {i}": label for i, label in enumerate(["neg", "avg", "pos"] * 20)}
    >>> app = blind_app(BlindEvaluator(truth), tokens={"ana": "a long secret of ana"})
    >>> app.title
    'Blind evaluation'
    """
    fastapi = require("fastapi", extra="service", user="the blind evaluation service")
    users = _digests(tokens)
    limit = _ROOM + sum(2 * len(key.encode()) + _ROW for key in evaluator.ids)

    async def refuse(request: Any, error: EvaluationError) -> Any:
        told = {
            "error": error.message,
            "faults": [str(fault) for fault in error.faults[:20]],
            "hint": error.hint,
        }
        status = _STATUS.get(type(error), 422)
        return fastapi.responses.JSONResponse(told, status_code=status)

    def user_of(request: Any) -> str:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        given = _digest(token.strip())
        # Every token is compared, so time tells nothing.
        found = [user for user, kept in users if hmac.compare_digest(kept, given)]
        if kind.lower() != "bearer" or not found:
            raise _UnknownToken("unknown token", hint="send Authorization: Bearer <your token>")
        return found[0]

    async def describe() -> Any:
        return {
            "num_rows": len(evaluator.ids),
            "num_public": evaluator.num_public,
            "labels": list(evaluator.label_names),
            "quota": evaluator.quota,
            "window_s": evaluator.window_s,
            "digits": evaluator.digits,
            "bits_per_submission": round(evaluator.bits_per_submission, 1),
            "submit": "POST /submissions with Authorization: Bearer <your token> and "
            '{"name": "...", "predictions": {"<id>": "<label>" or [probabilities]}}',
        }

    async def submit(request: Any) -> Any:
        user = user_of(request)
        predictions, name = parse_submission(await _body(request, limit))
        score = await asyncio.to_thread(evaluator.submit, user, predictions, name=name)
        return score.to_dict()

    async def own(request: Any) -> Any:
        user = user_of(request)
        entries = await asyncio.to_thread(evaluator.history, user)
        shown = ("number", "at", "name", "is_accepted", "reason", "public")
        return [{key: asdict(entry)[key] for key in shown} for entry in entries]

    async def standings() -> Any:
        found = await asyncio.to_thread(evaluator.standings)
        return [{k: v for k, v in asdict(s).items() if k != "private_macro_f1"} for s in found]

    # The types are known only now that the library is there.
    submit.__annotations__ = own.__annotations__ = {"request": fastapi.Request}
    describe.__annotations__ = standings.__annotations__ = {}
    app = fastapi.FastAPI(title="Blind evaluation", openapi_url=None)  # and no page made of it
    app.add_exception_handler(EvaluationError, refuse)
    app.add_api_route("/", describe, methods=["GET"])
    app.add_api_route("/submissions", submit, methods=["POST"], status_code=201)
    app.add_api_route("/submissions", own, methods=["GET"])
    app.add_api_route("/standings", standings, methods=["GET"])
    return app


def _digests(tokens: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """The users with the digests of their tokens."""
    faults = [
        Fault(str(user), f"has a token of fewer than {_SHORTEST} letters")
        for user, token in tokens.items()
        if not isinstance(token, str) or len(token) < _SHORTEST
    ]
    if len(set(tokens.values())) < len(tokens):
        faults.append(Fault("tokens", "two users share one"))
    if faults or not tokens:
        hint = "one secret a user"
        raise EvaluationError("tokens that cannot be used", hint=hint, faults=faults)
    return [(user, _digest(token)) for user, token in tokens.items()]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _body(request: Any, limit: int) -> bytes:
    """The whole body; refused as soon as it is longer than the limit."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise _TooLong(f"a submission of more than {limit:,} bytes")
    return bytes(body)
