"""The unified tables of a client: frames, totals that refuse to mix, and the closing report."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from campaignkit.checks import check_all
from campaignkit.errors import HarmoniseError
from campaignkit.extras import frame_library, require
from campaignkit.harmonise.clients import READING, telling
from campaignkit.harmonise.definition import ADDITIVE, LEVELS
from campaignkit.harmonise.outcomes import (
    Campaigns,
    Settings,
    campaigns,
    campaigns_sql,
    checked,
    question,
)
from campaignkit.harmonise.unified import view
from campaignkit.show.outline import Block
from campaignkit.store import Manifest, atomic_folder, digest_file

if TYPE_CHECKING:
    import pyarrow as pa

    from campaignkit.auditing import AuditReport

TABLES = ("performance", "conversions", "reach")
# What an audit's schema calls otherwise, and columns that go where no row has any.
_STANDARD = {"date_local": "event_date", "ad_id": "ad_creative_id", "clicks_platform": "clicks",
             "impressions_paid": "impressions"}  # fmt: skip
_MAY_GO = {"ad_id", "ad_group_id", "video_plays", "video_completions"}
_BY = ("platform", "account_id", "campaign_id", "date_local")


@dataclass(frozen=True, slots=True)
class Closing:
    """One total of a landed report, with that of the unified rows.

    Attributes
    ----------
    platform, level, day, currency, measure : str
        `day` is "" where hours were put into the account's own days: there only the sum of all
        days can close. `currency` is "" where the total is a downloaded report's own.
    source : Decimal or None
        Sum over the landed report, read without a join. What a later export or a loader's later
        row has replaced is no longer in it.
    harmonised : Decimal or None
        Sum over the unified rows of this level and the finer ones.
    uncovered : Decimal
        Of those, the rows of accounts and days that this level's report does not have.
    num_rounded : int
        Amounts of the landed report with parts of a millionth, which no row can keep.
    """

    platform: str
    level: str
    day: str
    currency: str
    measure: str
    source: Decimal | None
    harmonised: Decimal | None
    uncovered: Decimal
    num_rounded: int

    @property
    def difference(self) -> Decimal:
        """What does not close: 0 where all is well."""
        zero = Decimal(0)
        return (self.harmonised or zero) - self.uncovered - (self.source or zero)

    @property
    def reason(self) -> str:
        """Why it does not close; "" where it does."""
        if not self.difference:
            return ""
        if self.measure.startswith("own total: "):
            return "the rows of a downloaded report do not add up to its own total"
        if abs(self.difference) <= self.num_rounded * Decimal("0.000001"):
            return f"{self.num_rounded:,} amounts have parts of a millionth, which were rounded"
        return "rows got lost or were doubled between the report and the unified rows"


@dataclass(frozen=True)
class HarmoniseReport:
    """What was harmonised: totals by platform, level and day, and what was decided.

    Attributes
    ----------
    closings : list of Closing
    notes : list of (str, str, str)
        Platform, what it is about, and what was decided.
    """

    closings: list[Closing]
    notes: list[tuple[str, str, str]]

    @property
    def open(self) -> list[Closing]:
        """Totals that do not close."""
        return [closing for closing in self.closings if closing.difference]

    @property
    def closes(self) -> bool:
        """Whether every total of every landed report is met to the last millionth.

        Of a downloaded report its own total is met too, where it has one; `notes` tell which have
        none. A landed table that lacks rows is not found by it.
        """
        return not self.open

    def __repr__(self) -> str:
        num, num_open = len(self.closings), len(self.open)
        told = f"{num:,} totals, {num_open:,} do not close; {len(self.notes):,} notes"
        return f"HarmoniseReport({told})"

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values; amounts are text, so that no digit is lost."""
        shown = [asdict(c) | {"difference": c.difference, "reason": c.reason}
                 for c in self.closings]  # fmt: skip
        totals = json.loads(json.dumps(shown, default=str))
        return {"closes": self.closes, "totals": totals, "notes": [list(n) for n in self.notes]}

    def blocks(self) -> list[Block]:
        """The report as blocks, for :func:`campaignkit.show.print_blocks`."""
        said = (
            f"{len(self.closings):,} totals of the landed tables compared with the unified rows; "
            f"{len(self.open):,} do not close."
        )
        days = {(c.platform, c.level, c.day) for c in self.closings}
        num_open = Counter((c.platform, c.level) for c in self.open)
        num_days = Counter((platform, level) for platform, level, _ in sorted(days))
        rows = [[*key, str(num), str(num_open[key])] for key, num in num_days.items()]
        header = ["platform", "level", "days", "open totals"]
        blocks = [Block("Harmonised", [said], header=header, rows=rows)]
        if self.notes:
            blocks.append(Block("Decided", points=[f"{p}, {a}: {n}" for p, a, n in self.notes]))
        return blocks


