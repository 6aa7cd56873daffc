"""The leaderboard over 10,000 runs: reading the log, ranking, and the page in a real browser."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record import cpu_s, record, show_table
from campaignkit.report.leaderboard import FollowedRuns, RunFilter, rank_runs

TESTS = Path(__file__).parent.parent / "tests"
NUM_RUNS = 10_000


def main() -> None:
    """Measure and keep the figures."""
    sys.path.insert(0, str(TESTS))
    from run_logs import a_run

    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        lines = [a_run(number).model_dump_json() for number in range(NUM_RUNS)]
        log = Path(folder, "runs.jsonl")
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        records = FollowedRuns([folder]).read().records
        figures["library"] = {
            "log_mb": log.stat().st_size / 1e6,
            "read_cpu_s": cpu_s(lambda: FollowedRuns([folder]).read()),
            "filter_and_rank_cpu_s": cpu_s(
                lambda: rank_runs(RunFilter(families=("llm",)).of(records), "macro_f1")
            ),
            "csv_cpu_s": cpu_s(lambda: rank_runs(records, "macro_f1").to_csv()),
        }
        figures["page"] = _page(Path(folder))
    show_table(figures)
    record(
        "leaderboard",
        figures,
        about="10,000 runs in one JSONL log. Library: CPU seconds, best of five. Page, in "
        "headless Chromium, medians of three: wall-clock seconds on a machine whose load average "
        "is given, and CPU seconds of the server, from opening the address to the ranking on the "
        "screen and from choosing a family to the filtered rows.",
    )


def _page(folder: Path) -> dict[str, float]:
    from browser import browser, served

    figures: dict[str, list[float]] = {}
    for _ in range(3):
        # A server of its own each time: the second visitor of one finds it warm.
        with served(folder) as server, browser(folder) as window:
            before, start = cpu_of(server.pid), time.perf_counter()
            window.open(f"{server.address}?data=", until=f"{NUM_RUNS:,} runs with")
            window.wait_for_text("Download CSV")
            opened, shown = time.perf_counter() - start, cpu_of(server.pid)
            start = time.perf_counter()
            window.pick("Model family", "llm")
            window.wait_for_text("3,333 runs with")
            told = {
                "open_to_ranking_wall_s": opened,
                "open_to_ranking_server_cpu_s": shown - before,
                "filter_to_rows_wall_s": time.perf_counter() - start,
                "filter_to_rows_server_cpu_s": cpu_of(server.pid) - shown,
                "load_average": os.getloadavg()[0],
            }
            for name, value in told.items():
                figures.setdefault(name, []).append(value)
    return {name: sorted(values)[1] for name, values in figures.items()}


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
