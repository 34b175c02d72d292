"""What a training sees: a batch of pictures as they are augmented, with what each is called."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.drawing.picture_grid import write_picture_grid
from zoo.lazy_array import LazyArray
from zoo.samples import Samples
from zoo.tasks.verbs import prepare
from zoo.training.augmentation.pictures.showing import ShownBatch, batch_to_show

MOST = 64  # pictures of a grid
ACROSS = 8


def show_batch(
    entry: str, data: str | Path, to: Path | str, *, epoch: int = 0, step: int = 0, **options: Any
) -> ShownBatch:
    """Write batch `step` of an epoch (both from 0), as `train` with the same `options` trains on it, as a grid of
    pictures with their labels, into the file `to` (.png, .svg, .pdf).

    Raises `ConfigError` where the model reads no pictures, or the epoch has no such batch; and what `train` raises.
    """
    plan = prepare(entry, data, **options)
    shown = batch_to_show(with_pixels(plan.dataset.train), plan.recipe, seed=plan.seed, epoch=epoch, step=step)
    first = next(iter(shown.pictures.values()))
    alike = {name: each for name, each in shown.pictures.items() if each.shape == first.shape}
    labels = [label if len(alike) == 1 else f"{name}\n{label}" for name in alike for label in shown.labels]
    title = f"{entry} on {plan.dataset.name}, epoch {epoch + 1}, batch {step + 1}: {_said(plan.recipe.augmentation)}"
    pictures = np.concatenate(list(alike.values()))
    write_picture_grid(pictures, labels, to, columns=min(ACROSS, len(pictures)), title=title, most=MOST)
    return shown


def with_pixels(samples: Samples) -> Samples:
    """The samples whose pictures are not normalised, so that their colours are those that people know."""

    def pixels(values: Any) -> Any:
        stand_in = values.stand_in if isinstance(values, LazyArray) else None
        if stand_in is None or stand_in.shape != values.shape[1:]:
            return values
        return LazyArray(values.items, values.decode, shape=stand_in.shape, dtype=stand_in.dtype, stand_in=stand_in)

    return replace(samples, inputs={name: pixels(values) for name, values in samples.inputs.items()})


def _said(augmentation: Any) -> str:
    """The transforms in words."""
    if not isinstance(augmentation, Mapping):
        return f"augmented by {', '.join(each.name for each in augmentation)}" if augmentation else "not augmented"
    return "; ".join(f"{name} {_said(each)}" for name, each in augmentation.items()) or "not augmented"
