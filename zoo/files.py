"""Writing files so that a reader, or a crash, never sees half of one.

Invariant: a file stands under its final name only when all of its bytes are on disk.
"""

import errno
import json
import os
import re
import socket
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import ConfigError, DataError, UnwritableError

HIDDEN = (".", "__MACOSX", "__pycache__")  # names that begin so are of no user's data: previews, traces of systems
LARGEST_JSON = 64 << 20  # bytes of a configuration, or of costs
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LEFT_OVER = re.compile(  # what `atomic_path` leaves when its process is killed
    r"\.(?P<file>.+)\.(?P<machine>[0-9a-f]{8})-(?P<process>[0-9]{1,10})\.[a-z0-9_]+\.tmp(\.[^.]*)?", re.DOTALL
)
PICTURES = ("eps", "jpeg", "jpg", "pdf", "png", "svg", "tif", "tiff", "webp")  # what matplotlib writes on every machine


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; moved to `path` when the block ends, removed when it raises.

    Raises `UnwritableError`, a `ConfigError`, where no file can stand at `path`, or the disk is full.
    """
    final = Path(path)
    if not final.name:
        raise ConfigError(f"The name of a file to write is missing; received '{path}'.")
    with _told(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{final.name}.{_machine()}-{os.getpid()}."
        handle, temporary = tempfile.mkstemp(prefix=prefix, suffix=".tmp" + final.suffix, dir=final.parent)
    os.close(handle)
    scratch = Path(temporary)
    try:
        with told(final):
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
    """Write a figure of matplotlib as its name says, one of `PICTURES`, else as PNG; `options` of its `savefig`.

    Letters that no font here has are drawn as boxes.
    """
    ending = Path(path).suffix[1:].lower()
    with atomic_path(path) as scratch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")  # a script right to left
        figure.savefig(scratch, format=ending if ending in PICTURES else "png", **options)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """A folder that may not be written, or a folder where the file should stand, is a mistake in what was asked for."""
    try:
        yield
    except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        raise UnwritableError(path, error) from error


@contextmanager
def told(path: Path) -> Iterator[None]:
    """A disk that is full while a file is written is told with the name of that file."""
    try:
        yield
    except UnwritableError:
        raise  # of another file
    except OSError as error:
        if error.errno in FULL or os.strerror(errno.ENOSPC) in str(
            error
        ):  # libraries may keep the number to themselves
            raise UnwritableError(path, error) from error
        raise


def clear_left_overs(folder: Path) -> list[Path]:
    """Remove what processes of this machine that are no more began to write in `folder`, by `atomic_path`."""
    removed = []
    for path in folder.iterdir():
        found = LEFT_OVER.fullmatch(path.name)
        if found and found["machine"] == _machine() and not _is_alive(int(found["process"])) and is_plain(path):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def is_plain(path: Path | str) -> bool:
    """Whether this is a file with bytes: no folder, and nothing that one may wait for in vain, as a pipe."""
    return Path(path).is_file()


def read_json(path: Path | str, what: str) -> Any:
    """The JSON value of a plain file; `what` says in errors what it should be. Raises `DataError`."""
    file, wrong = Path(path), ""
    try:
        if not is_plain(file):
            wrong = "it is no plain file" if file.exists() else "it is not there"
        elif file.stat().st_size > LARGEST_JSON:
            wrong = f"it is larger than {LARGEST_JSON >> 20} MiB"
        else:
            return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"'{file}' is no {what}: {error}.") from error
    raise DataError(f"'{file}' is no {what}: {wrong}.")


def _machine() -> str:
    """Eight digits that tell machines, which may share a folder, apart: a process number means nothing elsewhere."""
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # somebody else's
    return True


def _flush(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def is_trained_place(name: str) -> bool:
    """Whether this is a path of a run folder or of a file, and no name of the catalogue."""
    return Path(name).exists() or len(Path(name).parts) > 1 or name.endswith((".keras", ".h5", ".onnx"))
