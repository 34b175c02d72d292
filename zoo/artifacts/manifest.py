"""The manifests: every file that the zoo knows, as data. One artifact is one exact file, known by its hash.

A container that a mirror packed anew, or a sample, is another file than the official one and is its own artifact.
A file whose publisher gives no hash has an entry, which says where it is, and is never fetched: a hash or no file.
"""

import json
import re
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from zoo.artifacts.folders import KINDS, tracked_folder
from zoo.errors import ArtifactError, nearest, require_known

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")  # one folder level, and a legal name on every system
MANIFESTS = ("manifest.json", "imagenet.json")
# How a file may be known: field -> algorithm of hashlib, and what the field's value looks like. Keras publishes MD5,
# PyTorch and timm the first eight digits of the SHA-256, in the file's name.
CHECKSUMS = {
    "sha256": ("sha256", re.compile("[0-9a-f]{64}"), "64 hexadecimal digits"),
    "md5": ("md5", re.compile("[0-9a-f]{32}"), "32 hexadecimal digits"),
    "sha256_prefix": ("sha256", re.compile("[0-9a-f]{8,63}"), "8 to 63 hexadecimal digits"),
}


@dataclass(frozen=True)
class Checksum:
    """What a file's hash must begin with: `field` of the manifest, `algorithm` of hashlib, hexadecimal `value`."""

    field: str
    algorithm: str
    value: str

    def fits(self, digest: str) -> bool:
        """Whether `digest` (hexadecimal, of this algorithm) is the right one."""
        return digest.startswith(self.value)


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One file: `size` in bytes (None: not published), one of `sha256`, `md5` and `sha256_prefix` in hexadecimal,
    official `urls` in the order of trial, `mirror` the path below a mirror's base, `package` the path inside an
    installed Python package that carries it. Where all of these are empty the file is tracked, or comes by hand.
    Without any hash it is not fetched. `ArtifactError` if unsound.

    >>> Artifact(name="tiny", kind="data", file="tiny.txt", size=1, sha256="0" * 64).urls
    ()
    """

    name: str
    kind: str
    file: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    sha256_prefix: str | None = None
    urls: tuple[str, ...] = ()
    mirror: str | None = None
    package: str | None = None
    licence: str = "not stated"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        require_known("kind of artifact", self.kind, KINDS)
        self._require(bool(self.name) and isinstance(self.name, str), "name", "some text", self.name)
        self._require(_matches(FILE_NAME, self.file), "file", "a plain file name", self.file)
        sound = self.size is None or (type(self.size) is int and self.size > 0)
        self._require(sound, "size", "a number of bytes above 0", self.size)
        given = [field for field in CHECKSUMS if getattr(self, field) is not None]
        self._require(len(given) < 2, "the hash", f"one of {', '.join(CHECKSUMS)}", " and ".join(given))
        for field in given:
            _, pattern, expected = CHECKSUMS[field]
            self._require(_matches(pattern, getattr(self, field)), field, expected, getattr(self, field))
        for url in self.urls:
            self._require(_is_web_address(url), "urls", "http(s) addresses", url)
        for field in ("mirror", "package"):
            path = getattr(self, field)
            self._require(path is None or _is_below(path), field, "a relative path", path)

    @property
    def checksum(self) -> Checksum | None:
        """The hash by which the file is known; None where its publisher gives none."""
        for field, (algorithm, _, _) in CHECKSUMS.items():
            if getattr(self, field) is not None:
                return Checksum(field, algorithm, getattr(self, field))
        return None

    def _require(self, holds: bool, field: str, expected: str, given: Any) -> None:
        if not holds:
            raise ArtifactError(f"Artifact '{self.name}': {field} is {given!r}; expected {expected}.")


def artifacts(kind: str | None = None) -> list[Artifact]:
    """All artifacts of the tracked manifests in their order, or those of one `kind` ("weights" or "data")."""
    if kind is not None:
        require_known("kind of artifact", kind, KINDS)
    return [item for item in _tracked_manifest().values() if kind in (None, item.kind)]


def artifact(name: str) -> Artifact:
    """The artifact called `name`; `UnknownNameError` with the nearest right spelling."""
    manifest = _tracked_manifest()
    require_known("artifact", name, manifest)
    return manifest[name]


def read_manifest(*paths: Path) -> dict[str, Artifact]:
    """Name -> artifact from JSON files `{"artifacts": [{"name": ..., ...}, ...]}`; `ArtifactError` if unsound."""
    manifest: dict[str, Artifact] = {}
    owner: dict[tuple[str, str], str] = {}
    for path in paths:
        for row in _rows(path):
            item = _artifact(row, path)
            holder = owner.setdefault((item.kind, item.file.casefold()), item.name)
            if item.name in manifest or holder != item.name:
                raise ArtifactError(f"{path}: artifact '{item.name}' repeats the name or the file of '{holder}'.")
            manifest[item.name] = item
    return manifest


def _rows(path: Path) -> list[Any]:
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["artifacts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is not a manifest: expected JSON with a list 'artifacts' ({error}).") from error


def _artifact(row: Any, path: Path) -> Artifact:
    known = {field.name: field for field in fields(Artifact)}
    if not isinstance(row, dict):
        raise ArtifactError(f"{path}: an artifact is {row!r}; expected a mapping with the keys {', '.join(known)}.")
    for key in row:
        if key not in known:
            guess = nearest(key, known)
            hint = f"; did you mean '{guess}'?" if guess else "."
            raise ArtifactError(f"{path}: artifact '{row.get('name')}' has the unknown key '{key}'{hint}")
    missing = [key for key in ("name", "kind", "file", "size") if key not in row]
    if not CHECKSUMS.keys() & row.keys():
        missing.append(f'a hash ({", ".join(CHECKSUMS)}; "sha256": null says that none is published)')
    if missing:
        raise ArtifactError(f"{path}: artifact '{row.get('name')}' lacks {', '.join(missing)}.")
    return Artifact(**{**row, "urls": tuple(row.get("urls", ()))})


@cache
def _tracked_manifest() -> dict[str, Artifact]:
    paths = [tracked_folder() / name for name in MANIFESTS]
    return read_manifest(paths[0], *(path for path in paths[1:] if path.is_file()))


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_web_address(value: Any) -> bool:
    return isinstance(value, str) and urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).hostname)


def _is_below(value: Any) -> bool:
    if not isinstance(value, str) or "\\" in value or ":" in value:
        return False
    path = PurePosixPath(value)
    return not path.is_absolute() and bool(path.parts) and ".." not in path.parts
