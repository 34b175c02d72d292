"""Bring a partial file to its full length from one source: HTTP with retries and resume, or a mirror's folder.

Nothing here knows the hash or the final name: whether the bytes are right is judged afterwards, by the caller.
Built on requests. Pooch was weighed and left out: it starts every download in a new temporary file, so that none can be
resumed, and it has neither lock nor size limit; what it would have kept of this is the hash.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from zoo.artifacts.store import read_record
from zoo.files import write_json

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
ATTEMPTS = 4  # attempts in a row that bring nothing, before a source is given up
PROGRESS = 64  # an attempt that brings 1/64 of the file is not in vain: a poor line may be cut many times
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
REDIRECTS = 5
LARGEST = 2 << 30  # bytes of a file whose size is not published; the largest official one has about 1.4 GB
CHUNK = 1 << 18
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})  # RFC 9110: the server says "later"


class SourceError(Exception):
    """This source will not give the file; the next one may."""


class _AgainError(Exception):
    """This attempt failed, the next may not. `after`: seconds that the server asks to wait."""

    def __init__(self, reason: str, after: float = 0.0):
        super().__init__(reason)
        self.after = after


def from_web(url: str, partial: Path, size: int | None, advance: Callable[[int], None]) -> bool:
    """Complete `partial` to `size` bytes from `url`; `advance` is told the bytes held. `SourceError` if it cannot be.

    Without a `size`, the server's counts, up to `LARGEST`. Returns whether bytes of an earlier attempt were kept: then
    a wrong hash may be the mixture's fault.
    """
    import requests  # here, so that listing models stays fast

    if held(partial) > (LARGEST if size is None else size):
        partial.unlink()
    mixed, in_vain, done = held(partial) > 0, 0, held(partial) == size
    with requests.Session() as session:
        while not done:
            before, after = held(partial), 0.0
            mixed |= before > 0
            try:
                done = _attempt(session, url, partial, size, advance)
                reason = _cut(partial, size)
            except _AgainError as error:
                reason, after = str(error), error.after
                done = held(partial) == size
            in_vain = 0 if held(partial) - before >= max(1, (size or CHUNK) // PROGRESS) else in_vain + 1
            if in_vain >= ATTEMPTS and not done:
                raise SourceError(f"{reason} ({ATTEMPTS} attempts)")
            if not done:
                time.sleep(_pause(in_vain, after))
    return mixed


def from_folder(path: Path, partial: Path, size: int | None, advance: Callable[[int], None]) -> None:
    """Copy a mirror's file over `partial`. `SourceError` if it is missing, unreadable or of another size."""
    facts_of(partial).unlink(missing_ok=True)
    with open(partial, "wb") as file:
        for chunk in _chunks(path, size):
            file.write(chunk)
            advance(file.tell())


def held(partial: Path) -> int:
    """Bytes of the file held so far."""
    return partial.stat().st_size if partial.exists() else 0


def facts_of(partial: Path) -> Path:
    """Where the address and version (ETag) of the bytes in `partial` are kept."""
    return partial.with_name(partial.name + ".json")


