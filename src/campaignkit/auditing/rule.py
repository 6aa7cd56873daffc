"""Rules are data: what must hold, why it is believed, and whether somebody silenced it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.show import counted
from campaignkit.store import atomic_file, read_bytes, readable_file

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

RULES_VERSION = 1
_Name = Annotated[str, Field(min_length=1)]
_STRICT = ConfigDict(extra="forbid")  # of a rule file: all its keys are known


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a rule's findings are expected, by whom it was decided, and how far that goes.

    Parameters
    ----------
    reason, author : str
        For the reader of next year.
    until : date or None
        Last day of the silence; after it the finding is back.
    max_frac : float
        Share of rows up to which it stays silent; above, the finding resurfaces.

    Examples
    --------
    >>> Silence("view-through conversions", author="mk", max_frac=0.02).covers(0.01)
    True
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    reason: _Name
    author: str = ""
    until: date | None = None
    max_frac: float = 1.0

    def covers(self, rate: float, *, today: date | None = None) -> bool:
        """Whether a finding of this rate stays silent."""
        day = today or date.today()
        return rate <= self.max_frac and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold.

    Parameters
    ----------
    id : str
        Unique in its set, stable from run to run: form and columns.
    form : str
        Which check runs it: ``at_most``, ``needs``, ``non_negative``, ``not_null``,
        ``categories``, ``schema``, ``unique``, ``depends``, ``ratio``, ``range``, ``sql``,
        ``python``, ... (:data:`campaignkit.auditing.ALL_CHECKS`).
    kind : str
        Kind of the findings.
    columns : tuple of str
        Own or standard names.
    params : mapping
        What else the form needs; plain values.
    severity : str
        Of the findings: ``error``, ``warning`` or ``info``.
    reason : str
        Why it was kept.
    source : str
        ``pack``, ``history`` or ``user``.
    support : int
        Rows it was read from.
    confidence : float
        Share of those that agree, in [0, 1].
    silence : Silence or None
        Set to keep its findings out of the errors.

    Examples
    --------
    >>> Rule("sql:promo", "sql", "no_code", params={"wrong": "promo AND code IS NULL"}).id
    'sql:promo'
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: _Name
    form: _Name
    kind: _Name
    columns: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    severity: Annotated[str, Field(pattern="^(error|warning|info)$")] = "error"
    reason: str = ""
    source: str = "user"
    support: int = 0
    confidence: float = 1.0
    silence: Silence | None = None
    wrong: Callable[[Any], Any] | None = None

    @classmethod
    def over(cls, form: str, kind: str, *columns: str, **fields: Any) -> Rule:
        """A built-in rule, called after its form and columns.

        Examples
        --------
        >>> Rule.over("at_most", "clicks_exceed_impressions", "clicks", "impressions").id
        'at_most:clicks,impressions'
        """
        named = f"{form}:{','.join(columns)}" if columns else form
        return cls(form=form, kind=kind, columns=columns,
                   **{"id": named, "source": "pack"} | fields)  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for YAML and JSON; a Python function has none."""
        out = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "wrong"}
        out |= {"columns": list(self.columns), "params": dict(self.params)}
        out["confidence"] = round(self.confidence, 6) if self.support else None
        if self.silence is not None:
            until = self.silence.until
            out["silence"] = asdict(self.silence) | {"until": until.isoformat() if until else None}
        return {k: v for k, v in out.items() if v or k in ("severity", "reason", "source")}


def sql_rule(
    name: str, wrong: str, *, reason: str = "", severity: str = "error", kind: str = ""
) -> Rule:
    """A rule in plain SQL: the condition under which a row is wrong.

    Examples
    --------
    >>> sql_rule("no promo below 1", "spend < 1 AND brand = 'Promo'").kind
    'no_promo_below_1'
    """
    return Rule(
        f"sql:{name}", "sql", kind or name.replace(" ", "_"), params={"wrong": wrong},
        severity=severity, reason=reason,
    )  # fmt: skip


def python_rule(
    name: str,
    columns: Iterable[str],
    wrong: Callable[[Any], Any],
    *,
    reason: str = "",
    severity: str = "error",
    kind: str = "",
) -> Rule:
    """A rule in Python: `wrong` gets a dict of numpy arrays and returns bool[rows].

    It sees the table in batches and must look at rows, not at the batch as a whole. Such a rule
    lives in code; it is not written to rule files.

    Examples
    --------
    >>> python_rule("odd", ["clicks"], lambda c: c["clicks"] % 2 == 1).form
    'python'
    """
    return Rule(
        f"python:{name}", "python", kind or name.replace(" ", "_"), tuple(columns),
        severity=severity, reason=reason, wrong=wrong,
    )  # fmt: skip


