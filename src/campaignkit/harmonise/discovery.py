"""Which tables and columns of an unknown schema are useful for the unified one, and why.

In goes a source of a platform that has no file; out come ranked tables and columns, with reasons,
and a proposal for that file. Names are compared with what the known platforms call such a thing,
cells with what such a column has, and identifiers with each other. A person edits the proposal.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, HarmoniseError
from campaignkit.extras import frame_library, require
from campaignkit.harmonise.definition import (
    BREAKDOWNS,
    CONVERSION_AMOUNTS,
    IDS,
    LEVELS,
    Platform,
    Terms,
    platform,
    platforms,
)
from campaignkit.harmonise.exports import STANDARD
from campaignkit.harmonise.landing import plain
from campaignkit.harmonise.sampled import SampledTable, currency_in, money_term, stem, tokens
from campaignkit.harmonise.sources import files_in, tables_in, unreadable
from campaignkit.llm import (
    Account,
    Budget,
    ChatModel,
    Prompt,
    Request,
    ask_numbered,
    numbered_reply,
)
from campaignkit.store import atomic_file, checked_path
from campaignkit.tables import MARKETING, DatabaseTable, connect, quoted
from campaignkit.tables.engines import Metered, Terms as Conditions, schema_of

Found = dict[str, tuple[float, str, str]]  # field -> score, column, reason
Told = tuple[float, str, str, str]  # score, field, column, reason
_Names = dict[tuple[str, str], dict[str, set[str]]]
_Stems = dict[tuple[str, tuple[str, ...]], dict[str, set[str]]]
_UNREAD = "not read"  # role of a file that is no table
_ROWS = 2000  # of a table that are looked at
_LEAST = {"text": 0.75}  # score from which a column is proposed; 0.5 where cells tell too
_CHAIN = (*LEVELS, "account")  # each lies in the next
_CORE = ("spend", "impressions_paid", "clicks_platform")
_MONEY = {"spend", "cost", "charge", "charged"}


@dataclass(frozen=True, slots=True)
class Ranked:
    """A table and what it may be; or a column of a proposed table, and what it fills.

    Attributes
    ----------
    role : str
        ``"campaign"``, ``"report of ad"``, ...; ``"not read"`` of a file that is no table, for
        the reason that is given.
    table : str
    field, column : str
        Of the unified schema, and the table's own; empty for a table.
    score : float
        In [0, 1]: how well names, cells and links fit. It is no probability.
    is_proposed : bool
    reasons : str
    model_says : str
        What a language model added; scores do not depend on it.
    """

    role: str
    table: str
    field: str
    column: str
    score: float
    is_proposed: bool
    reasons: str
    model_says: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found in an unknown schema.

    Attributes
    ----------
    tables, columns : list of Ranked
        Tables by role, the best first; the columns of those that are proposed.
    prefix : str
        What all tables' names begin with.
    """

    name: str
    tables: list[Ranked]
    columns: list[Ranked]
    prefix: str = ""

    def __repr__(self) -> str:
        names = ", ".join(f"{t.role}: {t.table}" for t in self.tables if t.is_proposed)
        return f"Discovery({self.name!r}, {len(self.columns)} columns of {names})"

    def to_frame(self, part: str = "columns") -> Any:
        """Tables or columns as a data frame: pandas if it is installed, polars, else Arrow."""
        import narwhals as nw

        rows = [asdict(row) for row in (self.tables if part == "tables" else self.columns)]
        arrow = require("pyarrow", extra="harmonise", user="a frame of what was found")
        library = frame_library(None, error=HarmoniseError)
        return nw.from_arrow(arrow.Table.from_pylist(rows), backend=library).to_native()

    def to_toml(self) -> str:
        """The proposal for the platform's file; what a person has to decide is marked."""
        lines = [
            "# Proposed from names and cells. Read each line: a score is no proof.",
            *_lines({"name": self.name}),
            'report_tz = "account"  # decide: are days the account\'s own, or UTC?',
            'click_kind = "platform"  # decide: link, all, swipe or platform',
            *_lines({"prefixes": [self.prefix] if self.prefix else []}),
            *(f"# {t.role}: {t.reasons}" for t in self.tables if t.role == _UNREAD),
        ]
        for table in (table for table in self.tables if table.is_proposed):
            own = [column for column in self.columns if column.role == table.role]
            parts: dict[str, dict[str, Any]] = defaultdict(dict)
            level, part = table.role.removeprefix("report of "), "reports"
            if table.role in _CHAIN:
                part, parts["columns"] = "entities", {}
            else:
                needs = [c.column.rsplit(":", 1)[-1] for c in own
                         if c.field in (f"{level}_id", "spend")]  # fmt: skip
                parts[""]["needs"] = needs
            for column in own:
                parts[_part(column.field, table.role)][column.field] = column.column
            counted = parts.pop("amounts", {})
            lines += ["", f"[{part}.{level}]  # {table.score:.2f}: {table.reasons}"]
            lines += _lines({"names": [table.table]} | parts.pop("", {}))
            lines += [f"{name} = {{ {', '.join(_lines(of))} }}" for name, of in parts.items()]
            lines += [f"# {c.field} = {c.column}, {c.score:.2f}: {c.reasons}" for c in own]
            if counted:
                about = {"level": level, "event_is": "all"}
                lines += ["", "[[conversions]]  # decide: of which event?"]
                lines += _lines(about | counted)
        return "\n".join(lines) + "\n"

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the proposal, to be edited and then used: ``store.ingest(..., platform=path)``."""
        with atomic_file(path) as partial:
            partial.write_text(self.to_toml(), encoding="utf-8")
        return Path(path)


def discover(
    source: Any, *, name: str = "unknown", known: Iterable[Platform] | None = None,
    model: ChatModel | None = None, budget: Budget | None = None,
    maximum_bytes: int | None = None,
) -> Discovery:  # fmt: skip
    """Rank the tables and columns of an unknown schema, and propose a platform's file.

    Parameters
    ----------
    source : path, address or DatabaseTable
        What :meth:`ClientStore.ingest` takes: a folder, a file or a DuckDB file, or the schema of
        a warehouse. Of each table 2,000 rows are looked at.
    name : str
        What the platform is called.
    known : iterable of Platform or None
        Platforms to learn names from; None for all that have a file.
    model : ChatModel or None
        Adds reasons in words to what was proposed. It sees names, no cells, and changes neither
        scores nor columns.
    budget : Budget or None
        Of the model.
    maximum_bytes : int or None
        What all tables of a warehouse together may read: BigQuery charges for whole columns.

    Raises
    ------
    HarmoniseError
        If the source has no table, or none with amounts by day. A file of a folder that cannot be
        read is named in ``tables``, and the others are looked at.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "shop_ads_report.csv").write_text(
    ...         "day,account_id,advert_id,cost,impressions,clicks\\n2026-03-01,7,9,1.5,100,3\\n"
    ...     )
    ...     found = discover(folder)
    >>> [(column.field, column.column) for column in found.columns][:2]
    [('account_id', 'account_id'), ('date', 'day')]
    """
    given = list(_tables(source, maximum_bytes))
    tables = [table for table in given if not table.failed]
    words = _Words(known or map(platform, platforms()))
    paths = [plain(table.name).replace("_", "/") for table in tables]
    common = os.path.commonpath(paths).replace("/", "_") if len(paths) > 1 else ""
    prefix = f"{common}_" if common else ""
    tables = [replace(table, name=_short(table.name, prefix)) for table in tables]
    money = set[str]().union(*(table.currencies for table in tables))
    best: dict[str, SampledTable] = {}
    ranked = [Ranked(_UNREAD, t.name, "", "", 0.0, False, t.failed) for t in given if t.failed]
    columns: list[Ranked] = []
    told = sorted(_Search(tables, words).run(), key=lambda one: (one[0], -one[1], one[2].name))
    for role, score, table, fields, reason in told:
        is_best = bool(fields) and best.setdefault(role, table) is table
        ranked.append(Ranked(role, table.name, "", "", round(score, 3), is_best, reason))
        for field, (sure, own, why) in sorted(fields.items()) if is_best else ():
            shown = fields.get("impressions_paid", ("", "", ""))[1]
            term, open_ = plain(own), ""
            if field in ("spend", "value"):
                term, open_ = money_term(table, own, shown, money)
            columns.append(
                Ranked(role, table.name, field, term, round(sure, 3), True, why + open_)
            )
    if not any(role.startswith("report") for role in best):
        raise HarmoniseError(
            f"no table of {', '.join(sorted(t.name for t in tables))[:300] or source} has amounts",
            faults=[Fault(row.table, row.reasons) for row in ranked if row.role == _UNREAD],
            hint="a report has days, an identifier, and two of spend, impressions and clicks",
        )
    columns = columns if model is None else _explained(columns, model, budget)
    return Discovery(name, ranked, columns, prefix)


class _Words:
    """What the known platforms call tables and columns, by what those are."""

    def __init__(self, known: Iterable[Platform]) -> None:
        self._of: _Names = defaultdict(lambda: defaultdict(set))  # place, field -> names
        self._meant: _Stems = defaultdict(lambda: defaultdict(set))  # place, stem -> fields
        for one in known:
            for kind, entity in one.entities.items():
                self._learn(one, "table", {kind: entity.names})
                self._learn(one, kind, _columns(entity.key, entity.columns))
            for level, report in one.reports.items():
                days = {"date": report.date, "hour": report.hour, "currency": report.currency}
                self._learn(one, "table", {f"report of {level}": report.names})
                self._learn(one, "report", _columns(report.ids, report.measures, days))
                self._learn(one, "report", _columns(report.breakdown))
            for counted in one.conversions:
                if not counted.names and not counted.list:
                    self._learn(one, "report", _columns(counted.amounts))

    def _learn(self, one: Platform, place: str, names: Mapping[str, Iterable[str]]) -> None:
        for field, own in names.items():
            for name in own:
                self._of[place, field][plain(name)].add(one.name)
                self._meant[place, stem(name)][field].add(one.name)

    def _vote(self, kind: str, name: str) -> float:
        """Share of the platforms that mean this kind of table, of those that have the name."""
        meant = self._meant["table", stem(name)]
        is_report = kind.startswith("report")
        same = [by for other, by in meant.items() if other.startswith("report") == is_report]
        return len(meant[kind]) / sum(map(len, same))

    def fields(self, place: str) -> list[str]:
        """The fields that a place may have."""
        return [field for at, field in self._of if at == place]

    def like(self, place: str, field: str, name: str) -> tuple[float, str]:
        """How much a name is like those of a field, and whose they are."""
        known = self._of[place, field]
        if place != "table" and plain(name) in IDS and plain(name) != field:
            return 0.0, ""  # it is the unified schema's own name of another field
        if place == "table":
            told = [(_alike(stem(name), stem(own)) * self._vote(field, own), own)
                    for own in known]  # fmt: skip
        else:
            told = [(1.0 if own == plain(name) else 0.9 * _alike(tokens(name), tokens(own)), own)
                    for own in known]  # fmt: skip
        score, own = max(told, default=(0.0, ""))
        if field == "spend" and place == "report" and _MONEY & set(tokens(name)):
            score, own = max((score, own), (0.6 + 0.2 / len(tokens(name)), ""))
        is_foreign = field in ("spend", "value") and bool(currency_in(name))
        is_common = place == "report" and STANDARD.get(field) == _meaning(name) != ""
        if is_common and not is_foreign and score < 0.9:
            score, own = 0.9, ""
        if is_foreign:  # the account's own comes first
            score -= 0.1
        of = ", ".join(sorted(known[own])) if own else ""
        return score, f"named like {own} of {of}" if own else f"a common name of {field}"


class _Search:
    """Finds which table is which: entities by their links, reports by their amounts."""

    def __init__(self, tables: Sequence[SampledTable], words: _Words) -> None:
        self.words = words
        core = {table.name: self.amounts(table).keys() & set(_CORE) for table in tables}
        self.reports = [table for table in tables if len(core[table.name]) > 1]
        self.others = [table for table in tables if core[table.name] <= {"spend"} and table.key]
        self.links = {(parent.name, child.name): parent.linked(child)
                      for parent in self.others for child in tables}  # fmt: skip
        self.weights = {(kind, table.name): self._weight(kind, table)
                        for kind in _CHAIN for table in self.others}  # fmt: skip
        self.chain = self._chain()

    def amounts(self, table: SampledTable) -> Found:
        """Fields of a report that are amounts or breakdowns -> score, column and reason."""
        fields = [f for f in self.words.fields("report") if not f.endswith("_id")]
        found = self.assigned(table, "report", fields)
        if "impressions_paid" not in found and "clicks_platform" in found:
            taken = {own for name, (_, own, _) in found.items() if not name.startswith("video")}
            clicks = sum(table.numbers(found["clicks_platform"][1]))
            sums = {
                c: sum(table.numbers(c)) for c in table.cells.keys() - taken if table.counts(c)
            }
            own = max(sums, key=lambda c: (sums[c], c), default="")
            if own and sums[own] > clicks > 0:
                found = {name: told for name, told in found.items() if told[1] != own}
                told = "its cells alone tell: whole, the largest counts, and more than the clicks"
                found["impressions_paid"] = 0.5, own, told
        return found

    def assigned(
        self, table: SampledTable, place: str, fields: Iterable[str], known: Iterable[Told] = ()
    ) -> Found:
        """Each field's best column, where there is one; a column has one field."""
        told = list(known)
        for field in fields:
            kind = self._kind(place, field)
            for column in table.cells:
                fit = table.kinds[column][kind]
                score, reason = self.words.like(place, field, column)
                if kind in ("day", "currency", "zone") and fit > 0.95 and table.cells[column]:
                    score, reason = max((score, reason), (0.55, "its cells alone tell"))
                score *= max(fit, 0.6 * (score == 1.0))
                if score >= _LEAST.get(kind, 0.5):
                    if kind != "text":
                        named = "an id" if kind == "id" else f"a {kind}"
                        reason += f"; {fit:.0%} of its cells are {named}"
                    told.append((score, field, column, reason))
        made: Found = {}
        for score, field, column, reason in sorted(told, key=lambda one: (-one[0], one[1:])):
            if field not in made and column not in [other for _, other, _ in made.values()]:
                made[field] = min(score, 1.0), column, reason
        return made

    @staticmethod
    def _kind(place: str, field: str) -> str:
        """What cells of a field are."""
        is_text = place != "report" or field in BREAKDOWNS
        other = "id" if field.endswith("_id") else "text" if is_text else "number"
        return _KIND_OF.get(field, other)

    def _chain(self) -> dict[str, SampledTable]:
        """Which table has the ads, ad groups, campaigns and accounts: names and links decide."""
        options: list[list[SampledTable | None]] = []
        for kind in _CHAIN:
            ranked = sorted(self.others, key=lambda t: (-self.weights[kind, t.name], t.name))
            options.append([*ranked[:6], None])
        best = max(product(*options), key=self._joint)
        return {kind: table for kind, table in zip(_CHAIN, best, strict=True) if table}

    def _weight(self, kind: str, table: SampledTable) -> float:
        """How much a table is like those of a kind: its name, who refers to it, what it has."""
        asked = sum(bool(found[0]) for (to, _), found in self.links.items() if to == table.name)
        fields = [f for f in self.words.fields(kind) if not f.endswith(("_id", "_name"))]
        has = len(self.assigned(table, kind, fields))
        named = self.words.like("table", kind, table.name)[0]
        return named + 0.2 * min(asked, 3) + 0.2 * min(has, 2)

    def _joint(self, chosen: tuple[SampledTable | None, ...]) -> float:
        there = [table for table in chosen if table]
        if len({table.name for table in there}) < len(there):
            return -1.0
        pairs = zip(_CHAIN, chosen, strict=True)
        links = [self.links[above.name, below.name][0] for below, above in pairwise(there)]
        return sum(self.weights[kind, t.name] for kind, t in pairs if t) + sum(links)

    def run(self) -> Iterator[tuple[str, float, SampledTable, Found, str]]:
        """Role, score, table, its fields and a reason, of everything that a table may be."""
        for kind in _CHAIN:
            for table in self.others:
                score, reason = self.words.like("table", kind, table.name)
                if table is self.chain.get(kind):
                    yield kind, 0.5 + 0.5 * score, table, self._entity(kind, table), reason
                elif score:
                    yield kind, 0.5 * score, table, {}, reason
        for table in self.reports:
            found = self._ids(table) | self.amounts(table)
            level = next((at for at in LEVELS if f"{at}_id" in found), None)
            days = [found.pop(name) for name in ("date", "hour") if name in found]
            if level is None or not days:
                continue
            found["hour" if table.kinds[max(days)[1]]["hour"] else "date"] = max(days)
            left = table.cells.keys() - {column for _, column, _ in found.values()}
            more = [c for c in left if table.cells[c]
                    and (table.kinds[c]["number"] < 0.9 or c.endswith("_id"))]  # fmt: skip
            core = 0.25 + 0.25 * sum(name in found for name in _CORE)
            alike, reason = self.words.like("table", f"report of {level}", table.name)
            score = max(0.0, 0.7 * core + 0.3 * alike - 0.02 * len(more))
            told = f"{len(more)} other columns split its rows; {reason}".removesuffix("; ")
            yield f"report of {level}", score, table, found, told

    def _ids(self, table: SampledTable) -> Found:
        """Identifiers of a report: links to the tables of the chain, then names."""
        told = self._linked(table, _CHAIN)
        for kind, entity in self.chain.items():
            if stem(table.name) == stem(entity.name) and "id" in table.cells:
                told.append((1.2, f"{kind}_id", "id", f"the table is named as {entity.name} is"))
        fields = [field for field in self.words.fields("report") if field.endswith("_id")]
        return self.assigned(table, "report", fields, told)

    def _entity(self, kind: str, table: SampledTable) -> Found:
        """Fields of a table of names: its key, its parents, and what describes its rows."""
        told = self._linked(table, _CHAIN[_CHAIN.index(kind) + 1 :])
        told.append((2.0, f"{kind}_id", table.key or "", "it identifies the rows"))
        return self.assigned(table, kind, self.words.fields(kind), told)

    def _linked(self, table: SampledTable, kinds: Iterable[str]) -> list[Told]:
        links = [(k, self.links[self.chain[k].name, table.name]) for k in kinds if k in self.chain]
        return [(link[0], f"{kind}_id", link[1], link[2]) for kind, link in links if link[0] > 0.5]


