"""What an audit in a warehouse will ask and read, told before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from campaignkit.auditing.auditor import Held, stated_rules
from campaignkit.auditing.checks import ALL_CHECKS
from campaignkit.auditing.rule import Rule, RuleSet
from campaignkit.auditing.scene import in_rounds
from campaignkit.errors import SettingError, TableError
from campaignkit.tables import MARKETING, DatabaseTable, ReadOptions
from campaignkit.tables.in_place import open_in_place
from campaignkit.tables.read_options import checked_read

MOST_STATEMENTS = 12  # of an audit without mining
_TIB = 2**40


@dataclass(frozen=True)
class AuditPlan:
    """The statements of an audit in place, and what they read.

    Attributes
    ----------
    name : str
        The table.
    statements : tuple of (str, int or None)
        SQL in the warehouse's dialect -> bytes it will be charged for; None where the warehouse
        does not tell.
    most_following : int
        Statements that may follow, where those before find something.
    maximum_bytes : int or None
        The cap that was asked for.
    price_per_tib : float or None
        Your rate for 2**40 bytes, in your currency.

    Examples
    --------
    >>> plan = AuditPlan("ads", (("SELECT ...", 2**30),), most_following=2, price_per_tib=6.25)
    >>> plan.bytes, plan.most_bytes // 2**30, round(plan.most_price, 3)
    (1073741824, 3, 0.018)
    """

    name: str
    statements: tuple[tuple[str, int | None], ...]
    most_following: int = 0
    maximum_bytes: int | None = None
    price_per_tib: float | None = None

    @property
    def bytes(self) -> int:
        """Bytes of the statements that are known."""
        return sum(n or 0 for _, n in self.statements)

    @property
    def most_bytes(self) -> int:
        """Bytes if all that may follow does, each reading as much as the widest known one."""
        widest = max((n or 0 for _, n in self.statements), default=0)
        return self.bytes + self.most_following * widest

    @property
    def most_price(self) -> float | None:
        """Price of :attr:`most_bytes` at the rate given."""
        return None if self.price_per_tib is None else self.most_bytes / _TIB * self.price_per_tib

    @property
    def fits(self) -> bool:
        """Whether the cap lets the whole audit through."""
        return self.maximum_bytes is None or self.most_bytes <= self.maximum_bytes

    def __str__(self) -> str:
        known, most = len(self.statements), len(self.statements) + self.most_following
        lines = [f"Audit of {self.name}: {known} statements, at most {most}"]
        if any(n is not None for _, n in self.statements):
            lines.append(f"{self.bytes:,} bytes, at most {self.most_bytes:,}")
        else:
            lines.append("the warehouse does not tell bytes before it reads them")
        if self.most_price is not None:
            lines.append(
                f"at most {self.most_price:,.4f} at {self.price_per_tib:g} for 2**40 bytes"
            )
        if self.maximum_bytes is not None:
            fits = "lets all of it through" if self.fits else "may end the audit before its end"
            lines.append(f"maximum_bytes={self.maximum_bytes:,} {fits}")
        return "\n".join(lines)


def plan_audit(
    table: Any,
    rules: RuleSet | Iterable[Rule] | str | Path | None = None,
    *,
    pack: bool = True,
    duplicates: bool = True,
    price_per_tib: float | None = None,
    **read: Unpack[ReadOptions],
) -> AuditPlan:
    """What :func:`audit` will ask of a warehouse: nothing is read for it but metadata.

    Parameters
    ----------
    table : address or DatabaseTable
        ``bigquery://project.dataset.table`` and the like, as for :func:`audit`.
    rules, pack, duplicates, **read
        As for :func:`audit`.
    price_per_tib : float or None
        Your rate for 2**40 bytes.

    Returns
    -------
    AuditPlan
        Statements with their bytes; print it.

    Raises
    ------
    TableError
        If the table lies in no warehouse, or cannot be reached.

    Examples
    --------
    >>> plan_audit.__name__  # docs/audit-warehouse.md shows it at work
    'plan_audit'
    """
    if price_per_tib is not None and not price_per_tib >= 0:
        raise SettingError(f"price_per_tib is {price_per_tib}; expected at least 0",
                           hint="your rate for 2**40 bytes: 6.25")  # fmt: skip
    place = (table.database, table.table) if isinstance(table, DatabaseTable) else (table, "")
    opened = open_in_place(*place, MARKETING, checked_read(read), plans_only=True)
    if opened is None or opened.warehouse is None:
        raise TableError("the table lies in no warehouse: an audit of it reads it once or twice",
                         hint="plans are for bigquery://, snowflake://, postgres://")  # fmt: skip
    with opened:
        opened.num_rows = 1
        checks = {f: c for f, c in ALL_CHECKS.items() if duplicates or f != "unique"}
        stated = [r for r in stated_rules(rules) if r.form in checks]
        held = _Stumbling(RuleSet(stated), checks, pack=pack)
        scene = held.scene(opened)
        in_rounds(scene, held.finding(scene, checks))
        told = tuple(opened.warehouse.statements)
    return AuditPlan(opened.name, told, max(0, MOST_STATEMENTS - len(told)),
                     opened.warehouse.terms.maximum_bytes, price_per_tib)  # fmt: skip


class _Stumbling(Held):
    """Goes without answers: a step may stumble over there being none, after it asked."""

    def step(self, run: Callable[..., Iterable[Any]], *given: Any) -> Callable[[], Iterable[Any]]:
        def taken() -> list[Any]:
            try:
                return list(run(*given))
            except (TypeError, LookupError, ArithmeticError, ValueError):
                return []

        return taken
