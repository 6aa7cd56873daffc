"""The service over HTTP: a FastAPI application around a `Home`.

A key is asked for before a body is read. Every error is a problem of RFC 9457 with the library's
own message, hint and places. Annotations are not postponed here: FastAPI reads those of functions
inside a function.
"""

import asyncio
import errno
import json
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, replace
from functools import partial, reduce
from http import HTTPStatus
from operator import or_
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, FastAPI, Path, Query, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from campaignkit import __version__
from campaignkit.errors import CampaignkitError, Fault, ServiceError, SettingError
from campaignkit.service.artifacts import DIGEST
from campaignkit.service.home import Home
from campaignkit.service.jobs import (
    MOST,
    Job,
    JobQueue,
    NotThere,
    OutOfSpace,
    Plan,
    QuotaExceeded,
    UnknownKey,
)
from campaignkit.service.kinds import kind_named
from campaignkit.service.kinds.request import read_json
from campaignkit.service.status import SHOWN, guide_page, metrics_text, sign_in_page, status_page

_OPEN = ("/", "/healthz", "/sign-in")  # answered without a key
_UPLOADS = "/v1/artifacts"
_JSON_BYTES = 2**20  # the longest body that is no upload
_COOKIE = "campaignkit-service"
_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
_LOOK_S, _SILENCE_S = 0.25, 15.0  # of a stream of events
_STREAMS = 20  # of events, of one key at a time

_Digest = Annotated[str, Path(pattern=DIGEST)]
_ID = r"^job_[0-9a-f]{32}$"
_Id = Annotated[str, Path(pattern=_ID)]
_CONTENT = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
}


class ProblemPlace(BaseModel):
    """One thing wrong with a request."""

    where: str
    found: str
    fix: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    hint: str
    faults: list[ProblemPlace]


class Uploaded(BaseModel):
    """An artifact that the service has."""

    digest: str
    bytes: int


class JobPage(BaseModel):
    """Jobs, the newest first; `next` is what `after` takes for the next page."""

    jobs: list[Job]
    next: str | None


class _Strict(Request):
    async def json(self) -> Any:  # Any: JSON
        return read_json(await self.body())


class _StrictRoute(APIRoute):
    """Reads JSON as the service does: no key twice, no number that is not finite."""

    def get_route_handler(self) -> Any:  # Any: FastAPI's
        answer = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await answer(_Strict(request.scope, request.receive))

        return strictly


class _Door:
    """Lets in who brings a key, counts answers, and puts the same headers on every one."""

    def __init__(self, app: Any, home: Home, counted: Counter[int]) -> None:  # Any: ASGI
        self._app, self._home, self._counted = app, home, counted

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._counted[message["status"]] += 1
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        request, app = Request(scope), self._app
        try:
            if scope["path"] not in _OPEN:
                key = await run_in_threadpool(self._home.keys.check, _secret_of(request))
                scope.setdefault("state", {})["key"] = key
            self._refuse_unread(request)
        except (CampaignkitError, HTTPException) as err:
            app = problem(err)
        await app(scope, receive, sent)

    def _refuse_unread(self, request: Request) -> None:
        """Refuse bodies that are packed, or announce to be too long for any address."""
        packed = request.headers.get("content-encoding", "identity")
        if packed != "identity":
            raise HTTPException(415, f"the body is packed ({packed:.20}); expected it as it is")
        size, most = request.headers.get("content-length", "0"), _JSON_BYTES
        if request.url.path == _UPLOADS:
            most = self._home.artifacts.most_bytes
        if not size.isdecimal() or int(size[:18]) > most:
            raise HTTPException(413, f"the body has {size:.18} bytes; expected at most {most:,}")


