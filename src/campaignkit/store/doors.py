"""Every file a user names comes in here: the path is checked, then the file is opened or refused.

What lies at a path can be anything: nothing, a folder, a pipe that nobody writes to, a device. A
reader takes regular files only; a writer replaces regular files only (:mod:`.atomic`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaignkit.errors import ArtifactError, CampaignkitError, Fault

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a disk"),
)


@dataclass(frozen=True, slots=True)
class TextFileKind:
    """What a reader expects of its file, in the words of its errors.

    Attributes
    ----------
    error : type of CampaignkitError
        What is raised.
    thing : str
        What the file contains: ``"a catalogue"``, ``"edges"``.
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


def checked_path(given: object, *, error: type[CampaignkitError] = ArtifactError) -> Path:
    """A path as users give it: a text or a ``PathLike`` of text that a file system can contain.

    Raises
    ------
    ArtifactError
        Or `error`: if it is None, a number, bytes, has a NUL in it, or a name that is too long.

    Examples
    --------
    >>> checked_path("edges.csv").name
    'edges.csv'
    >>> checked_path(None)
    Traceback (most recent call last):
        ...
    campaignkit.errors.ArtifactError: None is not a path; expected a text or a Path
      hint: give the name of the file or folder
    """
    told = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(told, str):
        raise error(
            f"{given!r:.60} is not a path; expected a text or a Path",
            hint="give the name of the file or folder",
        )
    path = Path(told)
    with _refusing(path, error):
        kind_of_file(path)
    return path


def kind_of_file(path: Path) -> str:
    """What lies at a path, links followed: ``"a file"``, ``"a folder"``, ...; ``""`` for nothing.

    Examples
    --------
    >>> kind_of_file(Path(".")), kind_of_file(Path("nowhere"))
    ('a folder', '')
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return next((name for fits, name in _KINDS if fits(mode)), "a file")


def readable_file(
    given: object,
    *,
    error: type[CampaignkitError] = ArtifactError,
    folder_hint: str = "give the file in it",
) -> Path:
    """The path of a regular file that is there; opening anything else could wait for ever.

    Raises
    ------
    ArtifactError
        Or `error`: if it is no path, nothing is there, or a folder, a pipe, a device.
    """
    path = checked_path(given, error=error)
    kind = kind_of_file(path)
    if not kind:
        raise error(f"{path} does not exist", hint="check the path")
    if kind != "a file":
        hint = folder_hint if kind == "a folder" else "write what it gives to a file first"
        raise error(f"{path} is {kind}; expected a file", hint=hint)
    return path


def read_bytes(
    given: object,
    *,
    error: type[CampaignkitError] = ArtifactError,
    folder_hint: str = "give the file in it",
) -> bytes:
    """The content of a regular file.

    Raises
    ------
    ArtifactError
        Or `error`: as :func:`readable_file`, or if it may not be read.
    """
    path = readable_file(given, error=error, folder_hint=folder_hint)
    with _refusing(path, error):
        return path.read_bytes()


def read_text(given: object, kind: TextFileKind) -> str:
    """The text of a UTF-8 file, without its byte order mark; line ends are left as they are.

    Raises
    ------
    CampaignkitError
        Of the kind's type: if there is no such file, it is no regular one, cannot be opened, is
        empty, binary, or in another encoding.

    Examples
    --------
    >>> kind = TextFileKind(CampaignkitError, "edges", "start it with a header")
    >>> read_text("no-such-file.csv", kind)
    Traceback (most recent call last):
        ...
    campaignkit.errors.CampaignkitError: no-such-file.csv does not exist
      hint: check the path
    """
    data = read_bytes(given, error=kind.error, folder_hint=kind.folder_hint)
    if fault := _encoding_fault(str(given), data, kind):
        raise kind.error(f"{given} cannot be read as {kind.thing}: 1 fault", faults=[fault])
    return data.decode("utf-8-sig")


@contextmanager
def _refusing(path: Path, error: type[CampaignkitError]) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as err:  # ValueError: a NUL, or half a surrogate pair
        why = getattr(err, "strerror", None) or err
        raise error(f"{str(path)!r:.120} cannot be opened: {why}", hint="check the path") from err


def _encoding_fault(name: str, data: bytes, kind: TextFileKind) -> Fault | None:
    if data.startswith(_UTF16):
        return Fault(f"{name}:1", "the file is in UTF-16", "save it as UTF-8")
    if b"\x00" in data[:4096]:
        return Fault(f"{name}:1", "the file is binary, not text", "export it as text")
    if not data.removeprefix(_BOM).strip():
        return Fault(f"{name}:1", "the file is empty", kind.example)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        found = f"byte 0x{data[err.start]:02X} is not UTF-8"
        return Fault(f"{name}:{line}", found, "save the file as UTF-8")
    return None
