"""Look after the downloaded files: which are right, and what may go."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from zoo.artifacts.archive import UNPACKING
from zoo.artifacts.fetching import find_local
from zoo.artifacts.folders import KINDS, checkout, download_folder
from zoo.artifacts.manifest import Artifact, artifact, artifacts
from zoo.artifacts.store import CORRUPT, FOUND, HIDDEN, MISSING, VERIFIED, Slot, locked, read_record
from zoo.files import LEFT_OVER

UNREADABLE, NO_HASH = "unreadable", "no hash"
OURS = re.compile(r"(?P<file>.+?)(\.[0-9a-f]{12}\.part(\.json)?|\.json|\.lock)")


@dataclass(frozen=True)
class Status:
    """One artifact on this machine; `state` is "verified", "missing", "corrupt", "unreadable" or "no hash" (none is
    published: it cannot be told). `size` in bytes; None if neither published nor here."""

    name: str
    kind: str
    path: Path
    size: int | None
    state: str


@dataclass(frozen=True)
class Leftover:
    """One file or folder that fetching left and that may go; `size` in bytes."""

    path: Path
    size: int
    reason: str


def verify(names: Iterable[str] | None = None) -> list[Status]:
    """Hash the files of these artifacts (default: all in the manifest), whatever is recorded about them.

    Errors: `UnknownNameError`. A missing or bad file is a state, not an error.
    """
    wanted = artifacts() if names is None else [artifact(name) for name in names]
    return [_status(item) for item in wanted]


def prune(*, remove: bool = False) -> list[Leftover]:
    """What may go from both download folders: partial files, locks, records, and files that fetching downloaded and
    that are now corrupt or no longer in the manifest. A dry run unless `remove`; then it returns what was removed.

    Files that fetching did not download, files tracked by git and files being fetched right now are left alone.
    """
    leftovers = []
    known = {(item.kind, item.file): item for item in artifacts() if item.checksum}
    for kind in KINDS:
        folder = download_folder(kind)
        if not folder.is_dir():
            continue
        for item in _leftover_folders(folder):
            leftovers.append(item)
            if remove:
                shutil.rmtree(item.path)
        for file, paths in sorted(_hidden_files(folder).items()):
            slot = Slot(known.get((kind, file)) or _unreferenced(kind, file), folder)
            leftovers += _prune_one(slot, paths, (kind, file) in known, remove)
    return leftovers


def _status(item: Artifact) -> Status:
    slot = Slot(item, download_folder(item.kind))
    if item.checksum is None:
        return Status(item.name, item.kind, slot.final, item.size, NO_HASH)
    try:
        state, path = slot.state(believe_record=False), slot.final
        if state == MISSING:
            found = find_local(slot)  # among the files that a wheel carries
            state, path = (VERIFIED, found) if found else (MISSING, path)
    except OSError:
        state, path = UNREADABLE, slot.final
    size = _size(path) if state == VERIFIED else item.size
    return Status(item.name, item.kind, path, size, state)


def _prune_one(slot: Slot, hidden: list[Path], known: bool, remove: bool) -> list[Leftover]:
    """What may go of one artifact: `hidden` are its files below `.zoo`."""
    if not remove:
        return list(_leftovers(slot, hidden, known))
    with locked(slot, wait=False) as held:
        if not held:  # it is being fetched
            return []
        # Looked for again under the lock: another process may have finished the file meanwhile.
        found = list(_leftovers(slot, [path for path in {*hidden, slot.lock} if path.exists()], known))
        # The lock goes last, still held. Who waits for it sees that it lost its name, and makes a new one.
        found.sort(key=lambda item: item.path == slot.lock)
        for item in found:
            item.path.unlink(missing_ok=True)
        return found


def _leftovers(slot: Slot, hidden: list[Path], known: bool) -> Iterator[Leftover]:
    for path in hidden:
        if path == slot.record:
            continue
        reason = "lock" if path == slot.lock else "partial download"
        yield Leftover(path, _size(path), reason)
    record = read_record(slot.record)
    if not slot.final.exists():
        if slot.record.exists():
            yield Leftover(slot.record, _size(slot.record), "record of a file that is gone")
    elif record.get("source", FOUND) != FOUND and not _is_tracked(slot.final):
        why = _why_prune(slot, record, known)
        if why:
            yield Leftover(slot.final, _size(slot.final), why)
            yield Leftover(slot.record, _size(slot.record), why)


def _why_prune(slot: Slot, record: dict, known: bool) -> str | None:
    """Why a downloaded file may go; None if it may not."""
    status = slot.final.stat()
    untouched = (record.get("size"), record.get("mtime_ns")) == (status.st_size, status.st_mtime_ns)
    if untouched and (not known or record.get(slot.checksum.field, slot.checksum.value) != slot.checksum.value):
        return "no longer in the manifest"
    if known and slot.state() == CORRUPT:
        return "corrupt"
    return None  # right, or changed by somebody since it was downloaded


def _hidden_files(folder: Path) -> dict[str, list[Path]]:
    """File name of the artifact -> its files below `.zoo`."""
    found: dict[str, list[Path]] = {}
    hidden = folder / HIDDEN
    for path in sorted(hidden.iterdir()) if hidden.is_dir() else ():
        scratch = LEFT_OVER.fullmatch(path.name)
        name = scratch["file"] if scratch else path.name
        match = OURS.fullmatch(name)
        if match:
            found.setdefault(match["file"], []).append(path)
    return found


def _leftover_folders(folder: Path) -> Iterator[Leftover]:
    for path in sorted(folder.glob(f"{UNPACKING}*")):
        if path.is_dir() and not path.is_symlink():
            size = sum(_size(file) for file in path.rglob("*") if file.is_file())
            yield Leftover(path, size, "unfinished unpacking")


def _unreferenced(kind: str, file: str) -> Artifact:
    """A stand-in for a file that the manifest does not know; no file has its hash."""
    return Artifact(name=file, kind=kind, file=file, size=1, sha256="0" * 64)


def _is_tracked(path: Path) -> bool:
    """Whether git tracks `path` in the checkout that this code runs from."""
    root = checkout()
    if root is None or not path.is_relative_to(root):
        return False
    command = ["git", "-C", str(root), "ls-files", "--error-unmatch", "--", str(path)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 (no shell)
    except FileNotFoundError:  # no git: it cannot be told, so the file stays
        return True


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
