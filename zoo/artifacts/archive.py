"""Read or unpack zip, tar, tar.gz and gz files without trusting them.

Invariants: nothing is written outside the target folder; no links, devices or encrypted members; the bounds hold for
the bytes that really come out, whatever the headers claim; the target folder appears complete or not at all.
"""

import gzip
import io
import os
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast
from unicodedata import category

from zoo.errors import ArtifactError, UnknownNameError, ZooError

MAX_BYTES = 4 << 30
MAX_FILES = 200_000
MAX_RATIO = 200.0  # text packs about 5 to 30 times, deflate reaches 1032 on a bomb
SMALL = 1 << 20  # below this, no ratio is alarming
CHUNK = 1 << 18
UNPACKING = ".zoo-unpacking-"  # how a folder is called while it is being unpacked into
# What the standard library raises on damaged archives (found by fuzzing), and on disks that fail to read them.
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    ValueError,
)

Member = tuple[str, IO[bytes]]


def extract(
    archive: Path | str,
    folder: Path | str,
    *,
    members: Collection[str] | None = None,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    max_ratio: float = MAX_RATIO,
) -> Path:
    """Unpack into `folder`, which must not exist or be empty; returns it. `members`: only these names.

    `max_bytes` bounds all unpacked bytes together, `max_ratio` their number by that of the archive's own bytes.
    Errors: `ArtifactError` (unsafe, too large or broken archive); `UnknownNameError` for a member it does not hold.
    """
    archive, folder = Path(archive), Path(folder).absolute()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ArtifactError(
            f"Cannot unpack {archive.name} into {folder}: it exists already; remove it or name another."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=UNPACKING, dir=folder.parent))
    try:
        content = scratch / "content"  # mkdtemp's own folder is private, and would stay so
        content.mkdir()
        seen = []
        meter = _Meter(archive, max_bytes, max_files, max_ratio)
        for name, stream in _checked_members(archive, meter):
            seen.append(name)
            if members is None or name in members:
                _write(content / name, _metered(stream, meter), archive, name)
        for name in members or ():
            if name not in seen:
                raise UnknownNameError(f"member of {archive.name}", name, seen)
        if folder.exists():
            folder.rmdir()
        os.rename(content, folder)
    except OSError as error:
        raise ArtifactError(f"Cannot unpack {archive.name} into {folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def read_members(
    archive: Path | str,
    suffix: str = "",
    *,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    max_ratio: float = MAX_RATIO,
) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every member whose name ends in `suffix`, in the archive's order; nothing is written to disk.

    Bounds and errors as for `extract`.
    """
    archive = Path(archive)
    meter = _Meter(archive, max_bytes, max_files, max_ratio)
    for name, stream in _checked_members(archive, meter):
        if name.endswith(suffix):
            yield name, b"".join(_metered(stream, meter))


class _Meter:
    """Counts what comes out of one archive, and stops it at the bounds."""

    def __init__(self, archive: Path, max_bytes: int, max_files: int, max_ratio: float):
        try:
            packed = archive.stat().st_size
        except OSError as error:
            raise ArtifactError(f"Cannot read the archive {archive}: {error.strerror}.") from error
        self.archive = archive
        self.most = max_bytes
        self.ratio = max_ratio
        self.most_by_ratio = max(SMALL, int(packed * max_ratio))
        self.most_files = max_files
        self.bytes = self.files = 0

    def check(self, unpacked: int) -> None:
        if unpacked > self.most:
            raise ArtifactError(f"{self.archive.name} unpacks to more than {self.most:,} bytes, the most allowed.")
        if unpacked > self.most_by_ratio:
            raise ArtifactError(
                f"{self.archive.name} unpacks to more than {self.ratio:g} times its size, as a bomb does."
            )

    def add(self, count: int) -> None:
        self.bytes += count
        self.check(self.bytes)

    def add_file(self) -> None:
        self.files += 1
        if self.files > self.most_files:
            raise ArtifactError(f"{self.archive.name} holds more than {self.most_files:,} members, the most allowed.")


def _checked_members(archive: Path, meter: _Meter) -> Iterator[Member]:
    """The plain files of an archive under their checked names. A stream must be read before the next one is asked for.

    Errors in an archive's structure, in here or while the stream is read, come out as `ArtifactError`.
    """
    opened = _reader(archive)
    names: set[str] = set()
    with _clear_errors(archive):
        for name, stream in opened(archive, meter):
            safe = _safe_name(archive, name)
            if safe.casefold() in names:  # on many systems one would overwrite the other
                raise ArtifactError(f"{archive.name} holds '{safe}' twice.")
            names.add(safe.casefold())
            yield safe, stream


def _reader(archive: Path):
    for suffixes, reader in (
        ((".zip",), _zip_members),
        ((".tar", ".tar.gz", ".tgz"), _tar_members),
        ((".gz",), _gzip_member),
    ):
        if archive.name.lower().endswith(suffixes):
            return reader
    raise ArtifactError(f"Cannot unpack {archive.name}: expected a name that ends in .zip, .tar, .tar.gz, .tgz or .gz.")


def _zip_members(archive: Path, meter: _Meter) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            meter.add_file()
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ArtifactError(
                    f"{archive.name} holds '{info.orig_filename}', a link or device; expected plain files."
                )
            if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ArtifactError(f"{archive.name} holds '{info.orig_filename}', encrypted or packed in a rare way.")
            if info.is_dir():
                _safe_name(archive, info.orig_filename.rstrip("/"), root=True)
                continue
            with file.open(info) as stream:  # orig_filename: zipfile cuts names at a zero byte
                yield info.orig_filename, stream


def _tar_members(archive: Path, meter: _Meter) -> Iterator[Member]:
    packed = not archive.name.lower().endswith(".tar")
    with (
        cast(IO[bytes], gzip.open(archive) if packed else open(archive, "rb")) as raw,
        _Bounded(raw, meter) as bounded,
        tarfile.open(fileobj=cast(IO[bytes], bounded), mode="r:") as file,
    ):
        while info := file.next():
            meter.add_file()
            if info.isdir():
                _safe_name(archive, info.name.rstrip("/"), root=True)
                continue
            if not info.isreg():
                raise ArtifactError(f"{archive.name} holds '{info.name}', a link or device; expected plain files.")
            stream = file.extractfile(info)
            assert stream is not None  # it is one for a plain file
            yield info.name, stream
            file.members = []  # type: ignore[attr-defined]  # else it keeps every header in memory
        if bounded.last != bytes(tarfile.BLOCKSIZE):  # tarfile takes a damaged header for the end
            raise ArtifactError(f"{archive.name} is not a sound archive: it ends too early.")


def _gzip_member(archive: Path, meter: _Meter) -> Iterator[Member]:
    meter.add_file()
    with gzip.open(archive) as stream:
        yield archive.name[: -len(".gz")], stream  # type: ignore[misc]


class _Bounded(io.RawIOBase):
    """A stream whose position is metered: a tar's own headers and skipped members cost time and memory too."""

    HEADER = 1 << 20  # tarfile reads a long header in one piece into memory

    def __init__(self, raw: IO[bytes], meter: _Meter):
        self.raw = raw
        self.meter = meter
        self.last = b""  # what was read last

    def read(self, count: int = -1) -> bytes:
        if not 0 <= count <= max(self.HEADER, CHUNK):
            raise ArtifactError(f"{self.meter.archive.name} holds a header of {count:,} bytes.")
        self.meter.check(self.raw.tell() + count - 2 * tarfile.RECORDSIZE)  # the padding at a tar's end is no content
        self.last = self.raw.read(count)
        return self.last

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET:
            self.meter.check(position - 2 * tarfile.RECORDSIZE)
        return self.raw.seek(position, whence)

    def tell(self) -> int:
        return self.raw.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