class CampaignData:
    """Campaign data of one client in one schema.

    :meth:`ClientStore.harmonise` returns it; the store must stay open while it is asked.

    Examples
    --------
    >>> import tempfile
    >>> from campaignkit.harmonise import ClientStore
    >>> report = "ad_id,date,account_id,spend,impressions\\n1,2026-03-01,7,2.5,900\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "basic_ad.csv").write_text(report)
    ...     with ClientStore(folder, client="acme") as store:
    ...         _ = store.ingest(Path(folder, "basic_ad.csv"), platform="meta")
    ...         data = store.harmonise(currencies={"7": "EUR"})
    ...         print(data, data.total("spend"))
    CampaignData('acme', 1 rows of 1 platforms) {(): Decimal('2.500000')}
    """

    def __init__(self, con: Any, client: str) -> None:
        self._con = con
        self.client = client

    def __repr__(self) -> str:
        try:
            num_rows, num_platforms = self._rows(
                "SELECT count(*), count(DISTINCT platform) FROM performance_fact "
                "JOIN place USING (place_id)"
            )[0]
        except HarmoniseError:
            return f"CampaignData({self.client!r}, its store is closed)"
        return f"CampaignData({self.client!r}, {num_rows:,} rows of {num_platforms} platforms)"

    def _table(self, sql: str) -> pa.Table:
        with telling(self.client, READING):
            return self._con.sql(sql).to_arrow_table()

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with telling(self.client, READING):
            rows: list[tuple[Any, ...]] = self._con.sql(sql).fetchall()
        return rows

    def _over(self, sql: str) -> str:
        """A query that begins with WITH and reads the unified tables."""
        views = [f"{name} AS ({view(name, self.client)})" for name in TABLES[:2]]
        return sql.replace("WITH", f"WITH {', '.join(views)},", 1)

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._rows(self._over(sql))

    @property
    def report(self) -> HarmoniseReport:
        """Totals beside those of the landed tables, and what was decided."""
        rows = self._rows(
            "SELECT platform, level, coalesce(CAST(day AS VARCHAR), ''), coalesce(currency, ''), "
            "measure, source, harmonised, coalesce(uncovered, 0), coalesce(num_rounded, 0) "
            "FROM closing ORDER BY ALL"
        )
        notes = self._rows("SELECT * FROM notes ORDER BY ALL")
        return HarmoniseReport([Closing(*row) for row in rows], notes)

    def to_arrow(self, table: str = "performance") -> pa.Table:
        """A unified table in Arrow, in the order of its grain.

        Parameters
        ----------
        table : {"performance", "conversions", "reach"}

        Raises
        ------
        HarmoniseError
            If there is no such table.
        """
        if table not in TABLES:
            raise HarmoniseError(f"table is {table!r:.40}; expected one of {', '.join(TABLES)}")
        return _without_stray_bytes(self._table(view(table, self.client)))

    def to_frame(self, table: str = "performance") -> Any:
        """A unified table as a data frame: pandas if it is installed, polars, else Arrow."""
        import narwhals as nw

        library = frame_library(None, error=HarmoniseError)
        return nw.from_arrow(self.to_arrow(table), backend=library).to_native()

    def write(self, folder: str | os.PathLike[str], *, replace: bool = False) -> Path:
        """Write the unified tables as Parquet and the report as JSON, whole or not at all.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        ArtifactError
            If there is something of that name and `replace` is not set, or it cannot be written.
        """
        pq = require("pyarrow.parquet", extra="harmonise", user="writing unified tables")
        with atomic_folder(folder, replace=replace) as partial:
            for name in TABLES:
                pq.write_table(self.to_arrow(name), partial / f"{name}.parquet")
            text = json.dumps(self.report.to_dict(), indent=1)
            (partial / "report.json").write_text(text, encoding="utf-8")
            files = {path.name: digest_file(path) for path in sorted(partial.iterdir())}
            Manifest(kind="unified", files=files).write(partial)
        return Path(folder)

    def audit(self, **options: Any) -> AuditReport:
        """Audit the rows of the finest levels, and compare the platforms with each other.

        Parameters
        ----------
        **options
            Of :func:`campaignkit.audit`, such as ``history`` or ``rules``.

        Returns
        -------
        AuditReport
            With its own kinds in addition: ``account_twice``, ``event_fell`` and
            ``platform_days_missing``.
        """
        from campaignkit.auditing import audit
        from campaignkit.harmonise.cross_checks import CrossPlatformCheck

        table = self._table(self._over(question("audited")))
        empty = [n for n in table.column_names if table[n].null_count == len(table)]
        table = table.drop_columns([name for name in empty if name in _MAY_GO])
        means = {own: name for own, name in _STANDARD.items() if own in table.column_names}
        options["columns"] = means | dict(options.get("columns", {}))
        checks = [CrossPlatformCheck(self._ask), *options.pop("checks", ())]
        return audit(table, checks=checks, **options)

    def campaigns(self, **settings: Unpack[Settings]) -> Campaigns:
        """Campaigns with what was targeted, and a label for how each did among its peers.

        Peers share platform, objective, KPI, currency and period; where they are fewer than
        `min_peers` those of other periods are added, then of other platforms (``peer_level``).
        Rates of little spend are drawn towards the peers' before they are ranked, by empirical
        Bayes. ``label_stability`` is the probability that a campaign's true rate has its label,
        and ``percentile_lo`` to ``percentile_hi`` contain its true percentile with 90%: of 200
        draws of all peers' rates. Chance is what rates of single weeks scatter around that of the
        period, baskets included, and at least that of a Poisson count.

        Parameters
        ----------
        outcome : str, default "auto"
            ``"auto"`` takes what the campaign's objective is paid for, by unit of spend: value or
            purchases for sales, leads, installs, video completions, impressions, link clicks; the
            first of which the account has any. Sales without a purchase event, and campaigns of
            no known objective, take all conversions that the platform counts
            (``total_value``, ``total_conversions``). A name takes that for all.
        level : {"ad", "ad_group", "campaign"}, default "ad"
            What a row is. Rows of other levels are not added to ads. Of a campaign the targetings
            of all its ad groups are told.
        period : {"month", "quarter", "year"}, default "quarter"
        min_impressions : int, default 1000
        min_spend : float, default 0
            Campaigns of less are left out, and counted.
        min_peers : int, default 30
        quantiles : sequence of float, default (1/3, 2/3)
            Shares of the peers below each cut, ascending.
        labels : sequence of str, default ("neg", "avg", "pos")
            The worst first, one more than quantiles.
        seed : int, default 0
            Of the draws.

        Returns
        -------
        Campaigns
            `frame`, `left_out`; ``to_dataset()`` continues in the ordinary path.

        Raises
        ------
        HarmoniseError
            If a setting is not as expected, or no campaign has an outcome.
        """
        asked = checked(settings)
        rows = self._table(self._over(campaigns_sql(asked["level"], asked["period"])))
        if not rows.num_rows:
            there = {row[0] for row in self._rows("SELECT DISTINCT level FROM place")}
            has = [f'level="{name}" (--level {name})' for name in LEVELS if name in there]
            raise HarmoniseError(
                f"there is no row of level {asked['level']}",
                hint=f"ask for a level that has rows: {' or '.join(has) or 'none'}",
            )
        return campaigns(rows.to_pylist(), **asked)

    def total(
        self, measure: str, *, by: Sequence[str] = (), level: str = "campaign"
    ) -> dict[tuple[str, ...], Decimal]:
        """Sum of a measure over the rows of a level and the finer ones.

        Parameters
        ----------
        measure : str
            Such as ``"spend"``; reach is refused, as people reached twice are counted twice.
        by : sequence of str
            Of platform, account_id, campaign_id, date_local and currency.
        level : {"ad", "ad_group", "campaign"}
            Rows of coarser levels are left out.

        Returns
        -------
        dict of tuple of str to Decimal

        Raises
        ------
        HarmoniseError
            If money of several currencies would be added up, or reach.
        """
        known = (*_BY, "currency")
        additive = f"one of {', '.join(ADDITIVE)}; reach counts twice who is reached twice"
        check_all(
            "this cannot be added up",
            {
                "measure": (measure, measure in ADDITIVE, additive),
                "by": (list(by), {*by} <= {*known}, f"some of {', '.join(known)}"),
                "level": (level, level in LEVELS, f"one of {', '.join(LEVELS)}"),
            },
            error=HarmoniseError,
        )
        keys = "".join(f"CAST({name} AS VARCHAR), " for name in by)
        # Unknown currencies of two accounts are two.
        money = (
            "currency || CASE WHEN currency = 'XXX' THEN ' of account ' || account_id ELSE '' END"
        )
        rows = self._rows(
            f"SELECT {keys}coalesce(sum({measure}), 0), list_sort(list_distinct(list({money}))) "
            f"FROM performance_fact JOIN place USING (place_id) WHERE level <= '{level}' "
            f"GROUP BY ALL ORDER BY ALL"
        )
        made = {}
        for *key, amount, money_of in rows:
            if measure == "spend" and len(money_of or ()) > 1:
                raise HarmoniseError(
                    f"spend of {', '.join(key) or 'all rows'} is in {', '.join(money_of)}; "
                    f"expected one currency",
                    hint='group by currency too: by=["currency"]; an unknown one is stated with '
                    "harmonise(currencies={account: code})",
                )
            made[tuple(key)] = Decimal(amount)
        return made


def _without_stray_bytes(table: pa.Table) -> pa.Table:
    """The table with zeros under its nulls, where DuckDB leaves what lay in the memory before."""
    pa = require("pyarrow", extra="harmonise", user="unified tables")
    pc = require("pyarrow.compute", extra="harmonise", user="unified tables")
    for at, column in enumerate(table.columns):
        if column.null_count:
            none = pa.scalar(None, column.type)
            parts = [pc.replace_with_mask(part, part.is_null(), none) for part in column.chunks]
            table = table.set_column(at, table.field(at), pa.chunked_array(parts, column.type))
    return table
