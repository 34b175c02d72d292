"""Name -> verified local file: from the disk, else an installed package, else the mirror, else official addresses.

Invariant: under its final name a file stands only if it was hashed right as a whole, under the lock, just before the
move; whatever happens on the way, to this process or to another, leaves at most files in the hidden folder `.zoo`.
"""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from zoo.artifacts import download
from zoo.artifacts.folders import OVERRIDES, checkout, download_folder, mirror_base, offline, tracked_folder
from zoo.artifacts.manifest import Artifact
from zoo.artifacts.manifest import artifact as find
from zoo.artifacts.progress import byte_bar
from zoo.artifacts.store import VERIFIED, Slot, clear_disk_errors, hash_of, locked
from zoo.errors import ArtifactError


def fetch(artifact: str | Artifact, *, folder: Path | str | None = None, progress: bool = True) -> Path:
    """The path of the artifact's verified file, fetched if need be into `folder` (default: `download_folder(kind)`).

    Many processes may ask at once: one fetches, the others wait for it. `progress` shows a bar on a terminal.
    Errors: `UnknownNameError`; `ArtifactError` when no source gives the right bytes, or they cannot be written.
    """
    wanted = find(artifact) if isinstance(artifact, str) else artifact
    slot = Slot(wanted, Path(folder).expanduser().absolute() if folder else download_folder(wanted.kind))
    with clear_disk_errors(slot):
        local = find_local(slot)
        if local:
            return local
        sources = list(_sources(wanted))
        if not sources:
            raise ArtifactError(f"Artifact '{wanted.name}' is {slot.state()} at {slot.final}; {_advice(wanted)}")
        with locked(slot):
            if slot.state() == VERIFIED:  # another process was faster
                return slot.final
            _fetch_from_any(slot, sources, progress)
    return slot.final


def find_local(slot: Slot) -> Path | None:
    """The verified file, in its folder or among the tracked files that a wheel carries; None if there is none."""
    if slot.state() == VERIFIED:
        return slot.final
    if slot.artifact.kind == "weights" and not checkout():
        carried = tracked_folder() / slot.artifact.file
        if carried.is_file() and slot.checksum.fits(hash_of(carried, slot.checksum.algorithm)):
            return carried
    return None


def is_here(artifact: Artifact) -> bool:
    """Whether a file with the artifact's name is in its download folder or among the tracked files, unread."""
    folders = (download_folder(artifact.kind), tracked_folder())
    return any((folder / artifact.file).is_file() for folder in folders)


def can_be_fetched(artifact: Artifact) -> bool:
    """Whether there is a hash to know the file by, and somewhere to fetch it from; nothing is asked."""
    return artifact.checksum is not None and any(True for _ in _sources(artifact))


def _in_package(path: str) -> Path | None:
    """The file at this path inside an installed Python package, which is not imported; None if it is not there."""
    package, *parts = PurePosixPath(path).parts
    found = importlib.util.find_spec(package)
    folders = (found.submodule_search_locations if found else None) or ()
    return next((file for folder in folders if (file := Path(folder, *parts)).is_file()), None)


def _sources(artifact: Artifact) -> Iterator[str | Path]:
    """Where to look, in order; web addresses as text, files of a mirror's folder as paths."""
    installed = _in_package(artifact.package) if artifact.package else None
    if installed:
        yield installed
    mirror = mirror_base()
    if mirror and artifact.mirror:
        if not mirror.lower().startswith(("http://", "https://")):
            yield Path(mirror).expanduser() / PurePosixPath(artifact.mirror)
        elif not offline():
            yield f"{mirror.rstrip('/')}/{quote(artifact.mirror)}"
    if not offline():
        yield from artifact.urls


def _advice(artifact: Artifact) -> str:
    """What to do when there is nowhere to fetch from."""
    ways = []
    if offline():
        ways.append("unset ZOO_OFFLINE" if artifact.urls else "")
    if artifact.mirror:
        ways.append("set ZOO_MIRROR to a mirror's folder" + ("" if offline() else " or address"))
    if artifact.package:
        ways.append(f"install the Python package {artifact.package.partition('/')[0]}")
    ways = [way for way in ways if way] + ["put the right file there by hand"]
    because = "ZOO_OFFLINE forbids the network" if offline() and artifact.urls else "it has no official address"
    return f"{because}: {', or '.join(ways)}."


def _fetch_from_any(slot: Slot, sources: list[str | Path], progress: bool) -> None:
    reasons = []
    _require_space(slot)
    for source in sources:
        name = str(source) if isinstance(source, Path) else download.shown(source)
        try:
            with byte_bar(slot.artifact.name, slot.artifact.size, progress) as advance:
                _fetch_from(slot, source, name, advance)
            return
        except download.SourceError as error:
            reasons.append(f"{name}: {error}")
    told = "; ".join(reasons)
    raise ArtifactError(f"Artifact '{slot.artifact.name}' could not be fetched into {slot.folder}. {told}.")


def _fetch_from(slot: Slot, source: str | Path, name: str, advance) -> None:
    """Fetch from one source and publish. A file that was continued and is wrong gets one clean second chance."""
    checksum = slot.checksum
    for _ in range(2):
        if isinstance(source, Path):
            mixed = False
            download.from_folder(source, slot.partial, slot.artifact.size, advance)
        else:
            mixed = download.from_web(source, slot.partial, slot.artifact.size, advance)
        received = hash_of(slot.partial, checksum.algorithm)
        if checksum.fits(received):
            slot.publish(name)
            download.facts_of(slot.partial).unlink(missing_ok=True)
            return
        slot.partial.unlink()
        if not mixed:
            break
    raise download.SourceError(f"its bytes are wrong ({checksum.algorithm} {received}, expected {checksum.value})")


def _require_space(slot: Slot) -> None:
    needed = (slot.artifact.size or 0) - download.held(slot.partial)  # of unknown size: the disk tells when it is full
    free = shutil.disk_usage(slot.folder).free
    if free < needed:
        raise ArtifactError(
            f"Artifact '{slot.artifact.name}' needs {needed:,} bytes in {slot.folder}, where {free:,} are free; "
            f"free some space or set {OVERRIDES[slot.artifact.kind]} to another folder."
        )
