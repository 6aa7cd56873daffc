"""A server on this computer that answers as the APIs of Meta, TikTok and Google Ads do."""

from __future__ import annotations

import datetime
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ADS = 5
PAGE = 7  # rows of a page
SECRET = "EAAsecret-token+of/acme=="


class AdServer:
    """Reports of ``ADS`` ads on each day from ``since`` to ``until``, with every penny known.

    ``trouble`` is asked before each reply: it gives a status, a body and headers, or None.
    """

    def __init__(self, since: str = "2026-01-01", until: str = "2026-01-20") -> None:
        self.since, self.until = map(datetime.date.fromisoformat, (since, until))
        self.more: dict[str, Any] = {}  # fields that a newer version adds
        self.gone: set[str] = set()  # days without rows
        self.trouble: Callable[[AdServer, str], tuple[int, Any, dict[str, str]] | None] = (
            lambda server, path: None
        )
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.days_asked: list[tuple[str, str]] = []
        self.raised = Decimal(0)  # what the platform adds to each row later
        self.endless = False
        self.url = ""

    def days(self, since: str, until: str) -> Iterator[datetime.date]:
        self.days_asked.append((since, until))
        first = max(self.since, datetime.date.fromisoformat(since))
        last = min(self.until, datetime.date.fromisoformat(until))
        for n in range((last - first).days + 1):
            day = first + datetime.timedelta(days=n)
            if str(day) not in self.gone:
                yield day

    def spend(self, day: datetime.date, ad: int) -> Decimal:
        return Decimal(day.day * 1_000_000 + ad * 10_001) / 1_000_000 + self.raised

    @property
    def total(self) -> Decimal:
        """Spend of all ads and days."""
        days = [*self.days(str(self.since), str(self.until))]
        self.days_asked.pop()
        return sum((self.spend(d, ad) for d in days for ad in range(ADS)), Decimal(0))

    # The three APIs: what a path gives, whole.

    def meta(self, path: str, asked: dict[str, str]) -> Any:
        if path.startswith("/act_7/insights"):
            span = json.loads(asked["time_range"])
            return {"report_run_id": f"{span['since']}x{span['until']}"}
        if match := re.fullmatch(r"/(\d\S{9})x(\d\S{9})(/insights)?", path):
            if not match[3]:
                polls = sum(p.split("?")[0] == path for _, p, _ in self.asked)
                done = "Job Completed" if polls > 1 else "Job Running"
                return {"id": "1", "async_status": done, "async_percent_completion": 100}
            rows = [
                {"account_id": "7", "account_currency": "EUR", "campaign_id": "1",
                 "adset_id": "11", "ad_id": f"9{ad}", "date_start": str(day),
                 "spend": str(self.spend(day, ad)), "impressions": "1000", "clicks": "12",
                 "inline_link_clicks": "9", "reach": "800",
                 "actions": [{"action_type": "purchase", "value": "2", "7d_click": "2"}],
                 **self.more}
                for day in self.days(match[1], match[2]) for ad in range(ADS)
            ]  # fmt: skip
            return self._linked(path, rows, asked)
        if path == "/act_7":
            return {"account_id": "7", "name": "Shop", "currency": "EUR", "id": "act_7",
                    "timezone_name": "Europe/Berlin"}  # fmt: skip
        rows = {
            "/act_7/campaigns": [{"id": "1", "account_id": "7", "name": "Spring",
                                  "objective": "OUTCOME_SALES",
                                  "updated_time": "2026-01-01T00:00:00+0100"}],
            "/act_7/adsets": [{"id": "11", "account_id": "7", "campaign_id": "1", "name": "Young",
                               "targeting": {"age_min": 18, "genders": [1]}}],
            "/act_7/ads": [{"id": f"9{ad}", "account_id": "7", "campaign_id": "1",
                            "adset_id": "11", "name": f"Ad {ad}", "creative": {"id": "5"}}
                           for ad in range(ADS)],
            "/act_7/adcreatives": [{"id": "5", "account_id": "7", "body": "Buy!"}],
        }[path]  # fmt: skip
        return self._linked(path, rows, asked)

    def _linked(self, path: str, rows: list[Any], asked: dict[str, str]) -> Any:
        start = int(asked.get("after", 0))
        told: dict[str, Any] = {"data": rows[start : start + PAGE], "paging": {}}
        if start + PAGE < len(rows) or self.endless:
            after = 0 if self.endless else start + PAGE
            told["paging"] = {"next": f"{self.url}{path}?after={after}&access_token={SECRET}"}
        return told

    def tiktok(self, path: str, asked: dict[str, str]) -> Any:
        rows: list[Any] = {
            "/advertiser/info/": [{"advertiser_id": "7", "name": "Shop", "currency": "EUR",
                                   "timezone": "Europe/Berlin"}],
            "/campaign/get/": [{"campaign_id": "1", "advertiser_id": "7",
                                "campaign_name": "Spring", "objective_type": "TRAFFIC"}],
            "/adgroup/get/": [{"adgroup_id": "11", "advertiser_id": "7", "campaign_id": "1",
                               "adgroup_name": "Young", "age_groups": ["AGE_18_24"]}],
            "/ad/get/": [{"ad_id": f"9{ad}", "advertiser_id": "7", "campaign_id": "1",
                          "adgroup_id": "11", "ad_name": f"Ad {ad}"} for ad in range(ADS)],
        }.get(path, [])  # fmt: skip
        if path == "/report/integrated/get/":
            rows = [
                {"dimensions": {"ad_id": f"9{ad}", "stat_time_day": f"{day} 00:00:00"},
                 "metrics": {"spend": str(self.spend(day, ad)), "impressions": "1000",
                             "clicks": "12", "reach": "800", "conversion": "2",
                             "campaign_id": "1", "adgroup_id": "11", "currency": "EUR",
                             "video_views_p25": "3", **self.more}}
                for day in self.days(asked["start_date"], asked["end_date"]) for ad in range(ADS)
            ]  # fmt: skip
        page, pages = int(asked.get("page", 1)), max(1, -(-len(rows) // PAGE))
        if self.endless:
            page, pages = 1, page + 1
        told = {"list": rows[(page - 1) * PAGE : page * PAGE],
                "page_info": {"page": page, "page_size": PAGE, "total_page": pages}}  # fmt: skip
        return {"code": 0, "message": "OK", "data": told}

    def google_ads(self, path: str, asked: dict[str, str]) -> Any:
        query = asked["query"]
        table = re.search(r"FROM (\w+)", query)[1]  # type: ignore[index]
        customer = {"resourceName": "customers/7", "id": "7", "currencyCode": "EUR",
                    "descriptiveName": "Shop", "timeZone": "Europe/Berlin"}  # fmt: skip
        campaign = {"id": "1", "name": "Spring", "advertisingChannelType": "SEARCH"}
        rows: list[Any] = {
            "customer": [{"customer": customer}],
            "campaign": [{"customer": customer, "campaign": campaign}],
            "ad_group": [{"campaign": campaign, "adGroup": {"id": "11", "name": "Young"}}],
            "ad_group_ad": [{"adGroup": {"id": "11"}, "adGroupAd": {"ad": {"id": f"9{ad}"}}}
                            for ad in range(ADS)],
        }[table]  # fmt: skip
        if span := re.search(r"BETWEEN '(\S+)' AND '(\S+)'", query):
            rows = [
                {"customer": customer, "campaign": campaign, "adGroup": {"id": "11"},
                 "adGroupAd": {"ad": {"id": f"9{ad}"}},
                 "segments": {"date": str(day), "device": "MOBILE", "adNetworkType": "SEARCH"},
                 "metrics": {"costMicros": str(int(self.spend(day, ad) * 1_000_000)),
                             "impressions": "1000", "clicks": "12", "conversions": 0.5,
                             **self.more}}
                for day in self.days(span[1], span[2]) for ad in range(ADS)
            ]  # fmt: skip
            if table == "campaign":  # a campaign without ads has the last ad's spend once more
                rows = [{"customer": customer, "campaign": campaign,
                         "segments": {"date": day},
                         "metrics": {"costMicros": str(sum(
                             int(r["metrics"]["costMicros"]) for r in rows
                             if r["segments"]["date"] == day)),
                             "impressions": "5000", "clicks": "60", "conversions": 2.5}}
                        for day in sorted({r["segments"]["date"] for r in rows})]  # fmt: skip
        chunks = [rows[n : n + PAGE] for n in range(0, len(rows), PAGE)]
        return [{"results": chunk, "fieldMask": "x"} for chunk in chunks] or [{}]


@contextmanager
def serving(server: AdServer, platform: str) -> Iterator[AdServer]:
    """Serve on a free port of this computer; ``server.url`` is its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if length := int(self.headers.get("Content-Length") or 0):
                asked |= json.loads(self.rfile.read(length) or b"{}")
            server.asked.append((self.command, self.path, dict(self.headers)))
            found = server.trouble(server, self.path)
            status, told, headers = found or (
                200, getattr(server, platform)(parts.path, asked), {}
            )  # fmt: skip
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
