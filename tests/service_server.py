"""The service on loopback, over a real home: for the tests and the benchmark."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn

import campaignkit as ck
from campaignkit.service import Home
from campaignkit.service.serving import listening
from campaignkit.service.web import service_app

RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}


@contextmanager
def serving(home: Home) -> Iterator[str]:
    """The address of a server in a thread."""
    with listening("127.0.0.1", 0) as listener:
        config = uvicorn.Config(service_app(home), lifespan="off", ws="none", log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def write_inputs(folder: Path, num: int = 40) -> None:
    """``edges.csv`` and ``spec.json`` of a small job."""
    catalogue = ck.Catalogue.bundled("starter-27")
    graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
    graph.write_csv(folder / "edges.csv")
    wanted = {"pos": num, "avg": num, "neg": num}
    ck.diagnose(graph, type_ranges=RANGES).suggest(wanted).write(folder / "spec.json")


class Reply:
    """What came back."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read()
        self.kind = reply.headers.get_content_type()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Visitor:
    """Asks a server as anything may that speaks HTTP."""

    def __init__(self, url: str, secret: str = "") -> None:
        self.netloc = urlsplit(url).netloc
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def ask(
        self,
        how: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        talk = http.client.HTTPConnection(self.netloc, timeout=30)
        sent = {**self.headers, **(headers or {})}
        if isinstance(body, dict):
            body, sent = json.dumps(body), {"Content-Type": "application/json", **sent}
        try:
            talk.request(how, path, body, sent)
            return Reply(talk.getresponse())
        finally:
            talk.close()
