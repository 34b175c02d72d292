"""The official sets of ImageNet weights by name, `model.tag`: what is known of each, as data.

weights/imagenet.json holds, beside the file (its address, hash and licence: the "artifacts"), what the numbers that go
in and come out mean (the "sets"). tools/imagenet_manifest.py writes it from what the publishers say.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from zoo.artifacts import Artifact, artifact, tracked_folder
from zoo.errors import ArtifactError, ConfigError, UnknownNameError, require_known
from zoo.pictures.preprocessing import Preprocessing

FILE = "imagenet.json"


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """One set of weights. What is not published is None.

    name                  "resnet50.imagenet": the model of the catalogue, and the tag.
    with_top              whether the file holds the classifier; only then are there classes, labels and scores.
    labels                the set of labels that `zoo.decode` uses.
    parameters            weights of the model with its top, moving statistics too.
    top1, top5            published percentages on ImageNet's validation images; `scores_source` says where.
    preprocessing         how pixels become numbers; `preprocessing_source` says whence crop and interpolation are.
    names                 the names table of `zoo.weights.names` to force, "family.kind"; None: the loader finds it.
    opened                whether we ever read the file; all else is what its publisher says.
    golden                file in the tracked folder with what the weights give for a seeded input.
    """

    name: str
    with_top: bool
    classes: int | None
    labels: str | None
    parameters: int | None
    top1: float | None
    top5: float | None
    scores_source: str | None
    preprocessing: Preprocessing
    preprocessing_source: str
    names: str | None
    opened: bool
    golden: str | None

    @property
    def arch(self) -> str:
        """The model of the catalogue, "resnet50"."""
        return self.name.partition(".")[0]

    @property
    def tag(self) -> str:
        """Which weights, "imagenet"."""
        return self.name.partition(".")[2]

    @property
    def artifact(self) -> Artifact:
        """The file, for `zoo.artifacts.fetch`."""
        return artifact(self.name)

    @property
    def golden_path(self) -> Path | None:
        """Where the golden outputs stand."""
        return tracked_folder() / self.golden if self.golden else None


def pretrained(name: str) -> Pretrained:
    """The set of weights called `name`, as in "xception.imagenet"; `UnknownNameError` with the nearest spelling.

    >>> pretrained("xception.imagenet").preprocessing.size
    299
    """
    if not isinstance(name, str):
        raise ConfigError(f"A set of weights is named 'model.tag', as in 'xception.imagenet'; received {name!r}.")
    known = _sets()
    if name not in known:
        arch = name.partition(".")[0]
        own = [item.name for item in known.values() if item.arch == arch]
        raise UnknownNameError("set of weights", name, own or known)
    return known[name]


def pretrained_sets(arch: str | None = None) -> list[Pretrained]:
    """All sets of weights in the manifest's order, or those of one model.

    >>> [item.tag for item in pretrained_sets("vgg16")]
    ['imagenet', 'imagenet_notop']
    """
    rows = list(_sets().values())
    if arch is None:
        return rows
    require_known("model with official weights", arch, {item.arch for item in rows})
    return [item for item in rows if item.arch == arch]


def read_sets(path: Path) -> dict[str, Pretrained]:
    """Name -> set of weights, from a JSON file `{"sets": [{"name": ..., ...}, ...]}`; `ArtifactError` if unsound."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["sets"]
        sets = [_set(row, path) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{path} does not describe sets of weights: {error}.") from error
    known = {item.name: item for item in sets}
    if len(known) < len(sets):
        raise ArtifactError(f"{path} describes a set of weights twice.")
    return known


def _set(row: Any, path: Path) -> Pretrained:
    names = {field.name for field in fields(Pretrained)}
    if not isinstance(row, Mapping) or set(row) != names:
        raise ArtifactError(f"{path}: a set of weights has exactly the keys {', '.join(sorted(names))}; found {row!r}.")
    return Pretrained(**{**row, "preprocessing": Preprocessing.from_json(row["preprocessing"])})


@cache
def _sets() -> dict[str, Pretrained]:
    return read_sets(tracked_folder() / FILE)
