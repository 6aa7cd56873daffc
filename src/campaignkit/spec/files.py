"""Specs as TOML, JSON and YAML files, read with the errors a hand-written file deserves."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, SpecError
from campaignkit.extras import require
from campaignkit.store import TextFileKind, atomic_file, read_text

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
    suffix = path.suffix.lower()
    if suffix == ".json":
        value = _from_json(path, text)
    elif suffix == ".toml":
        value = _from_toml(path, text)
    elif suffix in {".yaml", ".yml"}:
        value = _from_yaml(path, text)
    else:
        raise SpecError(
            f"{path}: cannot tell the format of a spec from '{suffix}'", hint=_SUFFIXES
        )
    if not isinstance(value, dict):
        raise SpecError(
            f"{path} holds a {type(value).__name__}; expected a mapping with type_ranges and "
            "label_params"
        )
    return value


def write_mapping(path: Path, value: Mapping[str, Any]) -> None:
    """Write a spec's mapping in the format its file name asks for, whole or not at all."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    elif suffix == ".toml":
        text = _to_toml(value)
    elif suffix in {".yaml", ".yml"}:
        yaml = require("yaml", extra="yaml", user="writing YAML")
        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    else:
        raise SpecError(
            f"{path}: cannot tell the format of a spec from '{suffix}'", hint=_SUFFIXES
        )
    with atomic_file(path) as partial:
        partial.write_bytes(text.encode())


def _from_json(path: Path, text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _no_repeats(path, pairs))
    except json.JSONDecodeError as err:
        raise _not_read(path, "JSON", err.lineno, err.msg) from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply to be a spec") from None


def _from_toml(path: Path, text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise _not_read(path, "TOML", None, str(err)) from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply to be a spec") from None


def _from_yaml(path: Path, text: str) -> object:
    yaml = require("yaml", extra="yaml", user="reading YAML")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise _not_read(path, "YAML", line, getattr(err, "problem", None) or str(err)) from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply to be a spec") from None


def _not_read(path: Path, form: str, line: int | None, problem: str) -> SpecError:
    where = str(path) if line is None else f"{path}:{line}"
    return SpecError(
        f"{path} is not {form}", faults=[Fault(where, problem)], hint="mend the line that is named"
    )


def _no_repeats(path: Path, pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise SpecError(
            f"{path} gives {', '.join(twice)} twice in one object", hint="keep one of them"
        )
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
