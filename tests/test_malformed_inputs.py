"""The index of malformed inputs: how many there are, over all doors, each with its own test."""

from __future__ import annotations

import importlib.util
from pathlib import Path

TESTS = Path(__file__).parent

# Door: (file with the table, names of its tables). Each is a parametrised test in that file, which
# checks the error and that nothing is written.
DOORS = {
    "catalogue": ("catalogue/test_catalogue_files.py", ["MALFORMED_CSV", "MALFORMED_JSON"]),
    "edges": ("graph/test_edges_csv.py", ["MALFORMED"]),
    "spec": ("spec/test_spec_faults.py", ["FAULTS", "FILES"]),
    "JSONL": ("dataset/test_jsonl_faults.py", ["FAULTS"]),
    "command line": ("apps/test_command_line_faults.py", ["FAULTS"]),
}


def _sizes() -> dict[str, int]:
    sizes = {}
    for door, (file, tables) in DOORS.items():
        spec = importlib.util.spec_from_file_location(f"faults_of_{door}", TESTS / file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sizes[door] = sum(len(getattr(module, table)) for table in tables)
    return sizes


def test_every_door_refuses_at_least_eight_classes_and_all_at_least_sixty() -> None:
    sizes = _sizes()

    assert min(sizes.values()) >= 8
    assert sum(sizes.values()) >= 60
