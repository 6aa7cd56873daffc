"""Ten million landed rows harmonised, one day more, and a small client, each in a fresh process.

python -m benchmarks.harmonise [ads]    # 6,850 ads x 365 days x 4 breakdowns = 10 million rows
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.record import record

ADS, DAYS = 6_850, 365
_AMOUNTS = """
    CAST(hash(a, d, b) % 90000000 AS BIGINT) AS cost_micros,
    CAST(hash(b, a, d) % 10000 AS BIGINT) AS impressions,
    CAST(hash(d, b, a) % 100 AS BIGINT) AS clicks
"""
_RUN = """
import json, resource, sys, time
from campaignkit.harmonise import ClientStore
clients, source = sys.argv[1:3]
told = {}
with ClientStore(clients, client="bench", memory_mb=1200) as store:
    for name, step in (("ingest", lambda: store.ingest(source, platform="google_ads")),
                       ("harmonise", store.harmonise)):
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        told[name + "_s"] = round(time.perf_counter() - wall, 2)
        told[name + "_cpu_s"] = round(time.process_time() - cpu, 2)
    data = store.harmonise()
    told["closes"] = data.report.closes
    told["totals"] = len(data.report.closings)
told["max_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps(told))
"""


def land(folder: Path, ads: int, days: range) -> None:
    """A year of Google Ads: ads by device and network, campaigns with a remainder, histories."""
    folder.mkdir(parents=True)
    con = duckdb.connect()
    cells = f"range({days.start}, {days.stop}) t(d), range({ads}) u(a), range(4) v(b)"
    day = "DATE '2025-01-01' + CAST(d AS INTEGER) AS date"
    account = "2121450128 + (a % 20) AS customer_id"
    con.execute(
        f"COPY (SELECT {account}, {day}, 10000000 + (a // 50) AS campaign_id, "
        f"200000000 + (a // 5) AS ad_group_id, 3000000000 + a AS ad_id, "
        f"['DESKTOP', 'MOBILE'][1 + b % 2] AS device, "
        f"['SEARCH', 'CONTENT'][1 + b // 2] AS ad_network_type, {_AMOUNTS}, "
        f"(hash(d, a) % 1000) / 100.0 AS conversions, "
        f"(hash(a) % 1000) / 10.0 AS conversions_value "
        f"FROM {cells}) TO '{folder}/ad_stats.parquet'"
    )
    con.execute(
        f"COPY (SELECT customer_id, date, id, sum(cost_micros)::BIGINT + 1000000 AS cost_micros, "
        f"sum(impressions)::BIGINT AS impressions, sum(clicks)::BIGINT AS clicks FROM "
        f"(SELECT {account}, {day}, 10000000 + (a // 50) AS id, {_AMOUNTS} FROM {cells}) "
        f"GROUP BY ALL) TO '{folder}/campaign_stats.parquet'"
    )
    con.execute(
        f"COPY (SELECT 2121450128 + i AS id, 'USD' AS currency_code, "
        f"'America/New_York' AS time_zone "
        f"FROM range(20) t(i)) TO '{folder}/account_history.parquet'"
    )


def run(clients: Path, source: Path) -> dict[str, float]:
    command = [sys.executable, "-c", _RUN, str(clients), str(source)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(next(line for line in said.splitlines() if line.startswith("{")))


def main(ads: int = ADS) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        land(folder / "year", ads, range(DAYS - 1))
        land(folder / "day", ads, range(DAYS - 1, DAYS))
        year = run(folder / "clients", folder / "year")
        day = run(folder / "clients", folder / "day")
        land(folder / "small", 10, range(3))
        small = run(folder / "small_clients", folder / "small")
    figures = {
        "rows": ads * (DAYS - 1) * 4,
        "year": year,
        "one_day_more": day,
        "day_by_year_cpu": round(day["harmonise_cpu_s"] / year["harmonise_cpu_s"], 4),
        "small_client": small,
    }
    record("harmonise", figures, about="Google Ads in Fivetran's shape, by device and network.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
