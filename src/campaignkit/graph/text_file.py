"""Reading edges.csv from disk: UTF-8 text, or an error that says what lies there instead."""

from __future__ import annotations

from pathlib import Path

from campaignkit.errors import Fault, GraphError


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without its byte order mark; line ends are left as they are.

    Raises
    ------
    GraphError
        If there is no such file, it is a folder, cannot be opened, is empty, binary, or in
        another encoding.
    """
    try:
        if path.is_dir():
            raise GraphError(
                f"{path} is a folder; expected a file such as edges.csv",
                hint="a folder that graph.save made is read with SignedGraph.load",
            )
        data = path.read_bytes()
    except FileNotFoundError as err:
        raise GraphError(f"{path} does not exist", hint="check the path") from err
    except (OSError, ValueError) as err:
        why = getattr(err, "strerror", None) or err
        raise GraphError(f"{path} cannot be opened: {why}") from err
    if fault := _encoding_fault(path, data):
        raise GraphError(f"{path} cannot be read as edges", faults=[fault])
    return data.decode("utf-8-sig")


def _encoding_fault(path: Path, data: bytes) -> Fault | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Fault(f"{path}:1", "the file is in UTF-16", "save it as UTF-8")
    if b"\x00" in data[:4096]:
        return Fault(f"{path}:1", "the file is binary, not text", "export it as CSV")
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
        return Fault(f"{path}:1", "the file is empty", "start it with source,target,rel,sign")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        found = f"byte 0x{data[err.start]:02X} is not UTF-8"
        return Fault(f"{path}:{line}", found, "save the file as UTF-8")
    return None
