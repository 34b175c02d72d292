"""Inception v3: modules of parallel branches, large kernels taken apart. Szegedy et al. 2015, "Rethinking", table 1."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from keras import layers

from blocks.convolution import conv_norm_act
from blocks.inception import Branches, parallel_branches
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

Kernel = int | tuple[int, int]
Stages = Mapping[int, Mapping[str, Branches]]

norm = partial(layers.BatchNormalization, epsilon=1e-3, momentum=0.99, scale=False)


def unit(x: Tensor, filters: int, kernel: Kernel, *, name: str, width: float = 1.0, **options: Any) -> Tensor:
    """Convolution, normalisation, ReLU: (B, H, W, C) -> (B, H', W', width * filters)."""
    names = (f"{name}_conv", f"{name}_bn", f"{name}_relu")
    return conv_norm_act(x, round(width * filters), kernel, norm=norm, names=names, **options)


def stem(graph: ImageGraph, x: Tensor, *, width: float = 1.0) -> Tensor:
    """(B, H, W, C) -> (B, H/8, W/8, 192 * width), less the borders: most positions are "valid" only."""
    x = unit(x, 32, 3, strides=2, padding="valid", width=width, name="stem_1")
    x = unit(x, 32, 3, padding="valid", width=width, name="stem_2")
    x = graph.tap(2, unit(x, 64, 3, width=width, name="stem_3"))
    x = layers.MaxPooling2D(3, strides=2, name="stem_pool_1")(x)
    x = unit(x, 80, 1, padding="valid", width=width, name="stem_4")
    x = graph.tap(4, unit(x, 192, 3, padding="valid", width=width, name="stem_5"))
    return layers.MaxPooling2D(3, strides=2, name="stem_pool_2")(x)


def square(pool: int) -> Branches:
    """Figure 5: 5x5 beside two 3x3."""
    return {
        "1x1": [(64, 1)],
        "5x5": [(48, 1), (64, 5)],
        "3x3dbl": [(64, 1), (96, 3), (96, 3)],
        "pool": [("avg", 3), (pool, 1)],
    }


def factored(n: int) -> Branches:
    """Figure 6: 7x7 taken apart into rows and columns."""
    row, column = (1, 7), (7, 1)
    return {
        "1x1": [(192, 1)],
        "7x7": [(n, 1), (n, row), (192, column)],
        "7x7dbl": [(n, 1), (n, column), (n, row), (n, column), (192, row)],
        "pool": [("avg", 3), (192, 1)],
    }


def expanded() -> Branches:
    """Figure 7: branches that fork, for many features of small maps."""
    fork = {"1x3": [(384, (1, 3))], "3x1": [(384, (3, 1))]}
    return {
        "1x1": [(320, 1)],
        "3x3": [(384, 1), fork],
        "3x3dbl": [(448, 1), (384, 3), fork],
        "pool": [("avg", 3), (192, 1)],
    }


STAGES: Stages = {  # stride -> the modules there
    8: {"mixed0": square(32), "mixed1": square(64), "mixed2": square(64)},
    16: {
        "mixed3": {
            "3x3": [(384, 3, 2)],
            "3x3dbl": [(64, 1), (96, 3), (96, 3, 2)],
            "pool": [("max", 3, 2)],
        },
        "mixed4": factored(128),
        "mixed5": factored(160),
        "mixed6": factored(160),
        "mixed7": factored(192),
    },
    32: {
        "mixed8": {
            "3x3": [(192, 1), (320, 3, 2)],
            "7x7x3": [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)],
            "pool": [("max", 3, 2)],
        },
        "mixed9": expanded(),
        "mixed10": expanded(),
    },
}


def inception_v3_features(graph: ImageGraph, x: Tensor, *, stages: Stages = STAGES, width: float = 1.0) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, 2048 * width), less the borders."""
    x = stem(graph, x, width=width)
    for stride, modules in stages.items():
        for name, branches in modules.items():
            x = parallel_branches(x, branches, unit=partial(unit, width=width), name=name)
        graph.tap(stride, x)
    return x


TINY: Stages = {
    stride: {name: branches for name, branches in modules.items() if name in ("mixed0", "mixed3", "mixed8", "mixed9")}
    for stride, modules in STAGES.items()
}

inception_v3 = ImageBuilder("inception_v3", inception_v3_features, size=299, least=75)
inception_v3_tiny = ImageBuilder(
    "inception_v3_tiny", partial(inception_v3_features, stages=TINY, width=1 / 16), size=75, least=75
)