@dataclass(frozen=True)
class RuleSet:
    """Rules by id, in order; every edit gives a new set.

    Examples
    --------
    >>> rule = Rule("non_negative:spend", "non_negative", "negative_metrics", ("spend",))
    >>> RuleSet([rule]).silence(rule.id, reason="refunds").rules[0].silence.reason
    'refunds'
    """

    rules: tuple[Rule, ...] = ()

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        unique = {rule.id: rule for rule in rules}
        object.__setattr__(self, "rules", tuple(unique.values()))

    def __repr__(self) -> str:
        silenced = sum(rule.silence is not None for rule in self.rules)
        return f"RuleSet({len(self.rules)} rules, {silenced} silenced)"

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __getitem__(self, rule_id: str) -> Rule:
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        known = ", ".join(r.id for r in self.rules[:12])
        raise TableError(f"there is no rule {rule_id!r}", hint=f"there are: {known}")

    def __or__(self, other: RuleSet) -> RuleSet:
        """Both; of two rules with one id, the right one."""
        return RuleSet([*self.rules, *other.rules])

    def add(self, *rules: Rule) -> RuleSet:
        """With these rules, in place of those with the same id."""
        return RuleSet([*self.rules, *rules])

    def remove(self, rule_id: str) -> RuleSet:
        """Without a rule. The pack's return with the pack: silence those."""
        gone = self[rule_id]
        return RuleSet([r for r in self.rules if r is not gone])

    def edit(self, rule_id: str, **changes: Any) -> RuleSet:
        """With some fields of a rule changed (``severity="warning"``)."""
        rule = self[rule_id]
        try:
            changed = replace(rule, **changes)
        except TypeError as err:
            raise TableError(
                f"a rule has no field {', '.join(sorted(changes))}",
                hint="its fields: form, kind, columns, params, severity, reason, silence",
            ) from err
        return RuleSet([changed if r is rule else r for r in self.rules])

    def silence(
        self,
        rule_id: str,
        *,
        reason: str,
        author: str = "",
        until: date | None = None,
        max_frac: float = 1.0,
    ) -> RuleSet:
        """With a rule's findings expected, up to a rate and a day."""
        quiet = Silence(reason, author=author, until=until, max_frac=max_frac)
        return self.edit(rule_id, silence=quiet)

    def save(self, path: str | Path) -> None:
        """Write the rules to a YAML file a person can read, edit and review."""
        yaml = require("yaml", extra="yaml", user="writing rules")
        kept = [r.to_dict() for r in self.rules if r.form != "python"]
        document = {"campaignkit_rules": RULES_VERSION, "rules": kept}
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=99)
        with atomic_file(path) as partial:
            partial.write_bytes(text.encode())

    @classmethod
    def load(cls, path: str | Path) -> RuleSet:
        """Read a rule file; all its faults at once.

        Raises
        ------
        TableError
            If it is no rule file, or some of its rules are malformed.
        """
        yaml = require("yaml", extra="yaml", user="reading rules")
        place = readable_file(path, error=TableError, folder_hint="give the file in it")
        content = read_bytes(place, error=TableError)
        try:
            document = yaml.safe_load(content.decode("utf-8-sig"))
        except (yaml.YAMLError, ValueError) as err:  # no text, or a thirteenth month
            raise TableError(f"{place} is not readable YAML: {err}") from err
        if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
            raise TableError(
                f"{place} is no rule file", hint="expected campaignkit_rules: 1 and a list, rules:"
            )
        if document.get("campaignkit_rules") != RULES_VERSION:
            raise TableError(
                f"{place} has version {document.get('campaignkit_rules')!r} of rule files; "
                f"expected {RULES_VERSION}",
                hint="write it anew with RuleSet.save",
            )
        try:
            return cls(TypeAdapter(list[Rule]).validate_python(_filled(document["rules"])))
        except ValidationError as err:
            faults = [_fault(error) for error in err.errors()]
            raise TableError(
                f"{place} has {counted(len(faults), 'fault')}", faults=faults
            ) from None


def _filled(part: Any) -> Any:  # any value of YAML
    """Without what is empty: it says nothing."""
    if isinstance(part, dict):
        return {str(k): _filled(v) for k, v in part.items() if v is not None}
    return [_filled(one) for one in part] if isinstance(part, list) else part


def _fault(error: ErrorDetails) -> Fault:
    place, *keys = error["loc"]
    shown = f"is {error['input']!r:.60}; {error['msg'][:1].lower()}{error['msg'][1:]}"
    found = {
        "unexpected_keyword_argument": "is no field of a rule",
        "missing": "is missing",
        "dataclass_type": "is not a mapping; expected id, form and kind",
    }.get(error["type"], shown)
    return Fault(".".join([f"rules[{place}]", *map(str, keys)]), found)
