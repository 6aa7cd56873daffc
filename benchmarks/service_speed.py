"""The service over HTTP: submits and looks at jobs a second, and how long a look takes."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.leaderboard import cpu_of
from benchmarks.record import record, show_table

TESTS = Path(__file__).parent.parent / "tests"
WINDOWS, CONNECTIONS = 7, 16
WINDOW_S = 2.0


def main() -> None:
    """Measure and keep the figures."""
    sys.path.insert(0, str(TESTS))
    from service_server import Visitor, write_inputs

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_inputs(folder)
        command = [sys.executable, "-m", "campaignkit"]
        home = ["--home", str(folder / "home")]
        limit = ["--scope", "all", "--queued", "10000000"]
        secret = json.loads(
            subprocess.run([*command, "keys", "add", *home, *limit, "--json"],
                           check=True, capture_output=True, text=True).stdout
        )["key"]  # fmt: skip
        serve = [*command, "serve", *home, "--port", "0", "--workers", "0"]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                url = [server.stdout.readline(), server.stdout.readline()][1].strip()
                figures = _measured(Visitor(url, secret), folder, server.pid)
            finally:
                server.terminate()
    show_table(figures)
    record(
        "service_speed",
        figures,
        about=f"One server process and a client with {CONNECTIONS} connections on the same two "
        f"cores, {WINDOWS} windows of {WINDOW_S:.0f} s each while other work ran on the machine: "
        "the best window and the median. Submits are new jobs of kind dataset, each flushed to "
        "disk before it is acknowledged; status is GET /v1/jobs/ID. CPU is per request.",
    )


def _measured(visitor: Any, folder: Path, server: int) -> dict[str, dict[str, float]]:
    request: dict[str, Any] = {}
    for field, name in ("graph", "edges.csv"), ("spec", "spec.json"):
        told = visitor.ask("POST", "/v1/artifacts", (folder / name).read_bytes()).json
        request[field] = {"digest": told["digest"], "name": name}
    here, seeds = threading.local(), count()

    def ask(how: str, path: str, body: object = None) -> Any:
        if not hasattr(here, "talk"):
            here.talk = http.client.HTTPConnection(visitor.netloc, timeout=60)
        sent = json.dumps(body) if body else None
        here.talk.request(how, path, sent, visitor.headers | {"Content-Type": "application/json"})
        reply = here.talk.getresponse()
        told = json.loads(reply.read())
        assert reply.status in (200, 202), told
        return told

    def submit() -> str:
        asked = {"kind": "dataset", "request": request | {"seed": next(seeds)}}
        return str(ask("POST", "/v1/jobs", asked)["id"])

    job = submit()
    return {
        "submit": _windows(submit, server),
        "status": _windows(lambda: ask("GET", f"/v1/jobs/{job}"), server),
        "machine": {"load_average": os.getloadavg()[0], "disk_flush_ms": _flush_ms(folder)},
    }


def _windows(call: Callable[[], object], server: int) -> dict[str, float]:
    rates, slow, num = [], [], 0
    before = cpu_of(server), time.process_time()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in range(WINDOWS):
            end = time.perf_counter() + WINDOW_S
            waits = [pool.submit(_waits, call, end) for _ in range(CONNECTIONS)]
            took = sorted(wait for each in waits for wait in each.result())
            num += len(took)
            rates.append(len(took) / WINDOW_S)
            slow.append(took[int(0.99 * len(took))] * 1e3)
    return {
        "per_s_best": max(rates),
        "per_s_median": statistics.median(rates),
        "p99_ms_best": min(slow),
        "p99_ms_median": statistics.median(slow),
        "server_cpu_ms": (cpu_of(server) - before[0]) / num * 1e3,
        "client_cpu_ms": (time.process_time() - before[1]) / num * 1e3,
    }


def _flush_ms(folder: Path) -> float:
    """How long the disk takes for one block, the median of fifty."""
    took = []
    with (folder / "block").open("wb", buffering=0) as file:
        for _ in range(50):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            took.append(time.perf_counter() - start)
    return statistics.median(took) * 1e3


def _waits(call: Callable[[], object], end: float) -> list[float]:
    found = []
    while (start := time.perf_counter()) < end:
        call()
        found.append(time.perf_counter() - start)
    return found


if __name__ == "__main__":
    main()
