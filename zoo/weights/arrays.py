"""One array of a file for one place of a model: role, order of axes, number of channels."""

from collections.abc import Iterable
from typing import Any

import numpy as np

# role in a file -> roles in our layers, of which a layer has at most one
ALIASES = {
    "weight": ("kernel", "gamma", "embeddings", "alpha"),  # PyTorch
    "bias": ("beta",),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
    "depthwise_kernel": ("kernel",),  # Keras 2, of a depthwise convolution
    "W": ("kernel", "embeddings"),  # Keras 1
    "b": ("bias",),
    "running_std": ("moving_variance",),  # of Keras 1, which kept a variance under this name
}
COUNTERS = "PyTorch's counter of batches"
SOURCES_IGNORED = {"num_batches_tracked": COUNTERS}


def role_in(role: str, roles: Iterable[str]) -> str | None:
    """The one of our `roles` that the file's `role` means."""
    ours = list(roles)
    if role in ours:
        return role
    found = [alias for alias in ALIASES.get(role, ()) if alias in ours]
    return found[0] if len(found) == 1 else None


def order_of_axes(owner: Any, role: str, rank: int) -> tuple[int, ...] | None:
    """PyTorch's axes in the order of ours, for the array of role "weight" of this rank; None: as they are."""
    kind = type(owner).__name__
    if role != "weight" or kind not in {
        "Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D",
        "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
    }:  # fmt: skip
        return None
    if rank == 2:
        return (1, 0)
    if rank in (3, 4, 5):
        space = tuple(range(2, rank))
        return (*space, 0, 1) if kind.startswith("Depthwise") else (*space, 1, 0)
    return None


def shape_for(owner: Any, role: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that the file's array has in our order of axes."""
    if type(owner).__name__.startswith("Depthwise") and role == "weight" and len(shape) > 2 and shape[1] == 1:
        channels = shape[0] // owner.depth_multiplier
        return (*shape[2:], channels, owner.depth_multiplier)
    order = order_of_axes(owner, role, len(shape))
    return tuple(shape[axis] for axis in order) if order else shape


def transposed(owner: Any, role: str, array: np.ndarray) -> np.ndarray:
    """The array in our order of axes."""
    order = order_of_axes(owner, role, array.ndim)
    if order is None:
        return array
    if type(owner).__name__.startswith("Depthwise") and array.shape[1:2] == (1,):  # (C*m, 1, H, W) -> (C, m, H, W)
        array = array.reshape(-1, owner.depth_multiplier, *array.shape[2:])
    return array.transpose(order)


def without_leading_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the same numbers as a matrix or a vector, where the leading axes are of length 1."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def same_but_ones(theirs: tuple[int, ...], ours: tuple[int, ...]) -> bool:
    """Whether two shapes are equal but for leading ones: a 1x1 convolution is a dense layer. Nowhere else may ones
    differ, for a kernel (1, 7, ...) is none of (7, 1, ...); except in ConvNeXt's layer scale, (C,) or (C, 1, 1), which
    is our depthwise kernel (1, 1, C, 1)."""
    if len(ours) == 4 and ours == (1, 1, ours[2], 1) and theirs in ((ours[2],), (ours[2], 1, 1)):
        return True
    return without_leading_ones(theirs) == without_leading_ones(ours)


def only_axis_differs(first: tuple[int, ...], second: tuple[int, ...], axis: int) -> bool:
    """Whether two shapes have one rank and differ along `axis` alone."""
    if len(first) != len(second) or first[axis] == second[axis]:
        return False
    rest = [size for size in range(len(first)) if size != axis % len(first)]
    return all(first[place] == second[place] for place in rest)


def inflated(kernel: np.ndarray, channels: int) -> np.ndarray:
    """(..., C, out) -> (..., channels, out): the same output for an image whose channels are all alike.

    More channels than C repeat the old ones in turn, each shared out among its copies; fewer gather them: the only one
    gets the sum over all.
    """
    old = kernel.shape[-2]
    if channels >= old:
        copies = np.bincount(np.arange(channels) % old, minlength=old)
        source = np.arange(channels) % old
        return kernel[..., source, :] / copies[source][:, None].astype(kernel.dtype)
    folded = np.zeros((*kernel.shape[:-2], channels, kernel.shape[-1]), kernel.dtype)
    for channel in range(old):
        folded[..., channel % channels, :] += kernel[..., channel, :]
    return folded
