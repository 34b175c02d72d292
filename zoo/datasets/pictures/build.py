"""Data sets of pictures out of arrays, or out of the files of an archive."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from zoo.datasets.checks import require_seed
from zoo.datasets.class_folders import LABEL
from zoo.datasets.pictures.facts import LOOKS, Facts, clusters_of, facts_of
from zoo.datasets.pictures.finding import PICTURE
from zoo.datasets.pictures.splitting import parts_of, split_pictures
from zoo.datasets.splits import split_by_labels
from zoo.datasets.table import Table
from zoo.samples import Target

IMAGE = "image"  # the model's input
Size = int | Sequence[int] | None
Preprocessing = Mapping[str, Any] | None
Arrays = tuple[np.ndarray, np.ndarray]  # (n, height, width) or (n, height, width, 3) bytes; (n,) class numbers


def picture_columns(
    options: Mapping[str, Any], ignore: Sequence[str] = (), ranges: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, Any]:
    """What `Schema.fit` is told of the columns; `options` are those of `PictureColumn.fit`."""
    known = {name: value for name, value in options.items() if value is not None}
    return {
        "types": {PICTURE: "picture"},
        "options": {PICTURE: known} if known else {},
        "inputs": {PICTURE: IMAGE},
        "ignore": tuple(ignore),
        "ranges": dict(ranges or {}),
    }


def table_of_arrays(
    name: str,
    train: Arrays,
    test: Arrays,
    labels: Sequence[str],
    *,
    validation: int,
    seed: int,
    card: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
) -> Table:
    """The official training and test pictures; `validation` of the first at random, the classes alike."""
    random = np.random.default_rng(require_seed(seed))
    held_out = split_by_labels(train[1][:, None], (validation / len(train[1]), 0.0), random) == 1
    first, second, third = (
        _frame(arrays[0][rows], arrays[1][rows], labels)
        for arrays, rows in ((train, ~held_out), (train, held_out), (test, slice(None)))
    )
    return Table(
        name,
        first,
        second,
        third,
        targets={LABEL: Target("classification", tuple(labels))},
        columns=picture_columns(options or {}),
        unit="pictures",
        card={**card, "split": f"the official test; {int(held_out.sum()):,} to validate", "seed": seed},
    )


def _frame(images: np.ndarray, numbers: np.ndarray, labels: Sequence[str]) -> pd.DataFrame:
    pictures = images if images.ndim == 4 else images[..., None]
    names = pd.Categorical.from_codes(numbers.astype(int), categories=pd.Index(labels, dtype="str"))
    return pd.DataFrame({PICTURE: pd.Series(list(pictures), dtype=object), LABEL: names})


def table_of_files(
    name: str,
    files: Sequence[bytes],
    columns: Mapping[str, Sequence[Any]],
    targets: Mapping[str, Target],
    *,
    strata: Sequence[Any],
    seed: int,
    card: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    groups: tuple[str, ...] = (),
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Table:
    """Pictures as the bytes of their files, shared out 70:10:20, alike in `strata`; copies stand in one split."""
    facts = facts_of(files)
    unreadable = [each for each in facts if not isinstance(each, Facts)]
    if unreadable:
        raise unreadable[0]
    known = [each for each in facts if isinstance(each, Facts)]
    frame = pd.DataFrame({PICTURE: pd.Series(list(files), dtype=object), **columns, LOOKS: pd.Series(known)})
    split = split_pictures(np.asarray(strata), clusters_of(known), seed=seed)
    return Table(
        name,
        *parts_of(frame, split),
        targets=targets,
        columns=picture_columns(options or {}, [LOOKS, *(each for each in columns if each not in targets)], ranges),
        groups=groups,
        unit="pictures",
        card={**card, "split": "70:10:20, copies together", "seed": seed},
    )