def shown(url: str) -> str:
    """A URL without user name, password and query, for messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _attempt(
    session: "requests.Session", url: str, partial: Path, size: int | None, advance: Callable[[int], None]
) -> bool:
    """One request, its body added to `partial`, of which `size` bytes are never exceeded; whether that is all."""
    import requests
    import urllib3

    start = held(partial)
    facts = read_record(facts_of(partial))
    # The bytes as stored: a server that marks x.gz as "Content-Encoding: gzip" must not have it unpacked on the way.
    headers = {"Accept-Encoding": "identity", "User-Agent": "keras-functional-zoo"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if facts.get("url") == url and facts.get("etag"):
            headers["If-Range"] = facts["etag"]
    try:
        with _get(session, url, headers) as response:
            start = _start(response, partial, size)
            whole = size if size is not None else _announced(response)
            if start == 0:
                write_json(facts_of(partial), {"url": url, "etag": _strong_etag(response)})
            with open(partial, "r+b" if start else "wb") as file:
                file.seek(start)
                most = LARGEST + 1 if whole is None else whole
                # read1 gives what has come: read would wait for a whole chunk, and lose it to a connection reset
                while start < most and (chunk := response.raw.read1(min(CHUNK, most - start), decode_content=False)):
                    file.write(chunk)
                    start += len(chunk)
                    advance(start)
            _require_bounded(start)
            return whole in (None, start)
    except requests.exceptions.SSLError as error:
        raise SourceError("its certificate is not trusted") from error
    except requests.Timeout as error:
        raise _AgainError(f"no answer within {CONNECT_SECONDS:g} s to connect, {READ_SECONDS:g} s to read") from error
    except requests.ConnectionError as error:
        raise _AgainError("cannot be reached") from error
    except requests.RequestException as error:
        raise SourceError(f"not a usable address ({error})") from error
    except urllib3.exceptions.HTTPError as error:
        raise _AgainError(_cut(partial, size)) from error


def _cut(partial: Path, size: int | None) -> str:
    return f"the connection was cut at byte {held(partial):,}" + ("" if size is None else f" of {size:,}")


def _announced(response: "requests.Response") -> int | None:
    """How long the server says that the whole file is; `SourceError` if that is more than may be."""
    part = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
    told = part[1] if part else response.headers.get("Content-Length", "") if response.status_code == 200 else ""
    if not told.isdecimal():
        return None
    _require_bounded(int(told))
    return int(told)


def _require_bounded(count: int) -> None:
    if count > LARGEST:
        raise SourceError(f"offers more than {LARGEST:,} bytes, the most for a file of unpublished size")


def _get(session: "requests.Session", url: str, headers: dict[str, str]) -> "requests.Response":
    """GET with time-outs, following redirects but never from https down to http."""
    for _ in range(REDIRECTS + 1):
        response = session.get(
            url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False
        )
        if not response.is_redirect:
            return response
        response.close()
        target = urljoin(url, response.headers["Location"])
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
            raise SourceError(f"redirects from https to {shown(target)}, which is refused")
        url = target
    raise SourceError(f"redirects more than {REDIRECTS} times")


def _start(response: "requests.Response", partial: Path, size: int | None) -> int:
    """The byte at which the body of `response` starts: 0 when the server sends the whole file."""
    status = response.status_code
    if status == 206:
        sent = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if sent and int(sent[1]) == held(partial) and (size is None or sent[2] in ("*", str(size))):
            return int(sent[1])
        partial.unlink(missing_ok=True)
        raise _AgainError("sends another part than was asked for")
    if status == 416:  # our part is not a part of its file
        partial.unlink(missing_ok=True)
        raise _AgainError("HTTP 416: cannot continue the partial file")
    if status in WORTH_ANOTHER_TRY:
        raise _AgainError(f"HTTP {status} {response.reason}", _asked_wait(response))
    if status != 200:
        raise SourceError(f"HTTP {status} {response.reason}")
    offered = response.headers.get("Content-Length", str(size))
    if size is not None and offered != str(size):
        raise SourceError(f"offers {offered} bytes, expected {size}")
    return 0


def _strong_etag(response: "requests.Response") -> str | None:
    """The server's name for exactly these bytes; a weak one (W/) promises only the same meaning (RFC 9110, 8.8.1)."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else None


def _asked_wait(response: "requests.Response") -> float:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE_SECONDS) if asked.isdecimal() else 0.0


def _pause(in_vain: int, after: float) -> float:
    """Doubling pauses, scattered so that many machines cut off together do not come back together."""
    longest = min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * 2 ** max(0, in_vain - 1))
    return max(after, random.uniform(longest / 2, longest))  # noqa: S311 (no secret)


def _chunks(path: Path, size: int | None) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            offered = path.stat().st_size
            if size is None:
                _require_bounded(offered)
            elif offered != size:
                raise SourceError(f"holds {offered:,} bytes, expected {size:,}")
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})") from error
