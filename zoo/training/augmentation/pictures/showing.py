"""What training sees: the pictures of a batch, and a line that says what each is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import ConfigError
from zoo.pictures.views import is_pictures
from zoo.samples import Samples, Target, present
from zoo.training.augmentation.pictures.mixing import PARTNER, SHARE
from zoo.training.batches import Batches

if TYPE_CHECKING:
    from zoo.training.recipe import Recipe

OUTPUTS = 3  # whose labels are told
WIDE = 24  # characters of a mixed label, which is else two lines


@dataclass(frozen=True)
class ShownBatch:
    """pictures: input -> (B, H, W, C), augmented as in training; labels: one text for each row."""

    pictures: Mapping[str, np.ndarray]
    labels: tuple[str, ...]


def batch_to_show(train: Samples, recipe: "Recipe", *, seed: int = 0, epoch: int = 0, step: int = 0) -> ShownBatch:
    """Batch `step` (from 0) of an epoch (from 0), as `fit` with this seed trains on it where it draws no rows itself.

    Raises `ConfigError` where no input is pictures, or where the epoch has no such batch.
    """
    batches = Batches(train, batch_size=recipe.batch_size, seed=seed, augmentation=recipe.augmentation)
    names = [name for name, values in train.inputs.items() if is_pictures(values)]
    if not names:
        raise ConfigError(f"There are no pictures to show; the inputs are {', '.join(train.inputs)}.")
    order = batches.order(epoch)
    if not 0 <= step < len(order):
        raise ConfigError(f"An epoch has {len(order):,} batches; there is none of step={step} (--batch {step + 1}).")
    inputs, targets = batches.training_batch(order[step], epoch, step)[:2]
    kinds = {name: head.target for name, head in recipe.heads.items() if name in train.targets}
    labels = tuple(_told(kinds, targets, row) for row in range(len(order[step])))
    return ShownBatch({name: inputs[name] for name in names}, labels)


def _told(kinds: Mapping[str, Target], targets: Mapping[str, np.ndarray], row: int) -> str:
    """The labels of a row, an output a line; of a mixed one those of both, with their shares."""
    lines = []
    for name, target in list(kinds.items())[:OUTPUTS]:
        line = _label(target, targets[name][row])
        share = float(targets[SHARE][row]) if SHARE in targets else 1.0
        if share < 0.995:  # else it would read 1.00
            parts = f"{share:.2f} {line}", f"+ {1.0 - share:.2f} {_label(target, targets[f'{PARTNER}{name}'][row])}"
            line = (" " if sum(map(len, parts)) < WIDE else "\n").join(parts)
        lines.append(line if len(kinds) == 1 else f"{name}: {line}")
    return "\n".join(lines)


def _label(target: Target, value: np.ndarray) -> str:
    """One target as text; "?" where it is missing."""
    value = np.asarray(value)
    if not present(value).all() and target.kind != "tags":
        return "?"
    if target.kind == "regression":
        return ", ".join(f"{each:.4g}" for each in value.reshape(-1)[:3]) + (f" {target.unit}" if target.unit else "")
    if target.kind == "tags":
        return "; ".join(label for label, one in zip(target.labels, value, strict=True) if one == 1) or "none"
    return ", ".join(target.labels[each] for each in value.reshape(-1)[:3])
