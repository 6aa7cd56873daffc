"""What checks look at: the table, its profile, histograms and samples, each read once.

Steps that only ask for counts are run in rounds (:func:`in_rounds`): what all of them want to know
is asked in one statement, then those who asked run again with the answers there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from campaignkit.distinct import distinct
from campaignkit.errors import NotInPlace, TableError
from campaignkit.tables import MOST_VALUES, WIDE, Column, OpenTable, Role, TableProfile
from campaignkit.tables.grouping import day_sql, grouping_sets
from campaignkit.tables.profile import MOST_EXACT, middle_of, middle_sql, scalars

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from campaignkit.auditing.finding import Finding
    from campaignkit.auditing.rule import RuleSet

SAMPLE_ROWS = 100_000
_LEAST_DAYS = 14  # of a sample of whole days
_HASHES_A_PASS = 8_000_000  # 64 MB of hashes at a time; a larger table is hashed in several passes
MAX_CATEGORIES = 2_000  # a dimension has fewer values than this, and than half its rows
# What stands in a column that a query of several does not have; no list has a NULL everywhere.
_EMPTY = {"t": "CAST(NULL AS VARCHAR)", "d": "CAST(NULL AS DATE)", "n": "CAST(NULL AS DOUBLE)",
          "a": "a0"}  # fmt: skip
T = TypeVar("T")


class Wanted(Exception):
    """A step asked what is not known yet; it is run again once it is."""


@dataclass
class Scene:
    """A table under audit.

    Attributes
    ----------
    table : OpenTable
        The table.
    rules : RuleSet
        All rules of this audit.
    profile : TableProfile
        Counts of the one pass.
    garbage : dict
        Rule -> the values of its column that are no category, each with the reason.
    left_out : int
        Rows of the table that were set aside before.
    torn : dict
        Of a table in a warehouse: rule of a dependency -> SQL of its two values as one text, and
        of those texts that are outvoted.
    rest : str
        Of a table in a warehouse: a query of the rows that no check has set aside.

    Examples
    --------
    >>> from campaignkit.auditing import RuleSet
    >>> from campaignkit.tables import open_table, profile_table
    >>> table = open_table({"brand": ["a", "b", "a"]})
    >>> Scene(table, RuleSet(), profile_table(table)).histogram("brand")
    {'a': 2, 'b': 1}
    """

    table: OpenTable
    rules: RuleSet
    profile: TableProfile
    torn: dict[str, tuple[str, str]] = field(default_factory=dict)
    rest: str = ""
    _few: dict[str, bool] = field(default_factory=dict)
    _groups: dict[str, dict[str | None, tuple[int, dict[str, int]]]] = field(default_factory=dict)
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)
    _wanted: dict[tuple[str, str], None] = field(default_factory=dict)
    _gathering: bool = False
    garbage: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: int = 0

    @property
    def num_rows(self) -> int:
        """Rows of the table."""
        return self.table.num_rows

    def share(self, count: int) -> float:
        """A number of rows as a share of the table, with the rows that were set aside."""
        return count / max(self.num_rows + self.left_out, 1)

    def column(self, name: str) -> Column:
        """A column by own or standard name."""
        return self.table.column(name)

    def role(self, name: str) -> Role | None:
        """The role of one of the table's own columns, where the schema knows it."""
        return self.table.role(name)

    def metrics(self) -> list[Column]:
        """Number columns that hold amounts: known metrics, or unknown numbers."""
        return [
            c
            for c in self.table.of_kind("number")
            if self.role(c.name) in (None, Role.COUNT, Role.MONEY)
        ]

    def dimensions(self) -> list[Column]:
        """Text columns with few values that are no identifiers."""
        roles = ((c, self.role(c.name)) for c in self.table.of_kind("text"))
        return [
            c for c, role in roles
            if role is Role.DIMENSION or (role is None and self.has_few_values(c.name))
        ]  # fmt: skip

    def key_columns(self) -> list[Column]:
        """Known identifiers and dates."""
        return [
            c for c in self.table.columns.values() if self.role(c.name) in (Role.ID, Role.DATE)
        ]

    @property
    def is_wide(self) -> bool:
        """Whether the table has so many columns that asking one by one takes long."""
        return len(self.table.columns) > WIDE

    def has_few_values(self, name: str) -> bool:
        """Whether a text column looks like a dimension rather than free text or a key."""
        own = self.column(name).name
        if self.table.in_place and self.role(own) is Role.ID:
            return False  # identifiers do not leave to be counted
        if own not in self._few:
            asked = self.table.of_kind("text") if self.is_wide else [self.column(name)]
            self._count_values({c.name: c.raw for c in asked})
        return self._few[own]

    def _count_values(self, raw: Mapping[str, str]) -> None:
        sample = self.table.sampled(SAMPLE_ROWS)
        if len(raw) == 1 and not self.table.in_place:
            ((name, sql),) = raw.items()
            found = self.table.row(f"SELECT count(DISTINCT {sql}), count({sql}) FROM {sample}")
            counted = {name: (int(found[0]), int(found[1]))}
        else:
            values = self.table.value_counts(raw, relation=sample)
            filled = {n: [k for v, k in c.items() if v is not None] for n, c in values.items()}
            counted = {n: (len(k), sum(k)) for n, k in filled.items()}
        for name, (different, filled_cells) in counted.items():
            most = min(MAX_CATEGORIES, max(filled_cells * 0.5, 1))
            self._few[name] = 0 < different <= most and raw[name] not in self.table.cut

    def histogram(self, name: str) -> dict[str | None, int]:
        """Value -> rows of a text column, the most frequent first; None for null."""
        column = self.column(name)
        # Of a wide table all at once, as each of its text columns will be asked for.
        asked = [column, *(self.table.of_kind("text") if self.is_wide else [])]
        found: dict[str | None, int] = self._told([("/values", c.sql) for c in asked])[0]
        return found

    def days(self) -> dict[str, dict[date, int]]:
        """Column of dates -> day -> rows; of all such columns, asked once."""
        columns = self.table.of_kind("date")
        told = self._told([("/values", day_sql(c.sql, self.table)) for c in columns])
        return {
            c.name: {_day(day): n for day, n in counts.items() if day is not None}
            for c, counts in zip(columns, told, strict=True)
        }

    def groups(self, name: str) -> dict[str | None, tuple[int, dict[str, int]]]:
        """Value -> rows, and filled cells of each column that has nulls.

        For all columns with nulls at once: a dimension is read once, not once a column; in a
        warehouse all dimensions are.
        """
        column = self.column(name)
        if column.name not in self._groups:
            asked = [column]
            sparse = [n for n, p in self.profile.columns.items() if p.num_nulls]
            counted = [self.column(n).raw for n in sparse]
            if self.table.in_place:
                several = self.dimensions()
                if self.table.has("campaign_id") or any(c.name in sparse for c in several):
                    several += [c for c in self.key_columns() if self.role(c.name) is Role.ID][:1]
                asked = list({c.name: c for c in [*several, column]}.values())
                sets = [(c.sql,) for c in asked]
                query = grouping_sets(self.table.relation, sets, counted=counted, most=MOST_VALUES)
            else:
                told = "".join(f", count({c})" for c in counted)
                query = (
                    f"SELECT 0, {column.sql}, count(*) AS n{told} FROM {self.table.relation} "
                    f"GROUP BY 2 ORDER BY n DESC, 2"
                )
            self._groups |= {c.name: {} for c in asked}
            for place, value, n, *filled in self.table.rows(query):
                if place >= 0:
                    cells = dict(zip(sparse, map(int, filled), strict=True))
                    self._groups[asked[place].name][value] = (int(n), cells)
            for one in asked:
                counts = {v: n for v, (n, _) in self._groups[one.name].items()}
                self._known.setdefault(("/values", one.sql), counts)
        return self._groups[column.name]

    def numbers(self, names: Sequence[str]) -> Mapping[str, NDArray[float64]]:
        """Number columns of the sample: float64[sample rows], NaN where null."""
        import numpy as np

        sql = [f"CAST({self.column(n).sql} AS DOUBLE) AS c{i}" for i, n in enumerate(names)]
        found = self.table.numpy(f"SELECT {', '.join(sql)} FROM {self.table.sampled(SAMPLE_ROWS)}")
        floats = (found[f"c{i}"].astype(np.float64) for i in range(len(names)))
        return {n: np.ma.filled(f, np.nan) for n, f in zip(names, floats, strict=True)}

    def num_repeated(self, *asked: tuple[Sequence[str], str]) -> list[int]:
        """Of each (SQL of columns, condition) the rows that equal an earlier one in the columns.

        Here rows are distinguished by their hashes; in a warehouse, whose rows stay, by groups.
        """
        if not self.table.in_place:
            return [_num_alike(self.table, columns, where) for columns, where in asked]
        queries = [
            f"SELECT sum(n - 1) AS n0 FROM (SELECT count(*) AS n FROM {self.table.relation}"
            f"{f' WHERE {where}' if where else ''} GROUP BY {', '.join(columns)})"
            for columns, where in asked
        ]
        return [int(row[0][0] or 0) for row in self.rows(*queries, columns="n0")]

    def count(self, *conditions: str) -> list[int]:
        """Rows of each condition; those of the one pass are not counted again."""
        known = self.profile.counts
        new = [c for c in conditions if c not in known]
        found = dict(zip(new, self.values(*(f"count_if({c})" for c in new)), strict=True))
        return [known[c] if c in known else int(found[c] or 0) for c in conditions]

    def values(self, *aggregates: str, sample: bool = False) -> list[Any]:
        """The values of aggregates over the whole table, or over its sample; each asked once.

        Raises
        ------
        Wanted
            Within :func:`in_rounds`, where one is not known yet.
        NotInPlace
            If the table lies in a warehouse, which is not asked one of these.
        """
        source = self.table.sampled(SAMPLE_ROWS) if sample else self.table.relation
        return self._told([(source, a) for a in aggregates])

    def rows(self, *queries: str, columns: str | Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """The rows of queries, each asked once; in a warehouse all wanted by one statement.

        Parameters
        ----------
        *queries : str
            Their columns are called t0, t1, ... where they hold text, d0, ... dates, n0, ...
            numbers, and a0, ... lists of numbers.
        columns : str or sequence of str
            The names of their columns, in order: ``"t0, n0, n1"``; of all queries, or of each.
        """
        each = [columns] * len(queries) if isinstance(columns, str) else columns
        return self._told([
            ("/lists" if "a0" in names else "/rows", f"SELECT {names} FROM ({query})")
            for query, names in zip(queries, each, strict=True)
        ])  # fmt: skip

    def _told(self, asked: Sequence[tuple[str, str]]) -> list[Any]:
        held = [sql for source, sql in asked if source == "/values" and sql in self.table.counted]
        self._know("/values", held, self._asked_values("", held))
        new = dict.fromkeys(a for a in asked if a not in self._known)
        for source, text in new if self.table.in_place else ():  # refused here: it is known whose
            relation = self.table.relation if source == "/values" else source
            is_whole = text.startswith("SELECT ")
            self.table.told(text if is_whole else f"SELECT {text} FROM {relation}")
        self._wanted |= new
        if new and self._gathering:
            raise Wanted
        if new:
            self._answer()
        found = [self._known[a] for a in asked]
        for value in found:
            if isinstance(value, TableError):
                raise NotInPlace(value.message) from value
        return found

    def _answer(self) -> None:
        asking = {"/values": self._asked_values, "/rows": self._asked_rows,
                  "/lists": self._asked_rows}  # fmt: skip
        for source in dict.fromkeys(s for s, _ in self._wanted):
            new = [a for s, a in self._wanted if s == source and (s, a) not in self._known]
            if new:
                self._know(source, new, asking.get(source, self._asked)(source, new))
        self._wanted.clear()

    def _know(self, source: str, asked: Sequence[str], found: Sequence[Any]) -> None:
        self._known |= {(source, a): v for a, v in zip(asked, found, strict=True)}

    def _asked_values(self, _: str, values: Sequence[str]) -> list[Any]:
        counts = self.table.value_counts({sql: sql for sql in values})
        return [counts[sql] for sql in values]

    def _asked_rows(self, _: str, queries: Sequence[str]) -> list[Any]:
        if not self.table.in_place:
            return [self.table.rows(query) for query in queries]
        held = [query[len("SELECT ") : query.index(" FROM (")].split(", ") for query in queries]
        slots = sorted({name for names in held for name in names})
        parts = []
        for place, (names, query) in enumerate(zip(held, queries, strict=True)):
            told = [n if n in names else f"{_EMPTY[n[0]]} AS {n}" for n in slots]
            parts.append(f"SELECT {place} AS place, {', '.join(told)} FROM ({query})")
        found: list[list[tuple[Any, ...]]] = [[] for _ in queries]
        for place, *row in self.table.rows(" UNION ALL ".join(parts)):
            cells = dict(zip(slots, row, strict=True))
            found[place].append(tuple(cells[name] for name in held[place]))
        return found

    def _asked(self, source: str, aggregates: Sequence[str]) -> list[Any]:
        """The values; of one that a warehouse refuses though it is on the list, the refusal."""
        try:
            return scalars(self.table, aggregates, relation=source)
        except TableError as err:
            if not self.table.in_place:
                raise
            if len(aggregates) == 1:
                return [err]
        half = len(aggregates) // 2
        first, second = aggregates[:half], aggregates[half:]
        return self._asked(source, first) + self._asked(source, second)

    def without(self, aside: Iterable[Finding]) -> OpenTable:
        """The table without the rows of findings, whose cells would break and bend all else."""
        if self.table.in_place:
            return self.table.rest(self.rest)
        return self.table.without(distinct(*(f.rows for f in aside)))

    def middles(self, *asked: tuple[str, str]) -> list[tuple[float, float, int]]:
        """Median, robust spread and number of values, of each (SQL expression, condition).

        The spread is the median distance from the median, scaled to the normal's deviation. Of
        a large table whole days are looked at, the same ones wherever the table lies.
        """
        relation, num_rows = self._exemplary()
        kept = [f"CASE WHEN {where} THEN CAST({v} AS DOUBLE) END" for v, where in asked]
        told = [part for k in kept for part in (middle_sql(k, num_rows), f"count({k})")]
        found = self._told([(relation, a) for a in told])
        return [
            (*(middle_of(steps) or (0.0, 0.0)), int(num or 0))
            for steps, num in zip(found[::2], found[1::2], strict=True)
        ]

    def _exemplary(self) -> tuple[str, int]:
        """Rows that stand for all, and how many they are."""
        table = self.table
        if table.num_rows <= SAMPLE_ROWS:
            return table.relation, table.num_rows
        dated = table.of_kind("date")
        dated.sort(key=lambda c: self.role(c.name) is not Role.DATE)
        days = sorted(self.days()[dated[0].name].items()) if dated else []
        if _LEAST_DAYS <= len(days) < MOST_VALUES:
            step = max(min(table.num_rows // SAMPLE_ROWS, len(days) // _LEAST_DAYS), 1)
            chosen = days[:: step + (step % 7 == 0)]  # not of one weekday
            listed = ", ".join(f"CAST('{day}' AS DATE)" for day, _ in chosen)
            where = f"CAST({dated[0].sql} AS DATE) IN ({listed})"
            return f"(SELECT * FROM {table.relation} WHERE {where})", sum(n for _, n in chosen)
        if table.num_rows <= MOST_EXACT or table.in_place:
            return table.relation, table.num_rows
        return table.sampled(SAMPLE_ROWS), SAMPLE_ROWS


def _day(told: date | str) -> date:
    if isinstance(told, date):
        return told
    try:
        return date.fromisoformat(told)
    except ValueError as err:
        raise NotInPlace(f"days are written {told!r} there; expected as 2026-01-31") from err


def _num_alike(table: OpenTable, columns: Sequence[str], where: str) -> int:
    """Rows whose hash an earlier one has."""
    import numpy as np

    hashed, repeated = f"hash({', '.join(columns)})", 0
    passes = max(1, -(-table.num_rows // _HASHES_A_PASS))
    for number in range(passes):
        kept = [f"({where})"] * bool(where) + [f"{hashed} % {passes} = {number}"] * (passes > 1)
        limit = f" WHERE {' AND '.join(kept)}" if kept else ""
        hashes = table.numpy(f"SELECT {hashed} AS h FROM {table.relation}{limit}")["h"]
        hashes.sort()
        repeated += int(np.count_nonzero(hashes[1:] == hashes[:-1]))
    return repeated


def in_rounds(
    scene: Scene,
    steps: Mapping[str, Callable[[], Iterable[T]]],
    *,
    refused: dict[str, str] | None = None,
    done: Callable[[str], object] = str,
) -> list[T]:
    """What all steps give, in their order; what they ask the scene is answered together.

    Parameters
    ----------
    scene : Scene
        The one they ask.
    steps : mapping of str to callable
        Name -> what gives results; called again after it asked something.
    refused : dict or None
        Filled with the steps that a warehouse cannot run: name -> reason.
    done : callable
        Told each step's name as it ends.

    Examples
    --------
    >>> from campaignkit.auditing import RuleSet
    >>> from campaignkit.tables import open_table, profile_table
    >>> table = open_table({"clicks": [1, 4]})
    >>> scene = Scene(table, RuleSet(), profile_table(table))
    >>> in_rounds(scene, {"a": lambda: scene.count("clicks > 3")})
    [1]
    """
    found: dict[str, list[T]] = {}
    waiting = dict(steps)
    while waiting:
        scene._gathering = True
        try:
            for name, step in list(waiting.items()):
                try:
                    found[name] = list(step())
                except Wanted:
                    continue
                except NotInPlace as err:
                    found[name] = []
                    if refused is not None:
                        refused[name] = err.message
                del waiting[name]
                done(name)
        finally:
            scene._gathering = False
        scene._answer()
    return [one for name in steps for one in found[name]]