def service_app(home: Home, *, is_over: Callable[[], bool] = lambda: False) -> FastAPI:
    """A web application around a home, for any ASGI server.

    Parameters
    ----------
    home : Home
    is_over : function
        Whether the server stops: streams of events end then.
    """
    counted: Counter[int] = Counter()
    app = FastAPI(
        title="campaignkit", version=__version__,
        docs_url=None, redoc_url=None, openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    app.add_middleware(_Door, home=home, counted=counted)
    for kind in (CampaignkitError, OSError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _refuse)
    app.include_router(_api(home, is_over))
    app.include_router(_pages(home, counted, lambda: _openapi(app)))
    return app


def _api(home: Home, is_over: Callable[[], bool]) -> APIRouter:
    """What programs ask."""
    api = APIRouter(
        prefix="/v1", max_body_size=_JSON_BYTES, route_class=_StrictRoute,
        responses={"default": {"model": Problem}},
        dependencies=[Security(HTTPBearer(auto_error=False))],
    )  # fmt: skip
    queue: JobQueue = home.queue
    submission: Any = _submission(home.kinds)
    streams: Counter[str] = Counter()

    @api.post(
        "/artifacts", status_code=201, response_model=Uploaded,
        openapi_extra={"requestBody": _CONTENT | {"required": True}},
        max_body_size=home.artifacts.most_bytes,
    )  # fmt: skip
    async def upload(
        request: Request, digest: Annotated[str | None, Query(pattern=DIGEST)] = None
    ) -> Response:
        """Give the service a file: the body is its content."""
        with tempfile.TemporaryFile(dir=home.path) as file:
            async for part in request.stream():
                file.write(part)
            file.seek(0)
            parts = iter(partial(file.read, 2**20), b"")
            key = request.state.key
            told = await run_in_threadpool(home.upload, key, parts, digest=digest)
        return JSONResponse(dict(zip(("digest", "bytes"), told, strict=True)), 201)

    @api.head("/artifacts/{digest}", include_in_schema=False)
    @api.get("/artifacts/{digest}", response_class=FileResponse, responses={200: _CONTENT})
    def artifact(request: Request, digest: _Digest) -> Response:
        """The content of a file that this key uploaded or that a job of it made.

        The header Range: bytes=FIRST- asks for the rest of the file alone.
        """
        if not queue.holds(request.state.key.id, digest):
            raise NotThere(f"there is no artifact {digest}", hint="list the jobs of this key")
        path = home.artifacts.path(digest)
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        if asked is None:  # another form than ours: RFC 9110 lets a server pass it over
            request.scope["headers"] = [h for h in request.scope["headers"] if h[0] != b"range"]
        elif int(asked[1]) >= (size := path.stat().st_size):
            raise HTTPException(416, f"the file has {size:,} bytes")
        shown = {"ETag": f'"{digest}"', "Content-Disposition": "attachment"}
        return FileResponse(path, headers=shown, media_type="application/octet-stream")

    @api.post(
        "/jobs", status_code=202, response_model=Job | Plan,
        responses={200: {"model": Job | Plan, "description": "A known job, or a plan"}},
    )  # fmt: skip
    def submit(request: Request, body: submission) -> Response:
        """Have a job done, or with dry_run plan one: what it would do and cost.

        The same work asked for twice is one job.
        """
        key, asked = request.state.key, (body.kind, body.request)
        if body.dry_run:
            return JSONResponse(asdict(home.plan(key, *asked)))
        job, is_new = home.submit(key, *asked)
        where = {"Location": f"/v1/jobs/{job.id}"}
        return JSONResponse(_shown(job), 202 if is_new else 200, headers=where)

    @api.get("/jobs", response_model=JobPage)
    def jobs(
        request: Request,
        after: Annotated[str | None, Query(pattern=_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """Jobs of this key, the newest first."""
        found = queue.list(request.state.key.id, after, limit)
        more = found[-1].id if len(found) == limit else None
        return JSONResponse({"jobs": [_shown(job) for job in found], "next": more})

    @api.get("/jobs/{id}", response_model=Job)
    def job(request: Request, id: _Id) -> Response:
        """One job: state, progress, cost, result."""
        return JSONResponse(_shown(queue.get(id, request.state.key.id)))

    @api.post("/jobs/{id}/cancel", response_model=Job)
    def cancel(request: Request, id: _Id) -> Response:
        """Cancel a job; one that has ended is left as it is."""
        return JSONResponse(_shown(queue.cancel(id, request.state.key.id)))

    @api.get(
        "/jobs/{id}/events", response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )  # fmt: skip
    def events(
        request: Request, id: _Id, after: Annotated[int, Query(ge=0, le=MOST)] = 0
    ) -> Response:
        """What happens to a job, as server-sent events, until the job has ended."""
        owner, last = request.state.key.id, request.headers.get("last-event-id", "")
        queue.get(id, owner)
        seen = int(last) if last.isdecimal() and len(last) < 16 else after
        if streams[owner] >= _STREAMS:
            raise QuotaExceeded(
                f"the key has {_STREAMS} streams of events open",
                hint="close some, or ask GET /v1/jobs/ID now and then",
            )
        told = _counted(_events(queue, id, owner, seen, is_over), streams, owner)
        return StreamingResponse(told, media_type="text/event-stream")

    return api


def _pages(home: Home, counted: Counter[int], document: Callable[[], dict[str, Any]]) -> APIRouter:
    """What people and monitors ask."""
    pages = APIRouter(include_in_schema=False, max_body_size=_JSON_BYTES)

    @pages.get("/")
    def status(request: Request) -> Response:
        try:
            key = home.keys.check(_secret_of(request))
        except UnknownKey:
            return HTMLResponse(sign_in_page(), 200)
        found = home.queue.list(key.id, None, SHOWN)
        return HTMLResponse(status_page(key, found), headers={"Refresh": "5"})

    @pages.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        fields = parse_qs((await request.body()).decode("ascii", "replace"))
        secret = fields.get("key", [""])[0].strip()
        host, origin = request.headers.get("host"), request.headers.get("origin")
        if origin and urlsplit(origin).netloc != host:
            raise HTTPException(403, "another page sent this form")
        try:
            await run_in_threadpool(home.keys.check, secret)
        except UnknownKey as err:
            return HTMLResponse(sign_in_page(err.message), 401)
        reply = RedirectResponse("/", 303)
        reply.set_cookie(
            _COOKIE, secret, httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return reply

    @pages.post("/sign-out")
    def sign_out() -> Response:
        reply = RedirectResponse("/", 303)
        reply.delete_cookie(_COOKIE, httponly=True, samesite="strict")
        return reply

    @pages.get("/healthz")
    def health() -> Response:
        home.queue.counts()
        return JSONResponse({"status": "ok"})

    @pages.get("/metrics")
    def metrics() -> Response:
        return PlainTextResponse(
            metrics_text(home.queue.counts(), counted), media_type="text/plain; version=0.0.4"
        )

    @pages.get("/openapi.json")
    def openapi() -> Response:
        return JSONResponse(document())

    @pages.get("/docs")
    def docs() -> Response:
        return HTMLResponse(guide_page(document()))

    return pages


async def _counted(
    parts: AsyncIterator[str], streams: Counter[str], owner: str
) -> AsyncIterator[str]:
    """The same parts; the stream counts as one of its owner's while it is open."""
    streams[owner] += 1
    try:
        async for part in parts:
            yield part
    finally:
        streams[owner] -= 1


async def _events(
    queue: JobQueue, id: str, owner: str, seen: int, is_over: Callable[[], bool]
) -> AsyncIterator[str]:
    """States with their numbers, progress where it changes, and a comment in a long silence."""
    before, silent_s = None, 0.0
    while True:
        job = await run_in_threadpool(queue.get, id, owner)
        news = await run_in_threadpool(queue.events, id, owner, seen)
        for event in news:
            seen = event.number
            yield f"id: {seen}\nevent: state\ndata: {json.dumps(asdict(event))}\n\n"
        now = {"done": job.done, "all": job.all, "unit": job.unit}
        if now != before:
            yield f"event: progress\ndata: {json.dumps(now)}\n\n"
        if job.has_ended or is_over():
            return
        silent_s = 0.0 if news or now != before else silent_s + _LOOK_S
        if silent_s >= _SILENCE_S:
            silent_s = 0.0
            yield ": still there\n\n"
        before = now
        await asyncio.sleep(_LOOK_S)


def _shown(job: Job) -> dict[str, Any]:
    """What the owner of a job sees: all but the name of the computer that runs it."""
    return asdict(replace(job, worker=""))


def _secret_of(request: Request) -> str:
    """The key of the header; where a page or a file is read, also that of the cookie."""
    kind, _, told = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return told.strip()
    is_reading = request.method in ("GET", "HEAD") or request.url.path == "/sign-out"
    return request.cookies.get(_COOKIE, "") if is_reading else ""


async def _refuse(request: Request, err: Exception) -> Response:
    """Any error as a problem: our own words, and nothing of what is inside otherwise."""
    del request
    return problem(err)


def problem(err: Exception) -> Response:
    """An error as ``application/problem+json``."""
    headers: dict[str, str] = {}
    told: CampaignkitError
    if isinstance(err, HTTPException):
        if isinstance(err.__cause__, CampaignkitError):  # what FastAPI wraps: JSON was refused
            return problem(err.__cause__)
        detail, hint = str(err.detail), ""
        if detail == HTTPStatus(err.status_code).phrase:  # nobody of ours said it
            detail, hint = f"the service answers no such request: {detail}", "see /docs"
        status, told = err.status_code, ServiceError(detail, hint=hint)
        headers |= err.headers or {}
    elif isinstance(err, RequestValidationError):
        faults = [Fault(_place(e["loc"]), e["msg"].removeprefix("Value error, "))
                  for e in err.errors()]  # fmt: skip
        status, told = 422, SettingError("a request that cannot be run", faults=faults)
    elif isinstance(err, ServiceError):
        status, told = err.status, err
    elif isinstance(err, CampaignkitError):
        status, told = 422, err
    elif isinstance(err, OSError) and err.errno in (errno.ENOSPC, errno.EDQUOT):
        status, told = 507, OutOfSpace("the disk of the service is full")
    else:
        hint = "tell the operator when this was: the log of the service has the reason"
        status, told = 500, ServiceError("the service made a mistake", hint=hint)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = {
        "type": f"urn:campaignkit:{type(told).__name__}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": told.message,
        "hint": told.hint,
        "faults": [asdict(fault) for fault in told.faults],
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _place(found: tuple[object, ...]) -> str:
    """Where in a request something is wrong: without FastAPI's "body" and the name of the kind."""
    inside = found[2:] if found[0] == "body" else found[1:]
    return ".".join(map(str, inside)) or str(found[0])


def _submission(kinds: Sequence[str]) -> Any:  # Any: a type that FastAPI reads
    """The body of a submission: one model a kind, told apart by the field ``kind``."""
    models = []
    for name in kinds:
        fields: Any = {
            "kind": (Literal[name], ...),
            "request": (kind_named(name).request, ...),
            "dry_run": (bool, False),
        }
        title = f"{name.capitalize()}Submission"
        models.append(create_model(title, __config__=ConfigDict(extra="forbid"), **fields))
    return Annotated[reduce(or_, models), Field(discriminator="kind")]


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: errors have their own media type, and mappings take no other keys."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for path in document["paths"].values():
        for operation in path.values():
            content = operation["responses"]["default"]["content"]
            content["application/problem+json"] = content.pop("application/json")
    closed: dict[str, Any] = _closed(document)
    return closed


def _closed(part: Any) -> Any:  # Any: JSON
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    more = {"additionalProperties": False} if "patternProperties" in part else {}
    return {name: _closed(item) for name, item in part.items()} | more
