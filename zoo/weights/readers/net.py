"""The outer net: whatever goes wrong with a file that nobody vouches for is told in one short, printable sentence."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import WeightsError, ZooError

LONGEST = 600  # characters of a sentence; a file may hold names of millions
LARGEST_JSON = 100 * 10**6  # bytes of text; safetensors' own limit of a header
MOST_INSIDE = 2_000_000  # lists and objects in a text of JSON; a table of 100,000 categories has a few hundred


@contextmanager
def one_sentence(path: Path | str) -> Iterator[None]:
    """Errors inside become `WeightsError`, but for lack of memory; those of the zoo keep their type."""
    try:
        yield
    except MemoryError:
        raise
    except ZooError as error:
        error.args = (printable(str(error)),)
        raise
    except Exception as error:  # of h5py, zlib, torch and others: no list of them was ever complete; the cause is kept
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise WeightsError(printable(f"{path} is damaged or cut short: {told}.")) from error


def read_json(content: bytes, path: Path | str, what: str = "it", *, largest: int = LARGEST_JSON) -> Any:
    """The value in a text of JSON of at most `largest` bytes. Raises `WeightsError` for another, or for one of so many
    lists and objects, or so deeply nested, that reading it would take many times its size in memory."""
    if len(content) > largest or content.count(b"[") + content.count(b"{") > MOST_INSIDE:
        raise WeightsError(f"{path} is refused: {what} is JSON of {len(content):,} bytes or of too many parts.")
    try:
        return json.loads(content)
    except RecursionError as error:
        raise WeightsError(f"{path} is refused: {what} is JSON nested too deeply.") from error
    except ValueError as error:
        raise WeightsError(f"{path} is damaged: {what} is not JSON.") from error


def printable(text: str) -> str:
    """`text`, the middle cut out where it is long, with escapes for what no terminal should be sent.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"
    text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
