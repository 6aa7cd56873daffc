"""Files in a cloud storage bucket, by its JSON interface."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from campaignkit.errors import ClassifierError
from campaignkit.llm import CallError, ConnectionCut, NotReached, RequestRefused, WrongKey

STORAGE = "https://storage.googleapis.com"


class CloudBucket:
    """Writes and reads the objects below one address.

    Parameters
    ----------
    address : str
        ``"gs://bucket"`` or ``"gs://bucket/folder"``.
    token : function
        Gives a valid access token.
    base_url : str or None
        Another address than Google's.
    timeout_s : float

    Raises
    ------
    ClassifierError
        If the address is none.

    Examples
    --------
    >>> CloudBucket("gs://mine/tuning", token=lambda: "secret").address_of("train.jsonl")
    'gs://mine/tuning/train.jsonl'
    """

    def __init__(
        self,
        address: str,
        *,
        token: Callable[[], str],
        base_url: str | None = None,
        timeout_s: float = 300.0,
    ) -> None:
        self.bucket, self.folder = split_address(address)
        self._token = token
        self._base = (base_url or STORAGE).rstrip("/")
        self._timeout_s = timeout_s

    def address_of(self, name: str) -> str:
        """``gs://...`` of an object in the folder."""
        return f"gs://{self.bucket}/{self._path(name)}"

    def write(self, name: str, data: bytes) -> str:
        """Upload an object, replacing an earlier one; returns its address."""
        asked = urlencode({"uploadType": "media", "name": self._path(name)})
        self._ask("POST", f"/upload/storage/v1/b/{quote(self.bucket, safe='')}/o?{asked}", data)
        return self.address_of(name)

    def read(self, address: str) -> bytes:
        """Download an object by its address."""
        bucket, path = split_address(address)
        place = f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(path, safe='')}?alt=media"
        return self._ask("GET", place)

    def find(self, prefix: str) -> list[str]:
        """Addresses of all objects whose address begins so."""
        bucket, path = split_address(prefix)
        found: list[str] = []
        page = ""
        while True:
            asked = {"prefix": path, **({"pageToken": page} if page else {})}
            told = json.loads(
                self._ask("GET", f"/storage/v1/b/{quote(bucket, safe='')}/o?{urlencode(asked)}")
            )
            found += [f"gs://{bucket}/{item['name']}" for item in told.get("items", [])]
            page = told.get("nextPageToken", "")
            if not page:
                return found

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    def _ask(self, method: str, place: str, data: bytes | None = None) -> bytes:
        # The address is checked where it comes in: https, or this computer.
        request = urllib.request.Request(self._base + place, data=data, method=method)  # noqa: S310
        request.add_header("Authorization", f"Bearer {self._token()}")
        if data is not None:
            request.add_header("Content-Type", "application/jsonl")
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as err:
            with err:
                raise _refused(err, f"{self._base}/{self.bucket}") from err
        except urllib.error.URLError as err:
            raise NotReached(f"nobody answers at {self._base}: {err.reason}") from err
        except OSError as err:
            raise ConnectionCut(f"the connection to {self._base} broke: {err}") from err


def split_address(address: str) -> tuple[str, str]:
    """Bucket and path of ``gs://bucket/path``.

    Raises
    ------
    ClassifierError
        If it is no such address.

    Examples
    --------
    >>> split_address("gs://mine/a/b.jsonl")
    ('mine', 'a/b.jsonl')
    """
    rest = address.removeprefix("gs://") if isinstance(address, str) else ""
    bucket, _, path = rest.partition("/")
    if not isinstance(address, str) or not address.startswith("gs://") or not bucket:
        raise ClassifierError(
            f"bucket is {address!r}; expected an address such as gs://bucket/folder"
        )
    return bucket, path.strip("/")


def _refused(err: Any, where: str) -> CallError:  # Any: urllib's HTTPError
    said = err.read(500).decode("utf-8", "replace")
    if err.code in (401, 403):
        return WrongKey(
            f"{where} does not accept the credentials: {said}",
            hint="the account needs to read and write objects of the bucket",
        )
    return RequestRefused(f"{where} answered {err.code}: {said}")
