"""Augmented pictures that are made once, several of each, so that features of them can be kept as those of plain ones.

What frozen layers give for a picture that is another one in every epoch cannot be kept. Of a few views of each picture
it can: the layers above see as many different pictures as there are rows and views.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.lazy_array import LazyArray
from zoo.pictures.views import is_pictures
from zoo.samples import Samples
from zoo.training.augmentation.pictures.augment import augment, draw_for, white_of
from zoo.training.augmentation.pictures.mixing import CutMix, Mixup
from zoo.training.augmentation.pictures.presets import Transforms
from zoo.training.runs.run_folder import rows_fingerprint


@dataclass(frozen=True)
class View:
    """Number of a view -> its picture, a pure function of the seed; the first views are the pictures as they are."""

    pictures: Any
    transforms: Transforms
    white: float
    seed: int

    def __call__(self, number: int) -> np.ndarray:
        view, row = divmod(int(number), len(self.pictures))
        rows = np.array([row])
        lazy = isinstance(self.pictures, LazyArray)
        picture = self.pictures.decoded(rows, lenient=True) if lazy else self.pictures[rows]
        if view:
            draw = draw_for(picture, seed=self.seed, epoch=view, step=row, rows=rows)
            picture = augment(picture, self.transforms, draw, white=self.white)
        return np.asarray(picture[0])


def may_be_kept(samples: Samples, augmentation: Transforms | Mapping[str, Transforms]) -> bool:
    """Whether all of an augmentation changes one picture at a time, and there is one input, of pictures."""
    if isinstance(augmentation, Mapping) or len(samples.inputs) != 1:
        return False
    return not any(isinstance(each, Mixup | CutMix) for each in augmentation)


def with_views(samples: Samples, transforms: Transforms, views: int, seed: int) -> Samples:
    """`views` of each picture, made when they are read: first all rows as they are, then all of them augmented."""
    ((name, pictures),) = samples.inputs.items()
    assert is_pictures(pictures)
    view = View(pictures, transforms, white_of(pictures, transforms, name), seed)
    given: Any = pictures
    numbers = range(len(samples) * views)
    lazy: Any = LazyArray(
        numbers,
        view,
        shape=given.shape[1:],
        dtype=given.dtype,
        finish=getattr(given, "finish", None),
        fingerprint=f"{views} views by {transforms} of seed {seed} of {rows_fingerprint(given)}",
    )
    rows = np.arange(len(samples))  # that stand for the pictures, which are not copied
    several = replace(samples, inputs={name: rows}).take(np.tile(rows, views))
    return replace(several, inputs={name: lazy})
