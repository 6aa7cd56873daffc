"""The service under SIGKILL: nothing lost, nothing wrong, nothing twice.

    python -m benchmarks service_kills

A client submits data set jobs over HTTP to a server in a process of its own; two worker processes
run the jobs. At random times one of these processes is ended by SIGKILL: a worker, the process of
a job, the process that jobs are forked from, or the server. What was ended is started again. The
client writes down each job that was acknowledged. At the end every acknowledged job must be done,
once, and its files must have the digests of an undisturbed draw. "Recovery": from SIGKILL of a
worker whose job runs to the next claim of the job by another. "Cancel": from the request to the
end of a running job. The lease is 2 s.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import campaignkit as ck
from benchmarks.record import record, show_table
from campaignkit.errors import ServiceError
from campaignkit.seeds import stream
from campaignkit.service import Home, Job, Key, SqliteQueue, Workers
from campaignkit.service.serving import listening, serve
from campaignkit.store import digest_file

KILLS, LEASE_S, PAUSE_S = 200, 2.0, (0.4, 2.0)
SHARES = (0.6, 0.2, 0.2)  # of kills: processes of jobs, their parents, workers and the server
RECOVERIES, CANCELS = 6, 10
RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}
ROWS = 11_000  # two chunks


def main(kills: int = KILLS) -> None:
    with tempfile.TemporaryDirectory() as place:
        figures = {"killed": killed(Path(place, "killed"), kills)}
        figures["recovery and cancel"] = timed(Path(place, "timed"))
    show_table(figures)
    record("service_kills", figures, about=str(__doc__).strip())


def killed(place: Path, kills: int) -> dict[str, Any]:
    home, _, secret = opened(place)
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    roles = {"worker 1": ["work"], "worker 2": ["work"], "server": ["serve", port]}
    running = {name: started(place, *role) for name, role in roles.items()}
    acknowledged: list[str] = []
    over = threading.Event()
    client = ck.Client(f"http://127.0.0.1:{port}", secret)
    asking = threading.Thread(target=ask, args=(client, place, acknowledged, over))
    asking.start()
    while not acknowledged:
        time.sleep(0.1)
    generator, hit, began = stream(1, "kills"), Counter[str](), time.monotonic()
    while sum(hit.values()) < kills:
        time.sleep(generator.uniform(*PAUSE_S))
        name = [*roles][int(generator.integers(3))]
        parents = children_of(running[name].pid)
        jobs_of = [child for parent in parents for child in children_of(parent)]
        choice = int(generator.choice(3, p=SHARES))
        there = (jobs_of, parents, [running[name].pid])[choice]
        if not there:
            continue
        victim = there[int(generator.integers(len(there)))]
        whole = "the server" if name == "server" else "workers"
        what = ("processes of jobs", "parents of such", whole)[choice]
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
        hit[what] += 1
        if victim == running[name].pid:
            running[name].wait()
            running[name] = started(place, *roles[name])
    over.set()
    asking.join()
    while any(not job.has_ended for job in home.queue.list(None, limit=10_000)):
        time.sleep(0.5)
    for process in running.values():
        process.terminate()
        process.wait()
    elapsed = time.monotonic() - began
    jobs = {job.id: job for job in home.queue.list(None, limit=10_000)}
    done = {id: job for id, job in jobs.items() if job.state == "done"}
    ends = {id: [e.what for e in home.queue.events(id, None)].count("done") for id in jobs}
    wrong = sum(digest(job) != expected(place, int(job.request["seed"])) for job in done.values())
    return {
        "kills": sum(hit.values()), **{f"kills of {what}": num for what, num in hit.items()},
        "acknowledged": len(acknowledged), "jobs": len(jobs),
        "lost": sum(id not in done for id in acknowledged), "not done": len(jobs) - len(done),
        "wrong digests": wrong, "done twice": sum(num > 1 for num in ends.values()),
        "claims per job": round(sum(job.attempts for job in jobs.values()) / len(jobs), 2),
        "elapsed s": round(elapsed),
    }  # fmt: skip


def timed(place: Path) -> dict[str, Any]:
    home, key, _ = opened(place)
    recoveries, cancels = [], []
    rows = {"num_samples": 2_000_000}
    spec = json.loads((place / "spec.json").read_text())
    spec["label_params"] = {name: box | rows for name, box in spec["label_params"].items()}
    (place / "spec.json").write_text(json.dumps(spec))
    one = started(place, "work")
    other = started(place, "work")
    for seed in range(RECOVERIES):
        job = waiting(home, submitted(home, place, key, seed).id, "running")
        pid = int(job.worker.split(":")[1])
        at = time.time()
        os.kill(pid, signal.SIGKILL)
        while home.queue.get(job.id, None).attempts == job.attempts:
            time.sleep(0.01)
        recoveries.append(home.queue.get(job.id, None).started - at)
        (one if one.pid == pid else other).wait()
        fresh = started(place, "work")
        one, other = (fresh, other) if one.pid == pid else (one, fresh)
        home.queue.cancel(job.id, None)
        waiting(home, job.id, "cancelled")
        time.sleep(3)  # the fresh worker is there
    for seed in range(RECOVERIES, RECOVERIES + CANCELS):
        job = waiting(home, submitted(home, place, key, seed).id, "running")
        time.sleep(1)
        at = time.time()
        home.queue.cancel(job.id, None)
        cancels.append(waiting(home, job.id, "cancelled").ended - at)
    for process in (one, other):
        process.terminate()
        process.wait()
    return {
        "lease s": LEASE_S,
        "recovery s, most": round(max(recoveries), 2),
        "recovery s, median": round(sorted(recoveries)[RECOVERIES // 2], 2),
        "cancel s, most": round(max(cancels), 2),
        "cancel s, median": round(sorted(cancels)[CANCELS // 2], 2),
    }


def opened(place: Path) -> tuple[Home, Key, str]:
    place.mkdir()
    graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    graph.write_csv(place / "edges.csv")
    spec = ck.diagnose(graph, type_ranges=RANGES).suggest({"pos": ROWS})
    spec.write(place / "spec.json")
    home = home_at(place)
    return home, *home.keys.add("benchmark", scopes=["all"])


def home_at(place: Path) -> Home:
    (place / "home").mkdir(exist_ok=True)
    # Kills come faster than any fault would; a job is not to fail of them.
    return Home(place / "home", queue=SqliteQueue(place / "q.sqlite", attempts=1_000))


def submitted(home: Home, place: Path, key: Key, seed: int) -> Job:
    told: dict[str, Any] = {"seed": seed}
    for field, name in (("graph", "edges.csv"), ("spec", "spec.json")):
        found, _ = home.upload(key, [(place / name).read_bytes()])
        told[field] = {"digest": found, "name": name}
    return home.submit(key, "dataset", told)[0]


def started(place: Path, role: str, *more: int) -> subprocess.Popen[bytes]:
    this = [sys.executable, "-m", "benchmarks.service_kills", role, place, *map(str, more)]
    return subprocess.Popen(["nice", "-n", "5", *this], stderr=(place / "log").open("ab"))


def work(place: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Workers(home_at(place), 1, lease=LEASE_S):
        while True:
            time.sleep(1)


def answer(place: Path, port: int) -> None:
    with listening("127.0.0.1", port) as listener:
        serve(home_at(place), listener, num_workers=0)


def ask(client: ck.Client, place: Path, acknowledged: list[str], over: threading.Event) -> None:
    """Keep four jobs alive. What a killed server did not acknowledge is asked for again."""
    while not over.wait(0.05):
        try:
            if sum(not job.last.has_ended for job in client.jobs()) < 4:
                files = {"graph": place / "edges.csv", "spec": place / "spec.json"}
                acknowledged.append(client.submit("dataset", **files, seed=len(acknowledged)).id)
        except ServiceError:
            continue


def waiting(home: Home, id: str, state: str) -> Job:
    while (job := home.queue.get(id, None)).state != state:
        time.sleep(0.01)
    return job


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found


def digest(job: Job) -> str:
    files = {file["name"]: file["digest"] for file in (job.result or {})["files"]}
    return str(files["campaigns.jsonl"])


def expected(place: Path, seed: int) -> str:
    graph = ck.SignedGraph.read_csv(place / "edges.csv")
    spec = ck.SamplingSpec.read(place / "spec.json")
    with tempfile.TemporaryDirectory() as out:
        ck.AnnealingSampler(graph, spec, seed=seed).write(Path(out, "out"))
        return digest_file(Path(out, "out", "campaigns.jsonl"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["serve"]:
        answer(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
