"""Inception module: branches of different depth and width look at one input, and their channels are concatenated."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import layers

from blocks.checks import require_integer, require_rank

POOLINGS = {"avg": layers.AveragePooling2D, "max": layers.MaxPooling2D}
Branches = Mapping[str, Sequence[Any]]


def inception_module(
    x: keras.KerasTensor, filters: int | Sequence[int], *, stride: int = 2, name: str
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, ceil(H / stride), ceil(W / stride), sum of the filters of the four branches), any H and W.

    Szegedy et al. 2014, in the form of Chollet 2017, "Deep Learning with Python", section 7.1.4: a 1x1 convolution;
    1x1 then 3x3; 3x3 average pooling then 3x3; 1x1, 3x3, 3x3. `filters` is one number for all branches, or four.
    `stride` falls on the first layer of the first and third branch and on the last layer of the others; 1 keeps the
    size, as inside the towers of the Inception networks. With "valid" padding the branches end at different sizes;
    "same" padding lines them up and changes no parameter.
    """
    require_rank("x", x, (4,), "images or feature maps, (B, H, W, C)")
    require_integer("stride", stride)
    of_branch = [filters] * 4 if isinstance(filters, int) else list(filters)
    if len(of_branch) != 4:
        raise ValueError(f"'filters' must be one number or four, one for each branch; received {filters!r}.")
    a, b, c, d = (require_integer("filters", number) for number in of_branch)

    def conv(x: keras.KerasTensor, filters: int, size: int, stride: int, layer: str) -> keras.KerasTensor:
        return layers.Conv2D(filters, size, strides=stride, padding="same", activation="relu", name=f"{name}_{layer}")(
            x
        )

    branch_a = conv(x, a, 1, stride, "a_conv")
    branch_b = conv(conv(x, b, 1, 1, "b_conv1"), b, 3, stride, "b_conv2")
    pooled = layers.AveragePooling2D(3, strides=stride, padding="same", name=f"{name}_c_pool")(x)
    branch_c = conv(pooled, c, 3, 1, "c_conv")
    branch_d = conv(conv(conv(x, d, 1, 1, "d_conv1"), d, 3, 1, "d_conv2"), d, 3, stride, "d_conv3")
    return layers.Concatenate(name=f"{name}_concat")([branch_a, branch_b, branch_c, branch_d])


def parallel_branches(
    x: keras.KerasTensor, branches: Branches, *, unit: Callable[..., keras.KerasTensor], name: str
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H', W', sum of what the branches end with): a module written as a table.

        parallel_branches(x, {
            "1x1": [(64, 1)],                                        # filters, kernel
            "7x7": [(128, 1), (128, (1, 7)), (192, (7, 1), 2)],      # filters, kernel, stride
            "pool": [("avg", 3), (32, 1)],                           # or "max": kind, size, stride
            "fork": [(384, 1), {"1x3": [(384, (1, 3))], "3x1": [(384, (3, 1))]}],
        }, unit=conv_norm_relu, name="mixed")

    `unit(x, filters, kernel, strides=, padding=, name=)` is the convolution. Steps are called `mixed_7x7_1` and so on,
    those behind a fork `mixed_fork_1x3_1`. Padding is "same"; a step with a stride takes "valid" positions only, as in
    Szegedy et al. 2015, "Rethinking the Inception Architecture", section 5.
    """
    require_rank("x", x, (4,), "images or feature maps, (B, H, W, C)")
    ends = [_branch(x, steps, unit=unit, name=f"{name}_{branch}") for branch, steps in branches.items()]
    return layers.Concatenate(name=f"{name}_concat")(ends)


def _branch(
    x: keras.KerasTensor, steps: Sequence[Any], *, unit: Callable[..., keras.KerasTensor], name: str
) -> keras.KerasTensor:
    for number, step in enumerate(steps, start=1):
        if isinstance(step, Mapping):
            x = parallel_branches(x, step, unit=unit, name=name)
            continue
        what, size, stride = (*step, 1)[:3]
        padding = "same" if stride == 1 else "valid"
        if isinstance(what, str):
            if what not in POOLINGS:
                raise ValueError(f"A pooling in the branch {name} must be 'avg' or 'max'; received {what!r}.")
            x = POOLINGS[what](size, strides=stride, padding=padding, name=f"{name}_{number}")(x)
        else:
            x = unit(x, what, size, strides=stride, padding=padding, name=f"{name}_{number}")
    return x
