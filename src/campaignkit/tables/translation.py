"""SQL of the checks in a warehouse's dialect: DuckDB's goes in, only what is listed comes out.

sqlglot writes what it knows; it does not know what an engine lacks (``MEDIAN`` in BigQuery), nor
that one text has two answers (``greatest(NULL, 0)``). So every node of a statement must be on the
list, and what engines answer differently is written here in a form that all answer alike.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from campaignkit.errors import NotInPlace
from campaignkit.extras import require

DIALECTS = ("bigquery", "snowflake", "spark", "databricks", "postgres", "duckdb")

# Names of sqlglot's nodes; whatever else a statement holds is refused.
_LISTED = """
    Select From Where Group GroupingSets Having Order Ordered Limit With CTE Join Union Subquery
    Table TableAlias Alias Column Identifier Star Literal Null Boolean Paren Tuple Distinct Var
    And Or Not EQ NEQ GT GTE LT LTE Is In Between Like DPipe Add Sub Mul Div Neg
    NullSafeEQ NullSafeNEQ Case If Coalesce Nullif Cast TryCast DataType Abs Ln Sqrt Lower Trim
    Length Greatest Least RegexpFullMatch RegexpLike Count CountIf Sum Min Max Avg VariancePop
    Extract Grouping Window RowNumber Median PercentileCont ApproxQuantile Array
"""
_ALLOWED = frozenset(_LISTED.split())
# What engines answer differently, in a form that all answer alike.
_FORMS = {
    "Anonymous": "(:a BETWEEN -1.7e308 AND 1.7e308)",  # isfinite: `checked` lets no other through
    "Greatest": "CASE WHEN :a > :b THEN :a ELSE COALESCE(:b, :a) END",
    "Least": "CASE WHEN :a < :b THEN :a ELSE COALESCE(:b, :a) END",
    "Ln": "CASE WHEN (:a) > 0 THEN LN(:a) END",
    "Sqrt": "CASE WHEN (:a) >= 0 THEN SQRT(:a) END",
}
_CASTS = frozenset(["DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPNTZ", "VARCHAR", "TEXT"])
_NUMBER = r"^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,2})?$"
_DAY = (
    "([0-9]{4}-((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)"
    "|0?2-(0?[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])"
    "|([02468][048]|[13579][26])00)-0?2-29)"
)
_MOMENT = rf"^{_DAY}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?)?$"


@lru_cache(maxsize=512)
def translated(query: str, *, dialect: str, source: str, relation: str = "audited") -> str:
    """A statement of the checks in a warehouse's dialect, over the warehouse's own table.

    Parameters
    ----------
    query : str
        One SELECT in DuckDB's dialect.
    dialect : str
        One of :data:`DIALECTS`.
    source : str
        What stands for `relation` in FROM, in the warehouse's dialect.
    relation : str
        The table's name in `query`.

    Raises
    ------
    NotInPlace
        If the statement holds a function, an operator or a cast that is not on the list.
    MissingExtra
        If sqlglot is not installed.

    Examples
    --------
    >>> text = "SELECT count_if(clicks > 3) FROM audited"
    >>> print(translated(text, dialect="postgres", source="marts.ads"))
    SELECT SUM(CASE WHEN clicks > 3 THEN 1 ELSE 0 END) FROM marts.ads
    """
    sqlglot = require("sqlglot", extra="warehouse", user="auditing inside a warehouse")
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
        place = _place(source, dialect)
    except sqlglot.errors.SqlglotError as err:
        raise NotInPlace(f"the statement cannot be read: {str(err)[:300]}") from err
    if not isinstance(tree, sqlglot.exp.Query):
        raise NotInPlace(f"{type(tree).__name__} is no question; expected one SELECT")
    checked(tree)
    for node in reversed(list(tree.walk())):  # from the leaves up
        other = _alike(node, dialect)
        if other is not node:
            node.replace(other)
    rows = place
    if isinstance(place, sqlglot.exp.Subquery):  # said once, however often it is read
        rows = sqlglot.exp.to_table("kept_rows")
    named = {cte.alias for cte in tree.find_all(sqlglot.exp.CTE)}
    for table in list(tree.find_all(sqlglot.exp.Table)):
        if table.name == relation and not table.db:
            own = rows.copy()
            if table.alias:
                own.set("alias", table.args["alias"].copy())
            table.replace(own)
        elif table.name not in named:
            raise NotInPlace(f"the statement reads {table.sql()}, which is not the table audited")
    _alias_derived(tree)
    if rows is not place:
        tree = tree.with_("kept_rows", as_=place.this.copy())
    text: str = tree.sql(dialect=dialect)
    return text


@lru_cache(maxsize=32)
def _place(source: str, dialect: str) -> Any:
    import sqlglot

    return sqlglot.parse_one(f"SELECT * FROM {source}", read=dialect).args["from_"].this


def checked(tree: Any) -> None:
    """Refuse a statement that holds anything that is not on the list.

    Raises
    ------
    NotInPlace
        The message names the first such thing.
    """
    from sqlglot import exp

    for node in tree.walk():
        name = type(node).__name__
        if isinstance(node, exp.Anonymous):
            name = str(node.this)
        allowed = name in _ALLOWED or name.lower() == "isfinite"
        if isinstance(node, exp.Cast):
            allowed = allowed and node.to.this.name in _CASTS
        elif isinstance(node, exp.In):
            allowed = not isinstance(node.this, exp.Tuple)  # BigQuery takes one column
        elif isinstance(node, exp.Distinct):
            allowed = len(node.expressions) <= 1
        elif isinstance(
            node, exp.RowNumber
        ):  # without an order its answer differs from run to run
            allowed = bool(isinstance(node.parent, exp.Window) and node.parent.args.get("order"))
        if not allowed:
            raise NotInPlace(
                f"{name} is not asked inside a warehouse: {node.sql(dialect='duckdb')[:80]}",
                hint="say it with comparisons, CASE, COALESCE, NULLIF, ABS, LN, SQRT and counts",
            )


def _alike(node: Any, dialect: str) -> Any:
    """The node in a form whose answer is the same on every engine."""
    from sqlglot import exp

    form = _FORMS.get(type(node).__name__)
    if form is not None and len(node.expressions) <= 1:
        parts = [p for p in (node.this, node.args.get("expression"), *node.expressions)
                 if isinstance(p, exp.Expression)]  # fmt: skip
        return _filled(form, *parts)
    if isinstance(node, exp.Div):
        below = node.expression
        if not isinstance(below, exp.Nullif) and below.name.strip("0.") == "":
            below = exp.Nullif(this=below, expression=exp.Literal.number(0))
        return exp.Div(this=exp.cast(node.this, "DOUBLE"), expression=below, typed=True)
    if isinstance(node, exp.TryCast):
        return _safe_cast(node, dialect)
    if isinstance(node, exp.RegexpFullMatch):
        pattern = exp.Literal.string(f"^({node.expression.name})$")
        return exp.RegexpLike(this=node.this, expression=pattern)
    if isinstance(node, exp.Median | exp.PercentileCont | exp.ApproxQuantile):
        return _quantile(node, dialect)
    return node


def _filled(form: str, *parts: Any) -> Any:
    """A form of DuckDB's dialect with nodes in place of ``:a`` and ``:b``."""
    from sqlglot import exp

    tree: Any = exp.maybe_parse(form, dialect="duckdb")
    return exp.replace_placeholders(tree, **dict(zip("ab", parts, strict=False)))


