"""The outer net: whatever goes wrong with a file that nobody vouches for is told in one short, printable sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import WeightsError, ZooError

LONGEST = 600  # characters of a sentence; a file may hold names of millions


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


def printable(text: str) -> str:
    """`text`, the middle cut out where it is long, with escapes for what no terminal should be sent.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"
    text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
