"""Losses of outputs with a value for each place: heat maps of centres, and masks. One loss a sample.

Places without a label (NaN in a heat map, -1 in a mask) count nothing; a sample without any has no loss.
"""

from typing import Any

from keras import ops

from zoo.samples import MISSING_CLASS

Tensor = Any
TINY = 1e-4  # probabilities are kept so far from 0 and 1, as in the papers' code
SMOOTH = 1.0  # voxels: the Dice of a label that a sample does not have


def penalty_reduced_focal(target: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """Targets (B, ...) 0 to 1, 1 at centres; outputs (B, ..., 1) -> losses (B,), whether there is a label (B,).

    Law and Deng 2018, CornerNet, equation 1; Zhou et al. 2019, Objects as Points, equation 1: a false alarm costs the
    less the nearer it lies to a centre. Divided by the number of centres of the sample, by 1 where it has none.
    """
    output = ops.clip(ops.squeeze(output, -1), TINY, 1.0 - TINY)
    known = ops.logical_not(ops.isnan(target))
    target = ops.where(known, target, 0.0)
    centre = ops.cast(target >= 1.0, output.dtype)
    hit = centre * ops.square(1.0 - output) * ops.log(output)
    distance = ops.square(ops.square(1.0 - target))  # alpha of the papers is 2, beta 4
    alarm = (1.0 - centre) * distance * ops.square(output) * ops.log(1.0 - output)
    places = tuple(range(1, len(target.shape)))
    sums = ops.sum((hit + alarm) * ops.cast(known, output.dtype), axis=places)
    losses = -sums / ops.maximum(ops.sum(centre, axis=places), 1.0)
    return losses, ops.cast(ops.any(known, axis=places), output.dtype)


def dice_crossentropy(target: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """Targets (B, ...) integers, probabilities (B, ..., labels) -> losses (B,), whether there is a label (B,).

    The mean cross-entropy, and 1 less the mean Dice of all labels but the first, the background (Milletari et al. 2016,
    V-Net; together as in Isensee et al. 2021, nnU-Net).
    """
    known = ops.not_equal(target, MISSING_CLASS)
    label = ops.where(known, target, ops.zeros_like(target))
    mask = ops.cast(known, output.dtype)
    places = tuple(range(1, len(target.shape)))
    right = ops.one_hot(label, output.shape[-1], dtype=output.dtype) * ops.expand_dims(mask, -1)
    voxels = ops.sum(mask, axis=places)
    crossentropy = -ops.sum(right * ops.log(ops.clip(output, TINY, 1.0)), axis=(*places, -1)) / ops.maximum(voxels, 1.0)
    given = output * ops.expand_dims(mask, -1)
    shared, total = ops.sum(right * given, axis=places), ops.sum(right + given, axis=places)  # (B, labels)
    overlap = ops.mean(((2.0 * shared + SMOOTH) / (total + SMOOTH))[:, 1:], axis=-1)
    has = ops.cast(voxels > 0, output.dtype)
    return (crossentropy + 1.0 - overlap) * has, has


MAP_LOSSES = {"heat_map": penalty_reduced_focal, "mask": dice_crossentropy}
