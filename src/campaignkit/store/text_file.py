"""Reading a text file whatever lies at the path: UTF-8, or an error that says what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from campaignkit.errors import CampaignkitError, Fault

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextFileKind:
    """What a reader expects of its file, in the words of its errors.

    Attributes
    ----------
    error : type of CampaignkitError
        What is raised.
    thing : str
        What the file holds: ``"a catalogue"``, ``"edges"``.
    example : str
        What to write into an empty file.
    folder_hint : str
        What to do if the path is a folder.

    Examples
    --------
    >>> kind = TextFileKind(CampaignkitError, "edges", "start it with a header", "give the file")
    >>> kind.thing
    'edges'
    """

    error: type[CampaignkitError]
    thing: str
    example: str
    folder_hint: str = "give the file in it"


def read_text(path: Path, kind: TextFileKind) -> str:
    """The text of a UTF-8 file, without its byte order mark; line ends are left as they are.

    Raises
    ------
    CampaignkitError
        Of the kind's type: if there is no such file, it is a folder, cannot be opened, is empty,
        binary, or in another encoding.

    Examples
    --------
    >>> kind = TextFileKind(CampaignkitError, "edges", "start it with a header")
    >>> read_text(Path("no-such-file.csv"), kind)
    Traceback (most recent call last):
        ...
    campaignkit.errors.CampaignkitError: no-such-file.csv does not exist
      hint: check the path
    """
    try:
        if path.is_dir():
            raise kind.error(f"{path} is a folder; expected a file", hint=kind.folder_hint)
        data = path.read_bytes()
    except FileNotFoundError as err:
        raise kind.error(f"{path} does not exist", hint="check the path") from err
    except (OSError, ValueError) as err:
        why = getattr(err, "strerror", None) or err
        raise kind.error(f"{path} cannot be opened: {why}") from err
    if fault := _encoding_fault(path, data, kind):
        raise kind.error(f"{path} cannot be read as {kind.thing}: 1 fault", faults=[fault])
    return data.decode("utf-8-sig")


def _encoding_fault(path: Path, data: bytes, kind: TextFileKind) -> Fault | None:
    if data.startswith(_UTF16):
        return Fault(f"{path}:1", "the file is in UTF-16", "save it as UTF-8")
    if b"\x00" in data[:4096]:
        return Fault(f"{path}:1", "the file is binary, not text", "export it as text")
    if not data.removeprefix(_BOM).strip():
        return Fault(f"{path}:1", "the file is empty", kind.example)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        found = f"byte 0x{data[err.start]:02X} is not UTF-8"
        return Fault(f"{path}:{line}", found, "save the file as UTF-8")
    return None
