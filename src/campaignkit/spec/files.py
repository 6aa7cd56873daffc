"""Specs as TOML, JSON and YAML files, read with the errors a hand-written file deserves."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, SpecError
from campaignkit.extras import require
from campaignkit.store import TextFileKind, atomic_file, read_text

_FORMS = {".json": "JSON", ".toml": "TOML", ".yaml": "YAML", ".yml": "YAML"}
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)", re.I)
_SUFFIXES = ".json, .toml, .yaml or .yml"
_SPEC_FILE = TextFileKind(
    SpecError,
    "a sampling spec",
    "give it type_ranges and label_params",
    f"give a {_SUFFIXES} file",
)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping a spec file holds, not yet checked; SpecError if the file is not one."""
    text = read_text(path, _SPEC_FILE)
    form = _form(path)
    try:
        if form == "JSON":
            value = json.loads(text, cls=_LineDecoder)
        else:
            value = tomllib.loads(text) if form == "TOML" else _from_yaml(text)
    except _FileFault as err:
        raise _not_read(path, form, err.line, str(err)) from None
    except json.JSONDecodeError as err:
        raise _not_read(path, form, err.lineno, err.msg) from None
    except tomllib.TOMLDecodeError as err:
        raise _not_read(path, form, None, str(err)) from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply to be a spec") from None
    if not isinstance(value, dict):
        raise SpecError(
            f"{path} holds a {type(value).__name__}; expected a mapping with type_ranges and "
            "label_params"
        )
    return value


def write_mapping(path: Path, value: Mapping[str, Any]) -> None:
    """Write a spec's mapping in the format its file name asks for, whole or not at all."""
    form = _form(path)
    if form == "JSON":
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    elif form == "TOML":
        text = _to_toml(value)
    else:
        yaml = require("yaml", extra="yaml", user="writing YAML")
        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    with atomic_file(path) as partial:
        partial.write_bytes(text.encode())


class _FileFault(ValueError):
    """What is wrong with a text, and in which line."""

    def __init__(self, line: int | None, found: str) -> None:
        super().__init__(found)
        self.line = line


class _LineDecoder(json.JSONDecoder):
    """JSON whose objects hold each key once; told with the line in which the object begins."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, object_pairs_hook=_once)
        self.parse_object = self._object
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]

    def _object(self, start: tuple[str, int], *rest: Any) -> tuple[Any, int]:
        try:
            return json.decoder.JSONObject(start, *rest)  # type: ignore[attr-defined,no-any-return]
        except _FileFault as err:
            text, at = start
            raise _FileFault(err.line or text.count("\n", 0, at) + 1, str(err)) from None


def _from_yaml(text: str) -> object:
    yaml = require("yaml", extra="yaml", user="reading YAML")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise _FileFault(line, getattr(err, "problem", None) or str(err)) from None
    return None if node is None else _of_node(node, yaml.safe_load)


def _of_node(node: Any, plain: Callable[[str], object]) -> object:  # Any: yaml is optional
    """What a node of YAML holds, where keys are text and come once, and numbers are decimal.

    YAML 1.1 reads 040 as 32 and 1:30 as 90, which is refused, and a key called no as false.
    """
    line, kind = node.start_mark.line + 1, node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "seq":
        return [_of_node(part, plain) for part in node.value]
    if kind == "map":
        table: dict[str, object] = {}
        for key, value in node.value:
            if key.id != "scalar" or key.value in table:
                fault = "is given twice in one mapping" if key.id == "scalar" else "is no key"
                raise _FileFault(key.start_mark.line + 1, f"{key.value!r:.60} {fault}")
            table[key.value] = _of_node(value, plain)
        return table
    if kind not in ("str", "int", "float", "bool", "null"):
        raise _FileFault(line, f"a spec holds no {node.tag}")
    if kind in ("int", "float") and not _DECIMAL.fullmatch(node.value):
        read = f"{node.value} is {plain(node.value)} in YAML"
        raise _FileFault(line, f"{read}; write it as a plain decimal number")
    return node.value if kind == "str" else plain(node.value)


def _form(path: Path) -> str:
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise SpecError(
            f"{path}: cannot tell the format of a spec from '{path.suffix}'", hint=_SUFFIXES
        )
    return form


def _not_read(path: Path, form: str, line: int | None, problem: str) -> SpecError:
    where = str(path) if line is None else f"{path}:{line}"
    return SpecError(
        f"{path} is not {form} that can be read",
        faults=[Fault(where, problem)],
        hint="mend the line that is named",
    )


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise _FileFault(None, f"{', '.join(twice)} is given twice in the object that begins here")
    return dict(pairs)


def _to_toml(value: Mapping[str, Any]) -> str:
    # The spec is flat: plain values first, then one table, then one table a label.
    plain = {k: v for k, v in value.items() if not isinstance(v, dict)}
    lines = [f"{key} = {_toml_value(item)}" for key, item in plain.items()]
    lines += ["", "[type_ranges]"]
    lines += [f"{_quoted(k)} = {_toml_value(v)}" for k, v in value["type_ranges"].items()]
    for label, box in value["label_params"].items():
        lines += ["", f"[label_params.{_quoted(label)}]"]
        lines += [f"{key} = {_toml_value(item)}" for key, item in box.items()]
    return "\n".join(lines) + "\n"


def _toml_value(item: object) -> str:
    if isinstance(item, list):
        return "[" + ", ".join(_toml_value(part) for part in item) + "]"
    return _quoted(item) if isinstance(item, str) else repr(item)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
