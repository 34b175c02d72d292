"""Writing files so that a reader, or a crash, never sees half of one.

Invariant: a file stands under its final name only when all of its bytes are on disk.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import ConfigError, UnwritableError

PICTURES = ("eps", "jpeg", "jpg", "pdf", "png", "svg", "tif", "tiff", "webp")  # what matplotlib writes on every machine


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; moved to `path` when the block ends, removed when it raises.

    Raises `UnwritableError`, a `ConfigError`, where no file can stand at `path`.
    """
    final = Path(path)
    if not final.name:
        raise ConfigError(f"The name of a file to write is missing; received '{path}'.")
    with _told(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".tmp" + final.suffix, dir=final.parent)
    os.close(handle)
    scratch = Path(temporary)
    try:
        yield scratch
        _flush(scratch)
        with _told(final):
            os.chmod(scratch, 0o666 & ~_umask())
            os.replace(scratch, final)
    finally:
        scratch.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Replace the whole of `path` by `text` (UTF-8)."""
    with atomic_path(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Replace the whole of `path` by `value`, as indented JSON. NaN is refused: it is not JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_figure(figure: Any, path: Path | str, **options: Any) -> None:
    """Write a figure of matplotlib as its name says, one of `PICTURES`, else as PNG; `options` of its `savefig`."""
    ending = Path(path).suffix[1:].lower()
    with atomic_path(path) as scratch:
        figure.savefig(scratch, format=ending if ending in PICTURES else "png", **options)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """A folder that may not be written, or a folder where the file should stand, is a mistake in what was asked for."""
    try:
        yield
    except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        raise UnwritableError(path, error) from error


def _flush(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
