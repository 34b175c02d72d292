"""One artifact in one folder: its paths, its lock, and whether its bytes are the right ones.

Invariant: a file is believed only after all of its bytes were hashed, or while its size and time of change equal those
recorded when they were. (Hashing runs at about 0.4 GB/s on two cores: without records, every start of a program with
VGG16 would wait 1.3 s.) Everything but the final files stands in the hidden folder `.zoo` beside them.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from zoo.artifacts.folders import OVERRIDES
from zoo.artifacts.manifest import Artifact, Checksum
from zoo.errors import ArtifactError
from zoo.files import write_json

HIDDEN = ".zoo"
FOUND = "found"  # the source in the record of a file that was there before us; such a file is never pruned
VERIFIED, CORRUPT, MISSING = "verified", "corrupt", "missing"


@dataclass(frozen=True)
class Slot:
    """The place of one artifact in `folder`, and of all that is written on the way there."""

    artifact: Artifact
    folder: Path

    @property
    def checksum(self) -> Checksum:
        """The hash that the file must have; `ArtifactError` where none is published: a hash or no file."""
        if self.artifact.checksum is None:
            where = f": download it from {self.artifact.urls[0]}" if self.artifact.urls else ""
            raise ArtifactError(
                f"Artifact '{self.artifact.name}' has no published hash, and no file is fetched without one{where} by"
                f" hand, and give its path."
            )
        return self.artifact.checksum

    @property
    def final(self) -> Path:
        return self.folder / self.artifact.file

    @property
    def partial(self) -> Path:
        """Named by the hash too, so that a new version of the file never continues an old one's bytes."""
        return self.folder / HIDDEN / f"{self.artifact.file}.{self.checksum.value[:12]:0<12}.part"

    @property
    def record(self) -> Path:
        return self.folder / HIDDEN / f"{self.artifact.file}.json"

    @property
    def lock(self) -> Path:
        return self.folder / HIDDEN / f"{self.artifact.file}.lock"

    def state(self, *, believe_record: bool = True) -> str:
        """ "verified", "corrupt" or "missing". Hashes the file unless its record still fits."""
        checksum = self.checksum
        try:
            before = _signature(self.final)
            if believe_record and before | {checksum.field: checksum.value} == _without_source(
                read_record(self.record)
            ):
                return VERIFIED
            sized = self.artifact.size in (None, before["size"])
            right = sized and checksum.fits(hash_of(self.final, checksum.algorithm))
        except (FileNotFoundError, NotADirectoryError):
            return MISSING
        if not right:
            return CORRUPT
        # Only a cache: in a folder that we may not write to, the file is hashed at each call.
        with suppress(OSError):
            self.remember(read_record(self.record).get("source", FOUND), before)
        return VERIFIED

    def publish(self, source: str) -> None:
        """Move the verified partial file to the final name, all of its bytes on disk first."""
        with open(self.partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(self.partial, self.final)
        _sync_folder(self.folder)
        self.remember(source, _signature(self.final))

    def remember(self, source: str, signature: dict[str, int]) -> None:
        """Record that the file with this size and time of change had the right hash, and where it came from."""
        write_json(self.record, {**signature, self.checksum.field: self.checksum.value, "source": source})


def hash_of(path: Path, algorithm: str) -> str:
    """A hash of a file's bytes, in hexadecimal; `algorithm` is hashlib's name."""
    with open(path, "rb") as file:
        # MD5 stands for itself where a publisher gives nothing better: it guards against damage, not against forgery
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def read_record(path: Path) -> dict:
    """What was recorded at verification; empty when there is no record, or one that cannot be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


@contextmanager
def locked(slot: Slot, *, wait: bool = True) -> Iterator[bool]:
    """Hold the artifact's lock, an operating-system lock that dies with its process; yields whether it is held.

    `wait=False` yields False at once when another process holds it.
    """
    from filelock import FileLock, Timeout  # here, so that listing models stays fast

    slot.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(slot.lock)
    try:
        lock.acquire(timeout=-1 if wait else 0, poll_interval=0.05)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def clear_disk_errors(slot: Slot) -> Iterator[None]:
    """Turn the operating system's refusals to write into one sentence that says what to do."""
    try:
        yield
    except OSError as error:
        instead = f"or set {OVERRIDES[slot.artifact.kind]} to another folder"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            reason = f"the disk is full ({error.strerror}); free some space {instead}"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = f"the folder cannot be written to ({error.strerror}); change its permissions {instead}"
        else:
            reason = f"{error.strerror or error}; mend the folder {instead}"
        raise ArtifactError(f"Artifact '{slot.artifact.name}' cannot be kept in {slot.folder}: {reason}.") from error


def _signature(path: Path) -> dict[str, int]:
    status = os.stat(path)
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _without_source(record: dict) -> dict:
    return {key: value for key, value in record.items() if key != "source"}


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there, and a rename needs no flush
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