_KIND_OF = {"date": "day", "hour": "day", "currency": "currency", "report_tz": "zone"}


def _tables(source: Any, maximum_bytes: int | None) -> Iterator[SampledTable]:
    """The tables of a source, each with some of its rows as text."""
    given = (source.database, source.table) if isinstance(source, DatabaseTable) else (source, "")
    terms = Conditions(maximum_bytes=maximum_bytes)
    paid: list[tuple[str, int | None]] = []
    if (schema := schema_of(*given, terms)) is not None:
        with closing(schema):
            for name in schema.tables:
                place = Metered(schema.table(name, terms), terms, paid)
                columns = list(place.types())
                asked = f"SELECT {', '.join(map(quoted, columns))} FROM audited LIMIT {_ROWS}"
                yield _sampled(name, columns, place.ask(asked))
        return
    path = checked_path(given[0], error=HarmoniseError)
    duckdb = require("duckdb", extra="harmonise", user="an unknown schema")
    with closing(connect()) as reader:
        for file in files_in(path) if path.is_dir() else [path]:
            try:
                for table in tables_in(reader, file, given[1]):
                    if table.failed is not None:
                        raise unreadable(table)
                    rows = reader.sql(f"SELECT * FROM ({table.select}) LIMIT {_ROWS}")
                    yield _sampled(table.names[0], rows.columns, rows.fetchall())
            except (HarmoniseError, duckdb.Error) as err:
                if file == path:
                    raise
                yield SampledTable(file.name, {}, str(err).splitlines()[0][:300])


