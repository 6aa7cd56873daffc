"""Specs as TOML, JSON and YAML files, read with the errors a hand-written file deserves."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
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
    """The mapping a spec file contains, not yet checked; SpecError if the file is not one."""
    text = read_text(path, _SPEC_FILE)
    form = _form(path)
    try:
        if form == "JSON":
            value = json.loads(text, cls=_OnceDecoder)
        else:
            value = tomllib.loads(text) if form == "TOML" else _from_yaml(path, text)
    except json.JSONDecodeError as err:
        raise _not_read(path, form, err.lineno, err.msg) from None
    except tomllib.TOMLDecodeError as err:
        raise _not_read(path, form, None, str(err)) from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply to be a spec") from None
    if not isinstance(value, dict):
        raise SpecError(
            f"{path} contains a {type(value).__name__}; expected a mapping with type_ranges and "
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


class _OnceDecoder(json.JSONDecoder):
    """JSON whose objects have each key once; reported with the line in which the object begins."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.parse_object = self._object
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]

    def _object(self, start: tuple[str, int], *rest: Any) -> tuple[dict[str, Any], int]:
        strict, scan_once, *_ = rest
        pairs, end = json.decoder.JSONObject(start, strict, scan_once, None, list)  # type: ignore[attr-defined]
        held = dict(pairs)
        if len(held) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = ", ".join(key for key in held if keys.count(key) > 1)
            found = f"{twice} is given twice in the object that begins here"
            raise json.JSONDecodeError(found, *start)
        return held, end


def _from_yaml(path: Path, text: str) -> object:
    yaml = require("yaml", extra="yaml", user="reading YAML")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if node is None else _of_node(node, yaml)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise _not_read(path, "YAML", line, getattr(err, "problem", None) or str(err)) from None


def _of_node(node: Any, yaml: Any) -> Any:  # Any: yaml is optional
    """What a node of YAML contains, where keys are text and come once, and numbers are decimal.

    YAML 1.1 reads 040 as 32 and 1:30 as 90, which is refused, and a key called no as false. Merge
    keys are followed: a mapping's own keys win over merged ones, earlier merged ones over later.
    """

    def fault(at: Any, found: str) -> Exception:
        error: Exception = yaml.MarkedYAMLError(problem=found, problem_mark=at.start_mark)
        return error

    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "seq":
        return [_of_node(part, yaml) for part in node.value]
    if kind == "map":
        table: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for part in value.value if value.id == "sequence" else [value]:
                    if part.id != "mapping":
                        raise fault(part, "<< merges no mapping; expected *NAME of one, or a list")
                    merged = {**_of_node(part, yaml), **merged}
            elif key.id != "scalar" or key.value in table:
                told = "is given twice in one mapping" if key.id == "scalar" else "is not a key"
                raise fault(key, f"{key.value!r:.60} {told}")
            else:
                table[key.value] = _of_node(value, yaml)
        return merged | table
    if kind not in ("str", "int", "float", "bool", "null"):
        raise fault(node, f"a spec contains no {node.tag}")
    if kind in ("int", "float") and not _DECIMAL.fullmatch(node.value):
        read = f"{node.value} is {yaml.safe_load(node.value)} in YAML"
        raise fault(node, f"{read}; write it as a plain decimal number")
    return node.value if kind == "str" else yaml.safe_load(node.value)


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
        hint="correct the named line",
    )


def _to_toml(value: Mapping[str, Any]) -> str:
    # The spec is flat: plain values first, then one table, then one table a label.
    lines = [f"{key} = {_toml(item)}" for key, item in value.items() if not isinstance(item, dict)]
    lines += ["", "[type_ranges]"]
    lines += [f"{_toml(name)} = {_toml(ends)}" for name, ends in value["type_ranges"].items()]
    for label, box in value["label_params"].items():
        lines += ["", f"[label_params.{_toml(label)}]"]
        lines += [f"{key} = {_toml(item)}" for key, item in box.items()]
    return "\n".join(lines).lstrip() + "\n"


def _toml(item: object) -> str:
    """A text, number or list in TOML, which is as in JSON, but for one character."""
    return json.dumps(item, ensure_ascii=False).replace("\x7f", "\\u007f")
