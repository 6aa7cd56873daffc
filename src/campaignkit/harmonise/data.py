"""The unified tables of a client: frames, totals that refuse to mix, and the closing report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise.definition import ADDITIVE, LEVELS
from campaignkit.harmonise.unified import view
from campaignkit.show.outline import Block

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("performance", "conversions", "reach")
_BY = ("platform", "account_id", "campaign_id", "date_local")


@dataclass(frozen=True, slots=True)
class Closing:
    """One total of a landed report, beside that of the unified rows.

    Attributes
    ----------
    platform, level, day, measure : str
        `day` is "" where hours were put into the account's own days: there only the sum of all
        days can close.
    source : Decimal or None
        Sum over the landed report, read without a join.
    harmonised : Decimal or None
        Sum over the unified rows of this level and the finer ones.
    uncovered : Decimal
        Of those, the rows of accounts and days that this level's report does not have.
    """

    platform: str
    level: str
    day: str
    measure: str
    source: Decimal | None
    harmonised: Decimal | None
    uncovered: Decimal

    @property
    def difference(self) -> Decimal:
        """What does not close: 0 where all is well."""
        zero = Decimal(0)
        return (self.harmonised or zero) - self.uncovered - (self.source or zero)


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
        """Whether every total of every landed report is met to the last millionth."""
        return not self.open

    def blocks(self) -> list[Block]:
        """The report as blocks, for :func:`campaignkit.show.print_blocks`."""
        said = f"{len(self.closings):,} totals compared; {len(self.open):,} do not close."
        rows = []
        for platform, level in dict.fromkeys((c.platform, c.level) for c in self.closings):
            own = [c for c in self.closings if (c.platform, c.level) == (platform, level)]
            spend = [c for c in own if c.measure == "spend"]
            rows.append([
                platform, level, str(len({c.day for c in own})),
                f"{sum((c.source or Decimal(0) for c in spend), Decimal(0)):,f}",
                str(sum(bool(c.difference) for c in own)),
            ])  # fmt: skip
        header = ["platform", "level", "days", "spend, all currencies", "open totals"]
        blocks = [Block("Harmonised", [said], header=header, rows=rows)]
        if self.notes:
            blocks.append(Block("Decided", points=[f"{p}, {a}: {n}" for p, a, n in self.notes]))
        return blocks


class CampaignData:
    """Campaign data of one client in one schema.

    Comes of :meth:`ClientStore.harmonise`; the store must be open while it is asked.
    """

    def __init__(self, con: Any, client: str) -> None:
        self._con = con
        self.client = client

    def __repr__(self) -> str:
        rows = self._con.execute(
            "SELECT count(*), count(DISTINCT platform) FROM performance_fact "
            "JOIN place USING (place_id)"
        )
        num_rows, num_platforms = rows.fetchall()[0]
        return f"CampaignData({self.client!r}, {num_rows:,} rows of {num_platforms} platforms)"

    @property
    def report(self) -> HarmoniseReport:
        """Totals beside those of the landed tables, and what was decided."""
        rows = self._con.execute(
            "SELECT platform, level, coalesce(CAST(day AS VARCHAR), ''), measure, source, "
            "harmonised, coalesce(uncovered, 0) FROM closing ORDER BY ALL"
        ).fetchall()
        notes = self._con.execute("SELECT * FROM notes ORDER BY ALL").fetchall()
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
        return self._con.sql(view(table, self.client)).to_arrow_table()

    def to_frame(self, table: str = "performance") -> Any:
        """A unified table as a data frame: pandas if it is installed, polars, else Arrow."""
        from importlib.util import find_spec

        arrow = self.to_arrow(table)
        if find_spec("pandas"):
            return arrow.to_pandas()
        if find_spec("polars"):
            import polars

            return polars.from_arrow(arrow)
        return arrow

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
        if measure not in ADDITIVE:
            raise HarmoniseError(
                f"measure is {measure!r:.40}; expected one of {', '.join(ADDITIVE)}",
                hint="reach cannot be added up: who is reached twice would count twice",
            )
        wrong = [name for name in by if name not in (*_BY, "currency")]
        if wrong or level not in LEVELS:
            raise HarmoniseError(
                f"by is {list(by)!r:.80}, level {level!r:.20}",
                hint=f"by: some of {', '.join((*_BY, 'currency'))}; level: {', '.join(LEVELS)}",
            )
        levels = ", ".join(f"'{name}'" for name in LEVELS[: LEVELS.index(level) + 1])
        keys = ", ".join(f"CAST({name} AS VARCHAR)" for name in by)
        # Unknown currencies of two accounts are two.
        money = (
            "currency || CASE WHEN currency = 'XXX' THEN ' of account ' || account_id ELSE '' END"
        )
        rows = self._con.execute(
            f"SELECT {keys + ', ' if keys else ''}coalesce(sum({measure}), 0), "
            f"list_sort(list_distinct(list({money}))) FROM performance_fact "
            f"JOIN place USING (place_id) WHERE level IN ({levels}) "
            f"{'GROUP BY ' + keys if keys else ''} ORDER BY ALL"
        ).fetchall()
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