def _sampled(name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> SampledTable:
    cells = {
        column: [str(row[n]).strip() for row in rows if row[n] is not None and str(row[n]).strip()]
        for n, column in enumerate(columns)
        if plain(column)[:1] not in ("", "_")  # a loader's own, or of other letters
    }
    return SampledTable(name, cells)


def _explained(columns: list[Ranked], model: ChatModel, budget: Budget | None) -> list[Ranked]:
    """The same columns, with a model's reasons in words; an answer with a digit is left out."""

    def request(numbers: Sequence[int], asked: int) -> Request:
        some = [(n, columns[at]) for n, at in enumerate(numbers, start=1)]
        shown = [f"[{n}] {c.table}.{c.column} as {c.field} of {c.role}" for n, c in some]
        text = "Say in one sentence, without digits, why each column fits or not:\n"
        return Request(
            Prompt(text + "\n".join(shown), template=f"discovery@1 ask {asked}"),
            numbered_reply(len(numbers), {"type": "string"}),
        )

    def read(at: int, said: object) -> str | None:
        return said.strip()[:300] if isinstance(said, str) and not re.search(r"\d", said) else None

    calls = [range(n, min(n + 25, len(columns))) for n in range(0, len(columns), 25)]
    with Account(model, budget=budget) as account:
        told = ask_numbered(account.ask_many, calls, request=request, read=read).values
    return [replace(one, model_says=told.get(at, "")) for at, one in enumerate(columns)]


def _columns(*mappings: Mapping[str, Terms]) -> dict[str, list[str]]:
    return {f: [term.column for term in terms] for m in mappings for f, terms in m.items()}


@cache
def _meaning(name: str) -> str:
    """The tables room's standard column that a name means in any language; "" if none."""
    match = MARKETING.match([name])
    return next((standard for standard in match.found if standard not in match.stand_ins), "")


@cache
def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Share of words that two names have in common; the beginning of a word counts too."""
    if not {token for token in other if token.isdigit()} <= set(one):  # of quartiles and windows
        return 0.0
    same = sum(
        any(a == b or (min(len(a), len(b)) > 4 and (a.startswith(b) or b.startswith(a)))
            for b in other) for a in one
    )  # fmt: skip
    return 2 * same / (len(one) + len(other)) if same else 0.0


def _short(name: str, prefix: str) -> str:
    return plain(name).removeprefix(prefix).removesuffix("_data")


def _part(field: str, role: str) -> str:
    """In which table of a platform's file a field stands; "" for a line of its own."""
    if role in _CHAIN:
        return "key" if field == f"{role}_id" else "columns"
    if field in ("date", "hour", "currency"):
        return ""
    known = {"ids": IDS, "breakdown": BREAKDOWNS, "amounts": CONVERSION_AMOUNTS}
    return next((part for part, fields in known.items() if field in fields), "measures")


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{n} = {json.dumps(value, ensure_ascii=False)}" for n, value in values.items()]
