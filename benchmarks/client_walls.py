"""Two hundred clients at once, byte for byte as each alone; fifty kills at random moments.

python -m benchmarks.client_walls [clients] [kills]
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from benchmarks.harmonise import land
from benchmarks.record import peak_memory_mb, record
from campaignkit.harmonise import CampaignData, ClientStore

CLIENTS, KILLS, SEED = 200, 50, 20_260_301


def digest(data: CampaignData) -> str:
    """Of every byte of the unified tables and of the report, but for the client's name."""
    made = hashlib.sha256(repr(data.report.to_dict()).encode())
    for name in ("performance", "conversions", "reach"):
        table = data.to_arrow(name)
        assert set(table.column("client_id").to_pylist()) <= {data.client}
        whole = table.drop_columns("client_id").combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, whole.schema) as writer:
            writer.write_table(whole)
        made.update(sink.getvalue())
    return made.hexdigest()


def exports(folder: Path, number: int) -> Path:
    """A client's export: accounts and ads are those of all, days and their number are its own."""
    source = folder / f"export{number % 12}"
    if not source.exists():
        land(source, 3 + number % 3, range(number % 4, number % 4 + 2 + number % 2))
    return source


def two_hundred(folder: Path, clients: int) -> dict[str, object]:
    """All stores are open together, each step goes through all; then each export is alone."""
    names = [f"client_{number}" for number in range(clients)]
    sources = [exports(folder, number) for number in range(clients)]
    start, cpu = time.perf_counter(), time.process_time()
    with ExitStack() as stack:
        stores = [stack.enter_context(ClientStore(folder / "together", name)) for name in names]
        opened = time.perf_counter() - start
        for store, source in zip(stores, sources, strict=True):
            store.ingest(source, platform="google_ads")
        data = [store.harmonise() for store in stores]
        worked, worked_cpu = time.perf_counter() - start, time.process_time() - cpu
        together = [digest(each) for each in data]
        memory = peak_memory_mb()
    files = [path for path in (folder / "together").rglob("*") if path.is_file()]
    alone = {}
    for source in dict.fromkeys(sources):
        with ClientStore(folder / "alone" / source.name, "alone") as store:
            store.ingest(source, platform="google_ads")
            alone[source] = digest(store.harmonise())
    return {
        "clients": clients,
        "different_outputs": len(set(together)),
        "clients_with_a_byte_changed": sum(
            said != alone[source] for said, source in zip(together, sources, strict=True)
        ),
        "open_all_s": round(opened, 1),
        "open_ingest_harmonise_all_s": round(worked, 1),
        "open_ingest_harmonise_all_cpu_s": round(worked_cpu, 1),
        "files": len(files),
        "mb_on_disk": round(sum(path.stat().st_size for path in files) / 1e6, 1),
        "peak_memory_mb": memory,
    }


def forked(work: Callable[[], None], *, killed_after: float | None = None) -> int:
    """Run in a process of its own; its signal, or 0. The caller's process opens no store."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print("  ", type(error).__name__, error, flush=True)
            os._exit(1)
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def change(clients: Path, source: Path) -> None:
    with ClientStore(clients, "acme") as store:
        store.ingest(source, platform="google_ads")
        store.harmonise()


def look(clients: Path, told: Path, source: Path | None = None) -> None:
    """Write what a store shows: as it is, without anything being made anew, or once changed."""
    if source is not None:
        change(clients, source)
    with ClientStore(clients, "acme") as store:
        shown = digest(CampaignData(store._con, "acme"))
        told.write_text(f"{shown} {hashlib.sha256(repr(store.tables).encode()).hexdigest()}")


def kills(folder: Path, number: int) -> dict[str, object]:
    """Each run changes a copy of one store and is killed at a random moment of it."""
    land(folder / "first", 30, range(10))
    land(folder / "later", 30, range(8, 14))
    told = folder / "told"

    def seen(clients: Path, source: Path | None = None) -> list[str]:
        assert forked(lambda: look(clients, told, source)) == 0
        return told.read_text().split()

    assert forked(lambda: change(folder / "before", folder / "first")) == 0
    shutil.copytree(folder / "before", folder / "after")
    start = time.perf_counter()
    assert forked(lambda: change(folder / "after", folder / "later")) == 0
    whole_s = time.perf_counter() - start
    before, after = seen(folder / "before"), seen(folder / "after")
    rng = random.Random(SEED)
    found = {"killed": 0, "as_before": 0, "landed_alone": 0, "as_after": 0, "half_visible": 0,
             "other_bytes_after_the_next_run": 0}  # fmt: skip
    while found["killed"] < number:
        run = Path(shutil.copytree(folder / "before", folder / "run"))
        moment = rng.uniform(0, whole_s)
        ended = forked(lambda run=run: change(run, folder / "later"), killed_after=moment)
        if ended == -signal.SIGKILL:
            found["killed"] += 1
            state = seen(run)
            kinds = {tuple(before): "as_before", tuple(after): "as_after",
                     (before[0], after[1]): "landed_alone"}  # fmt: skip
            found[kinds.get(tuple(state), "half_visible")] += 1
            found["other_bytes_after_the_next_run"] += seen(run, folder / "later") != after
        shutil.rmtree(run)
    return {"seed": SEED, "undisturbed_s": round(whole_s, 2), **found}


def main(clients: int = CLIENTS, killed: int = KILLS) -> None:
    with tempfile.TemporaryDirectory() as name:
        # First the kills: a process that has opened no data base may fork.
        record(
            "client_kills", kills(Path(name, "kills"), killed),
            about="Ingest and harmonise of one store, ended by SIGKILL at random moments.",
        )  # fmt: skip
        record(
            "client_walls", two_hundred(Path(name, "stores"), clients),
            about="Clients with shared ids and accounts, all open in one process, each against "
            "the same export in a store that is alone.",
        )  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
