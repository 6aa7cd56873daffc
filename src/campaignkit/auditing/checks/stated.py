"""Rules a user states in plain SQL or in Python, and ranges."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from campaignkit.auditing.checks.check import Check, ConditionCheck, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.errors import NotInPlace, TableError
from campaignkit.extras import require
from campaignkit.tables import OpenTable, literal

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.auditing.scene import Scene

_BATCH = 1 << 18
_EXPRESSIONS = frozenset(
    ["BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
     "FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "TYPE"]
)  # fmt: skip
_CLAUSES = ("where_clause", "group_expressions", "having", "qualify", "modifiers", "sample")
# Functions that tell of the machine or the connection rather than of a row.
_TELLS = re.compile(
    r"current_(?!date|time|local)|get_?(env|variable)|pg_|in_search|txid|json_.*sql"
)


@dataclass(frozen=True)
class StatedCheck(ConditionCheck):
    """Runs ``sql`` and ``range`` rules: rows for which a condition is true are wrong.

    Parameters of an ``sql`` rule: ``wrong``, a SQL condition over the table's own columns. Of a
    ``range`` rule: ``low`` and ``high``, both allowed, either may be missing.

    Examples
    --------
    >>> StatedCheck("sql").form
    'sql'
    """

    form: str

    def wrong(self, rule: Rule, table: OpenTable) -> Mapping[str, Mapping[str, Any]]:
        """The condition itself."""
        if self.form == "sql":
            where = _stated(rule, table)
        else:
            bounds = [("<", rule.params.get("low")), (">", rule.params.get("high"))]
            value = table.sql(rule.columns[0])
            where = " OR ".join(f"{value} {s} {literal(b)}" for s, b in bounds if b is not None)
        told = {"rows": f": {rule.reason or where}", "evidence": {"condition": where},
                "advice": "correct the rows, or the rule"}  # fmt: skip
        return {where: told} if where else {}


def _stated(rule: Rule, table: OpenTable) -> str:
    wrong = str(rule.params.get("wrong") or "").strip().rstrip(";")
    if not wrong:
        raise TableError(f"rule {rule.id} states no condition", hint="params: {wrong: spend < 0}")
    condition = f"({wrong}\n)"  # a comment ends with its line, not with the query around it
    try:
        _refuse_all_but_a_condition(condition)
        query = f"SELECT count_if({condition}) FROM (SELECT * FROM {table.relation} LIMIT 0)"
        _ = table.told(query) if table.in_place else table.row(query)
    except NotInPlace:
        raise
    except TableError as err:
        raise TableError(
            f"rule {rule.id} is no SQL condition over {table.name}: {err.message}",
            hint=f"its columns are: {', '.join(list(table.columns)[:20])}",
        ) from err
    return condition


@cache
def _refuse_all_but_a_condition(condition: str) -> None:
    """Rule files are data: a condition reads the row's own cells, no file, table or setting."""
    duckdb = require("duckdb", extra="tables", user="reading a rule")
    # A connection of its own, which runs nothing of the condition and has nothing to reach.
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as con:
        asked = "SELECT json_serialize_sql(?::VARCHAR)"
        parsed = json.loads(con.execute(asked, [f"SELECT {condition}"]).fetchone()[0])
        if parsed["error"]:
            told = parsed["error_message"].splitlines()[0]
            raise TableError(f"it is not one expression: {told}")
        query = parsed["statements"][0]["node"]
        if query["type"] != "SELECT_NODE" or any(query.get(c) for c in _CLAUSES) or (
            query["from_table"]["type"] != "EMPTY" or len(query["select_list"]) != 1
        ):  # fmt: skip
            raise TableError("it is a query; expected one condition on the row's own cells")
        nodes = list(_nodes(query["select_list"]))
        strange = sorted({n["class"].lower() for n in nodes if n["class"] not in _EXPRESSIONS})
        if strange:
            raise TableError(f"it has a {strange[0]}; expected the row's own cells alone")
        called = sorted({n["function_name"] for n in nodes if n["class"] == "FUNCTION"})
        known = con.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_name = 'nullif' "
            "OR (function_type = 'scalar' AND NOT has_side_effects)"
        ).fetchall()
    refused = [f for f in called if (f,) not in known or _TELLS.match(f)]
    if refused:
        raise TableError(f"it calls {', '.join(refused)}; expected functions of single cells")


def _nodes(parsed: Any) -> Iterable[dict[str, Any]]:
    if isinstance(parsed, dict) and "class" in parsed:
        yield parsed
    for part in parsed.values() if isinstance(parsed, dict) else parsed:
        if isinstance(part, dict | list):
            yield from _nodes(part)


class FunctionCheck(Check):
    """Runs ``python`` rules, in batches of 262,144 rows.

    Examples
    --------
    >>> FunctionCheck().form
    'python'
    """

    form = "python"

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding if the function is ever true."""
        if rule.wrong is None:
            return
        if scene.table.in_place:
            raise NotInPlace("a rule in Python would need the cells themselves; state it in SQL")
        wrong = _wrong_rows(rule, scene)
        if len(wrong):
            yield found(
                rule, scene, len(wrong), rows=f": {rule.reason or rule.id}",
                advice="correct the rows, or the rule", finder=lambda: wrong,
                blamed=scene.column(rule.columns[0]).name if len(rule.columns) == 1 else None,
            )  # fmt: skip


def _wrong_rows(rule: Rule, scene: Scene) -> NDArray[int64]:
    import numpy as np

    assert rule.wrong is not None
    table = scene.table
    asked = ", ".join(f"{table.sql(c)} AS c{i}" for i, c in enumerate(rule.columns))
    result = table.con.sql(f"SELECT {table.place} AS at, {asked} FROM {table.numbered()}")
    found = [np.zeros(0, dtype=np.int64)]
    for batch in result.to_arrow_table().to_batches(max_chunksize=_BATCH):
        at, *columns = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        mask = np.asarray(rule.wrong(dict(zip(rule.columns, columns, strict=True))))
        if mask.shape != (batch.num_rows,) or mask.dtype != np.bool_:
            raise TableError(
                f"rule {rule.id} returned {mask.dtype}{mask.shape} for {batch.num_rows} rows",
                hint="return a bool array with one entry per row",
            )
        found.append(at[mask])
    return np.concatenate(found)
