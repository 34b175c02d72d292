"""The manifest: every file that the zoo can fetch, as data. One artifact is one exact file with one size and hash.

A container that a mirror packed anew, or a sample, is another file than the official one and is its own artifact.
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


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One file: `size` in bytes, `sha256` in hexadecimal, official `urls` in the order of trial, `mirror` the path
    below a mirror's base. Both may be empty: then the file is tracked, or comes by hand. `ArtifactError` if unsound.

    >>> Artifact(name="tiny", kind="data", file="tiny.txt", size=1, sha256="0" * 64).urls
    ()
    """

    name: str
    kind: str
    file: str
    size: int
    sha256: str
    urls: tuple[str, ...] = ()
    mirror: str | None = None
    licence: str = "not stated"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        require_known("kind of artifact", self.kind, KINDS)
        self._require(bool(self.name) and isinstance(self.name, str), "name", "some text", self.name)
        self._require(_matches(FILE_NAME, self.file), "file", "a plain file name", self.file)
        self._require(type(self.size) is int and self.size > 0, "size", "a number of bytes above 0", self.size)
        self._require(_matches(re.compile("[0-9a-f]{64}"), self.sha256), "sha256", "64 hexadecimal digits", self.sha256)
        for url in self.urls:
            self._require(_is_web_address(url), "urls", "http(s) addresses", url)
        self._require(self.mirror is None or _is_below(self.mirror), "mirror", "a relative path", self.mirror)

    def _require(self, holds: bool, field: str, expected: str, given: Any) -> None:
        if not holds:
            raise ArtifactError(f"Artifact '{self.name}': {field} is {given!r}; expected {expected}.")


def artifacts(kind: str | None = None) -> list[Artifact]:
    """All artifacts of the tracked manifest in its order, or those of one `kind` ("weights" or "data")."""
    if kind is not None:
        require_known("kind of artifact", kind, KINDS)
    return [item for item in _tracked_manifest().values() if kind in (None, item.kind)]


def artifact(name: str) -> Artifact:
    """The artifact called `name`; `UnknownNameError` with the nearest right spelling."""
    manifest = _tracked_manifest()
    require_known("artifact", name, manifest)
    return manifest[name]


def read_manifest(path: Path) -> dict[str, Artifact]:
    """Name -> artifact from a JSON file `{"artifacts": [{"name": ..., ...}, ...]}`; `ArtifactError` if unsound."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["artifacts"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is not a manifest: expected JSON with a list 'artifacts' ({error}).") from error
    manifest: dict[str, Artifact] = {}
    owner: dict[tuple[str, str], str] = {}
    for row in rows:
        item = _artifact(row, path)
        holder = owner.setdefault((item.kind, item.file.casefold()), item.name)
        if item.name in manifest or holder != item.name:
            raise ArtifactError(f"{path}: artifact '{item.name}' repeats the name or the file of '{holder}'.")
        manifest[item.name] = item
    return manifest


def _artifact(row: Any, path: Path) -> Artifact:
    known = {field.name: field for field in fields(Artifact)}
    if not isinstance(row, dict):
        raise ArtifactError(f"{path}: an artifact is {row!r}; expected a mapping with the keys {', '.join(known)}.")
    for key in row:
        if key not in known:
            guess = nearest(key, known)
            hint = f"; did you mean '{guess}'?" if guess else "."
            raise ArtifactError(f"{path}: artifact '{row.get('name')}' has the unknown key '{key}'{hint}")
    missing = [key for key in ("name", "kind", "file", "size", "sha256") if key not in row]
    if missing:
        raise ArtifactError(f"{path}: artifact '{row.get('name')}' lacks {', '.join(missing)}.")
    return Artifact(**{**row, "urls": tuple(row.get("urls", ()))})


@cache
def _tracked_manifest() -> dict[str, Artifact]:
    return read_manifest(tracked_folder() / "manifest.json")


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_web_address(value: Any) -> bool:
    return isinstance(value, str) and urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).hostname)


def _is_below(value: Any) -> bool:
    if not isinstance(value, str) or "\\" in value or ":" in value:
        return False
    path = PurePosixPath(value)
    return not path.is_absolute() and bool(path.parts) and ".." not in path.parts
