"""From a photo to the numbers that a set of weights takes, as it was trained."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from zoo.pictures.pixels import normalised
from zoo.pictures.preprocessing import Preprocessing
from zoo.pretrained.sets import pretrained

if TYPE_CHECKING:
    from PIL.Image import Image


def preprocess(
    image: "Path | str | bytes | BinaryIO | np.ndarray | Image",
    tag: str | Preprocessing,
    *,
    size: int | None = None,
    channels: int = 3,
    resize: bool = True,
) -> np.ndarray:
    """A photo -> (1, size, size, channels) float32, as the weights `tag` ("mobilenet.imagenet") take it.

    `image` is a file (its path, its bytes, or open for reading bytes), a Pillow image, or an array (H, W), (H, W, C) of
    numbers from 0 to 255: grey, RGB, RGBA (laid on white), or of as many channels as the model. `size` is the weights'
    own unless it is given. `channels` other than three: grey for 1, else red, green and blue in turn. With
    `resize=False` the image is only normalised.

    Raises `DataError` for what is not such an image, `ConfigError` or `UnknownNameError` for the other arguments.
    Warns (`UserWarning`) when of several pictures, as in an animation, the first is taken.
    """
    row = tag if isinstance(tag, Preprocessing) else pretrained(tag).preprocessing
    return normalised(image, row if size is None else replace(row, size=size), channels=channels, resize=resize)
