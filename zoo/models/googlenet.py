"""GoogLeNet, also called Inception v1. Szegedy et al. 2014; the form of torchvision: batch normalisation, 3x3 in the
place of 5x5, no auxiliary classifiers. Its layers are called as there."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from keras import layers

from blocks.convolution import conv_norm_act
from blocks.inception import Branches, parallel_branches
from blocks.padding import ceil_max_pool, symmetric_conv
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

Filters = tuple[int, int, int, int, int, int]
# filters of the branches: 1x1; 1x1 and 3x3; 1x1 and 3x3; 1x1 after pooling. The digit is the stage.
MODULES: dict[str, Filters] = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
SMALL = dict.fromkeys(("3a", "4a", "5a"), (8, 8, 8, 8, 8, 8))
norm = partial(layers.BatchNormalization, epsilon=1e-3, momentum=0.9)


def unit(x: Tensor, filters: int, kernel: int, *, name: str, **options: Any) -> Tensor:
    """Convolution, normalisation, ReLU: (B, H, W, C) -> (B, H', W', filters)."""
    names = (f"{name}_conv", f"{name}_bn", f"{name}_relu")
    return conv_norm_act(x, filters, kernel, conv=symmetric_conv, norm=norm, names=names, **options)


def step(x: Tensor, filters: int, kernel: int, *, name: str, **options: Any) -> Tensor:
    """A unit of a branch: PyTorch counts its steps from 0, and a lone one has no number."""
    branch, _, number = name.rpartition("_")
    place = branch if branch.endswith("branch1") else f"{branch}_{int(number) - 1}"
    return unit(x, filters, kernel, name=place, **options)


def inception_v1(
    graph: ImageGraph, x: Tensor, *, stem: tuple[int, int, int] = (64, 64, 192), modules: Mapping[str, Filters]
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, C'); `stem` has the filters of the first three convolutions."""
    x = graph.tap(2, unit(x, stem[0], 7, strides=2, name="conv1"))
    x = ceil_max_pool(x, name="maxpool1")  # (B, H/4, W/4, stem[0])
    x = unit(x, stem[1], 1, name="conv2")
    x = graph.tap(4, unit(x, stem[2], 3, name="conv3"))
    stage = 2
    for module, (one, narrow, three, narrower, five, pool) in modules.items():
        if int(module[0]) > stage:
            x = ceil_max_pool(x, 2 if stage == 4 else 3, name=f"maxpool{stage}")  # (B, H/2^(stage+1), ., .)
            stage += 1
        branches: Branches = {
            "branch1": [(one, 1)],
            "branch2": [(narrow, 1), (three, 3)],
            "branch3": [(narrower, 1), (five, 3)],
            "branch4": [("max", 3), (pool, 1)],
        }
        x = parallel_branches(x, branches, unit=step, name=f"inception{module}")
        graph.tap(2**stage, x)
    return x


googlenet = ImageBuilder("googlenet", partial(inception_v1, modules=MODULES), dropout=0.2)
googlenet_tiny = ImageBuilder(
    "googlenet_tiny", partial(inception_v1, stem=(4, 4, 8), modules=SMALL), size=32, dropout=0.2
)
