"""What an address of the leaderboard asks for, and the form that asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from campaignkit.report.leaderboard import FilterChoices
from campaignkit.report.leaderboard.views import COSTS
from campaignkit.show.axes import shorten
from campaignkit.show.escape import escape
from campaignkit.show.page import label_name

VIEWS = {"ranking": "Ranking", "compare": "Compare", "cost": "Cost",
         "difficulty": "Difficulty", "run": "Run", "recommend": "Recommend"}  # fmt: skip
_MOST_FIELDS = 100
KNOWN = "known."  # begins the names of fields that say what is known of a campaign
_NAME_WIDTH = 420.0  # pixels of a name in a list of choices


@dataclass(frozen=True)
class Query:
    """What an address asks for; what is not known in it is passed over.

    Attributes
    ----------
    data : str or None
        A data set version; empty for all of them, None where the address does not say.
    a, b, run : str
        Run ids.
    known : tuple of (str, str)
        Modalities and values of a campaign that is to be completed.

    Examples
    --------
    >>> Query.of("view=cost&family=llm&family=pairs").family
    ('llm', 'pairs')
    """

    view: str = "ranking"
    score: str = ""
    task: str = ""
    data: str | None = None
    family: tuple[str, ...] = ()
    text: str = ""
    page: int = 1
    a: str = ""
    b: str = ""
    run: str = ""
    cost: str = "fit"
    known: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, query: str) -> Query:
        """Read a query.

        Raises
        ------
        ValueError
            If it has more fields than any link of the page.
        """
        told = parse_qs(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        last = {name: values[-1] for name, values in told.items()}
        page = last.get("page", "")
        return cls(
            view=_known(last.get("view"), VIEWS),
            score=last.get("score", ""),
            task=last.get("task", ""),
            data=last.get("data"),
            family=tuple(told.get("family", ())),
            text=last.get("text", ""),
            page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
            a=last.get("a", ""),
            b=last.get("b", ""),
            run=last.get("run", ""),
            cost=_known(last.get("cost"), COSTS),
            known=tuple(
                (name.removeprefix(KNOWN), value)
                for name, value in last.items()
                if name.startswith(KNOWN) and value
            ),
        )

    def link(self, path: str = "/", **changes: object) -> str:
        """The address of the same selection with some fields changed."""
        held = {"view": self.view, "score": self.score, "task": self.task, "data": self.data,
                "family": self.family, "text": self.text, "cost": self.cost} | changes  # fmt: skip
        told = {name: value for name, value in held.items() if value or name == "data"}
        return f"{path}?" + urlencode({n: v for n, v in told.items() if v is not None}, doseq=True)


def filter_fields(query: Query, choices: FilterChoices, colours: Mapping[str, str]) -> str:
    """The fields next to every view.

    Examples
    --------
    >>> 'value="m" selected' in filter_fields(
    ...     Query(score="m"), FilterChoices((), (), (), ("m", "n")), {})
    True
    """
    boxes = "".join(
        f'<label><input type="checkbox" name="family" value="{escape(name)}"'
        f"{' checked' if name in query.family else ''}>{label_name(name, colours[name])}</label>"
        for name in choices.families
    )
    tasks = {"": "All tasks"} | {name: name for name in choices.tasks}
    datasets = {name: name for name in choices.datasets} | {"": "All data sets"}
    return (
        select_field("score", "Rank by", {name: name for name in choices.scores}, query.score)
        + select_field("data", "Data set version", datasets, query.data or "")
        + select_field("task", "Task", tasks, query.task)
        + f"<fieldset><legend>Model family</legend><div>{boxes}</div></fieldset>"
        + '<label>Model or run contains<input type="search" name="text" '
        f'value="{escape(query.text)}"></label>'
    )


def select_field(name: str, title: str, options: Mapping[str, str], chosen: str) -> str:
    """A list to choose from, of the one form, wherever on the page it stands.

    Examples
    --------
    >>> 'name="cost"' in select_field("cost", "Cost", {"fit": "fit, CPU s"}, "fit")
    True
    """
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(shorten(text, _NAME_WIDTH))}</option>"
        for value, text in options.items()
    )
    return (
        f'<label>{escape(title)}<select name="{name}" id="field-{name}" form="choices">'
        f"{listed}</select></label>"
    )


def _known(value: str | None, names: Mapping[str, object]) -> str:
    return value if value in names else next(iter(names))  # type: ignore[return-value]
