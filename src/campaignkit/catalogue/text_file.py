"""Reading a text file whatever lies at the path: UTF-8, or an error that says what it is."""

from __future__ import annotations

from pathlib import Path

from campaignkit.catalogue.table import unreadable
from campaignkit.errors import CatalogueError, Fault

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without its byte order mark; line ends are left as they are.

    Raises
    ------
    CatalogueError
        If there is no such file, it is a folder, cannot be opened, is empty, binary, or in
        another encoding.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as err:
        raise CatalogueError(f"{path} does not exist", hint="check the path") from err
    except (IsADirectoryError, PermissionError) as err:
        if path.is_dir():
            message = f"{path} is a folder; expected a file"
            raise CatalogueError(message, hint="give the file in it") from err
        raise CatalogueError(f"{path} cannot be opened: {err.strerror}") from err
    except (OSError, ValueError) as err:
        raise CatalogueError(f"{path} cannot be opened: {err}") from err
    fault = _encoding_fault(path, data)
    if fault:
        raise unreadable(str(path), [fault])
    return data.decode("utf-8-sig")


def _encoding_fault(path: Path, data: bytes) -> Fault | None:
    if data.startswith(_UTF16):
        return Fault(f"{path}:1", "the file is in UTF-16", "save it as UTF-8")
    if b"\x00" in data[:4096]:
        return Fault(f"{path}:1", "the file is binary, not text", "export it as CSV or JSON")
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
        return Fault(f"{path}:1", "the file is empty", "give one row an attribute")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        found = f"byte 0x{data[err.start]:02X} is not UTF-8"
        return Fault(f"{path}:{line}", found, "save the file as UTF-8")
    return None