@contextmanager
def _clear_errors(archive: Path) -> Iterator[None]:
    try:
        yield
    except ZooError:  # is a ValueError too, and says already what is wrong
        raise
    except BROKEN as error:
        raise ArtifactError(f"{archive.name} is not a sound archive: {error or type(error).__name__}.") from error


def _metered(stream: IO[bytes], meter: _Meter) -> Iterator[bytes]:
    """The stream's bytes in pieces, each counted before it is handed on."""
    with _clear_errors(meter.archive):
        while chunk := stream.read(CHUNK):
            meter.add(len(chunk))
            yield chunk


def _safe_name(archive: Path, name: str, *, root: bool = False) -> str:
    """The member's name with `/` between its parts, or `ArtifactError`: it must stay below the folder on any system."""
    parts = [part for part in name.split("/") if part != "."]
    unsafe = (
        not (parts or root)
        or any(not part.rstrip(" .") for part in parts)  # "", "..", and what Windows takes for them
        or any(character in name for character in "\\:")  # other systems' separator, drive and stream marks
        or any(category(character) in ("Cc", "Cs") for character in name)  # controls; halves of characters
    )
    if unsafe:
        raise ArtifactError(f"{archive.name} holds the unsafe name {name!r}; nothing was unpacked.")
    return "/".join(parts)


def _write(path: Path, chunks: Iterator[bytes], archive: Path, name: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ArtifactError(f"{archive.name} holds '{name}' both as a file and as a folder.") from error
