"""The reference: a page for each room, with every public name, from its docstring."""

from __future__ import annotations

import importlib
import inspect
import shutil
from pathlib import Path
from types import ModuleType

import campaignkit

# Menus inside rooms that users import from, and the files that are rooms by themselves.
_INNER = (
    "report.charts", "report.leaderboard", "edges.plan",
    "edges.methods.prefilter", "auditing.checks", "inject.corruptions", "sample.moves",
    "report.annealing_trace", "tables.laws", "seeds", "extras",
)  # fmt: skip


def rooms() -> list[ModuleType]:
    """Every module whose menu is public, in the order of their names; errors come last."""
    package = Path(campaignkit.__file__).parent
    names = {path.parent.name for path in package.glob("*/__init__.py")} - {"apps"}
    inner = {name for name in _INNER if _exists(package, name)}
    found = [importlib.import_module(f"campaignkit.{name}") for name in sorted(names | inner)]
    return [*found, importlib.import_module("campaignkit.errors")]


def public_names(room: ModuleType) -> list[str]:
    """The names of a room's menu; of a file without one, what is defined in it."""
    menu = getattr(room, "__all__", None)
    if menu is not None:
        return list(menu)
    return [
        name
        for name, thing in vars(room).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == room.__name__
    ]


def write_reference(out: Path) -> None:
    """Write a page for each room, and one that lists the names of the package's root."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    held = [room for room in rooms() if public_names(room)]
    # Each thing is described once: errors in their own page, others where the shortest name is.
    described: dict[int, str] = {}
    for room in sorted(held, key=lambda room: (_short(room) != "errors", _short(room).count("."))):
        (out / f"{_short(room)}.rst").write_text(_page(room, described), encoding="utf-8")
    pages = "\n".join(f"   {_short(room)}" for room in held)
    listing = "\n".join(_root_line(name) for name in campaignkit.__all__ if name != "__version__")
    text = (
        _title("Reference", "=")
        + "\nAll names of the package's root, and then every public name, room by room. Shapes, "
        "units, ranges, errors and sources stand in each docstring; every example runs.\n\n"
        ".. toctree::\n   :maxdepth: 1\n   :caption: Rooms\n\n"
        f"{pages}\n\n" + _title("import campaignkit as ck", "-") + f"\n{listing}\n"
    )
    (out / "index.rst").write_text(text, encoding="utf-8")


def _page(room: ModuleType, described: dict[int, str]) -> str:
    about = (inspect.getdoc(room) or "").split(">>>")[0].split("::")[0].replace("\n", " ")
    first = about.split(". ")[0].strip().rstrip(".")
    entries = [_entry(room, name, described) for name in public_names(room)]
    return "\n".join(
        [
            _title(_short(room), "="),
            f"\n{_escaped(first)}.\n",
            f".. currentmodule:: {room.__name__}\n",
            *entries,
        ]
    )


def _entry(room: ModuleType, name: str, described: dict[int, str]) -> str:
    thing = getattr(room, name)
    is_ours = getattr(thing, "__module__", "").startswith("campaignkit.")
    if inspect.ismodule(thing):
        return ""
    if not (is_ours and (inspect.isclass(thing) or inspect.isroutine(thing))):
        return _value(name, thing)
    role = "class" if inspect.isclass(thing) else "func"
    if id(thing) in described:
        return f":py:{role}:`{name} <{described[id(thing)]}>`\n"
    described[id(thing)] = f"{room.__name__}.{name}"
    if not inspect.isclass(thing):
        return f".. autofunction:: {name}\n"
    options = "" if issubclass(thing, Exception) else "   :members:\n"
    if hasattr(thing, "model_fields"):
        options += "   :exclude-members: model_config, model_post_init\n"
    return f".. autoclass:: {name}\n{options}"


def _value(name: str, thing: object) -> str:
    """A constant or an alias, in a line: what autodoc would show is its type's own docstring."""
    if isinstance(thing, tuple | list | dict | frozenset | set):
        return f"``{name}``: a {type(thing).__name__} of {len(thing)}.\n"
    if isinstance(thing, str | int | float):
        return f"``{name}`` = ``{thing!r}``\n"
    return f"``{name}``\n"


def _root_line(name: str) -> str:
    room = campaignkit._ROOM_OF[name]
    thing = getattr(campaignkit, name)
    first = _escaped((inspect.getdoc(thing) or "").split("\n")[0])
    role = "class" if inspect.isclass(thing) else "func"
    return f"- :py:{role}:`ck.{name} <campaignkit.{room}.{name}>`: {first}"


def _short(room: ModuleType) -> str:
    return room.__name__.removeprefix("campaignkit.")


def _title(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n"


def _escaped(text: str) -> str:
    return text.replace("*", r"\*").replace("|", r"\|").replace("_ ", r"\_ ")


def _exists(package: Path, name: str) -> bool:
    path = package / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()