def _safe_cast(node: Any, dialect: str) -> Any:
    """Cells in one form that every engine reads alike; NULL for all others."""
    from sqlglot import exp

    to = node.to.this.name
    if to in ("VARCHAR", "TEXT"):
        return exp.cast(node.this, "VARCHAR")
    cell = node.this.copy()
    if dialect == "snowflake":  # which tries to cast only what is known to be text
        cell = exp.cast(cell, "VARCHAR")
    kind = exp.Cast if dialect == "postgres" else exp.TryCast
    value = kind(this=cell, to=node.to.copy())
    pattern = exp.Literal.string(_NUMBER if to == "DOUBLE" else _MOMENT)
    return exp.case().when(exp.RegexpLike(this=node.this.copy(), expression=pattern), value)


def _quantile(node: Any, dialect: str) -> Any:
    """Quantiles, interpolated where the engine can; of very many values only approximately."""
    import sqlglot

    exp = sqlglot.exp
    if dialect == "duckdb":
        return node
    wanted = node.args.get("expression") or node.args.get("quantile") or _filled("0.5")
    is_one = not isinstance(wanted, exp.Array)
    shares = [s.sql() for s in ([wanted] if is_one else wanted.expressions)]
    whole = "PERCENTILE_APPROX({v}, {a}, 10000)" if isinstance(node, exp.ApproxQuantile) else (
        "PERCENTILE({v}, {a})"
    )  # fmt: skip
    each = "PERCENTILE_CONT({p}) WITHIN GROUP (ORDER BY {v})"
    if isinstance(node, exp.ApproxQuantile) and dialect == "snowflake":
        each = "APPROX_PERCENTILE({v}, {p})"
    value = node.this.sql(dialect=dialect)
    if dialect == "bigquery":
        form = f"APPROX_QUANTILES({{v}}, {1000 if is_one else len(shares) - 1})"
        form += f"[OFFSET({round(1000 * float(shares[0]))})]" if is_one else ""
    elif dialect in ("spark", "databricks"):
        form = whole
    elif dialect == "postgres":
        form = each.replace("{p}", "{a}")
    else:
        listed = ", ".join(each.replace("{p}", p) for p in shares)
        form = listed if is_one else f"ARRAY_CONSTRUCT({listed})"
    array = {"postgres": "ARRAY[{}]"}.get(dialect, "ARRAY({})").format(", ".join(shares))
    text = form.format(v=value, a=shares[0] if is_one else array)
    return sqlglot.parse_one(text, read=dialect)


def _alias_derived(tree: Any) -> None:
    """PostgreSQL before 16 insists on a name for each subquery in FROM."""
    from sqlglot import exp

    for number, found in enumerate(tree.find_all(exp.Subquery), 1):
        if isinstance(found.parent, exp.From | exp.Join) and not found.alias:
            found.set("alias", exp.TableAlias(this=exp.to_identifier(f"q{number}")))
