"""Money of several currencies in one column: it cannot be added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from campaignkit.auditing.checks.check import Check, found, in_values
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.show import counted
from campaignkit.tables import Role
from campaignkit.tables.numbers import marks_sql, unit_of

_SHOWN = 8


class CurrencyCheck(Check):
    """Runs ``currency`` rules: the cells of a column, or the rows of a table, are in one currency.

    Of a column that names currencies the finding counts currencies; of one whose cells carry
    marks it has the cells that are not in the most frequent one.

    Examples
    --------
    >>> CurrencyCheck().form
    'currency'
    """

    form = "currency"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """The table's currency column, and columns whose cells carry marks of several units."""
        table = scene.table
        several = [c.name for c in table.columns.values() if len(c.units) > 1]
        if table.has("currency") and any(table.schema[n].role is Role.MONEY for n in table.own):
            several.append("currency")
        for name in several:
            yield Rule.over(self.form, "mixed_currencies", name,
                            severity="warning" if name == "currency" else "error",
                            reason="only amounts of one currency can be added up")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for each column that holds several."""
        column = scene.column(rule.columns[0])
        counts, where = Counter(column.units), ""
        count = counts.total() - max(counts.values(), default=0)
        if counts:
            mark = marks_sql(column.formats[0]).replace("{c}", column.raw)
            marks = scene.table.value_counts({column.name: mark})[column.name]
            where = in_values(mark, [m for m in marks if m and unit_of(m) != column.unit])
        else:
            for value, rows in scene.histogram(column.name).items():
                if value is not None:
                    counts[value.strip().upper()] += rows
            count = len(counts)
        if len(counts) > 1:
            unmarked = f", and {counted(column.unmarked, 'amount')} without a mark"
            unmarked = unmarked if column.unmarked else ""
            money = [c.name for c in scene.metrics() if scene.role(c.name) is Role.MONEY]
            yield found(
                rule, scene, count, *dict.fromkeys((column.name, *money)), where=where,
                confidence=0.9, unit="row" if where else "currency",
                blamed=column.name if where else None,
                message=f"{column.name} holds {len(counts)} currencies: "
                f"{', '.join(list(counts)[:_SHOWN])}{unmarked}; their amounts cannot be added up",
                advice="convert to one currency by the day's rate, or look at each on its own",
                evidence={"rows": dict(list(counts.items())[:_SHOWN])},
            )  # fmt: skip
