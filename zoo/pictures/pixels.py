"""From a photo to the numbers that a model takes: resized, cropped and normalised, as a row of data says.

Equal to keras.applications' and timm's for the same weights. Images of 8 bits are resized by Pillow, antialiased, as
torchvision does it.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from zoo.errors import ConfigError, DataError
from zoo.pictures.preprocessing import Preprocessing, resized_side

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST = 16  # times the size: of a longer strip only the middle is resized, in bounded memory


def normalised(
    image: "Path | str | bytes | BinaryIO | np.ndarray | Image",
    row: Preprocessing,
    *,
    channels: int = 3,
    resize: bool = True,
) -> np.ndarray:
    """A photo -> (1, row.size, row.size, channels) float32: resized, cropped and normalised; see `zoo.preprocess`."""
    if type(channels) is not int or channels < 1:
        raise ConfigError(f"'channels' must be a number above 0; received {channels!r}.")
    if _is_pillow(image) or _holds_photo(image):
        pixels = _photo_pixels(image, row if resize else None)
    else:
        pixels = _array_pixels(image, channels)
        if resize:
            fit = [fitted(pixels[..., c], row) for c in range(pixels.shape[-1])]
            pixels = np.clip(np.stack(fit, axis=-1), 0, 255)  # floats overshoot where bicubic bytes are cut off
    return row.normalise(pixels, channels)[None]


def fitted(pixels: Any, row: Preprocessing) -> np.ndarray:
    """A Pillow image or (H, W) array -> array of `row.size` x `row.size`: the shorter side resized, the middle cut out.

    Sides and margins are rounded as in torchvision's Resize and CenterCrop.
    """
    return covered(pixels, row.size, row.size, crop=row.crop, interpolation=row.interpolation)


def covered(pixels: Any, height: int, width: int, *, crop: float = 1.0, interpolation: str = "bilinear") -> np.ndarray:
    """A Pillow image or (H, W) array -> array of `height` x `width`: resized until it covers that, the middle cut out.

    `crop` is the share of the resized image's shorter side that is kept.
    """
    from zoo.pictures.photos import Image

    image = pixels if _is_pillow(pixels) else Image.fromarray(np.ascontiguousarray(pixels))
    method = Image.Resampling[interpolation.upper()]
    high, wide = (resized_side(side, crop) for side in (height, width))
    if high * image.width >= wide * image.height:  # the height decides
        wide = max(wide, int(high * image.width / image.height))
    else:
        high = max(high, int(wide * image.height / image.width))
    left, top = round((wide - width) / 2), round((high - height) / 2)
    box = (left, top, left + width, top + height)
    if max(high, wide) > LONGEST * max(height, width):
        across, down = image.width / wide, image.height / high
        part = (left * across, top * down, box[2] * across, box[3] * down)
        return np.asarray(image.resize((width, height), method, box=part))
    if (wide, high) != image.size:
        image = image.resize((wide, high), method)
    return np.asarray(image.crop(box) if box != (0, 0, *image.size) else image)


def shrunk(pictures: np.ndarray, side: int) -> np.ndarray:
    """(n, H, W, C) -> (n, <= side * side): the mean over colours and over each of at most `side` x `side` tiles."""
    grey = pictures.mean(axis=-1, dtype=np.float32)
    for axis in (1, 2):
        edges = np.unique(np.linspace(0, grey.shape[axis], min(side, grey.shape[axis]) + 1).astype(int))
        sums = np.add.reduceat(grey, edges[:-1], axis=axis)
        grey = sums / np.diff(edges).reshape([-1 if each == axis else 1 for each in range(3)])
    return grey.reshape(len(grey), -1)


def array_image(pixels: np.ndarray) -> "Image":
    """An array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of numbers from 0 to 255 -> a Pillow image, RGB."""
    from zoo.pictures.photos import Image

    rounded = np.round(_array_pixels(pixels, 3)).astype(np.uint8)
    return Image.fromarray(rounded[..., 0] if rounded.shape[-1] == 1 else rounded).convert("RGB")


def _holds_photo(image: Any) -> bool:
    if isinstance(image, np.ndarray):
        return False  # and Pillow need not be there
    from zoo.pictures.photos import holds_photo

    return holds_photo(image)


def _is_pillow(image: Any) -> bool:
    return hasattr(image, "getexif") and hasattr(image, "convert")


def _photo_pixels(image: Any, row: Preprocessing | None) -> np.ndarray:
    """(H, W, 3) uint8; fitted if there is a row."""
    from zoo.pictures.photos import read_photo, upright

    photo = upright(image) if _is_pillow(image) else read_photo(image)
    if photo.note:
        warnings.warn(photo.note, stacklevel=4)
    return np.asarray(photo.image) if row is None else fitted(photo.image, row)


def _array_pixels(image: Any, channels: int) -> np.ndarray:
    """Anything like an array -> (H, W, C), uint8 or float32 of 0 to 255; C is 1, 3 or `channels`."""
    if hasattr(image, "detach"):  # a PyTorch tensor
        image = image.detach().cpu()
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "uif" or 0 in pixels.shape:
        raise DataError(
            f"An image is a file, a Pillow image, or an array (height, width) or (height, width, channels) of numbers;"
            f" received {_said(image, pixels)}."
        )
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    _require_range(pixels)
    if pixels.dtype != np.uint8:
        pixels = pixels.astype("uint8" if pixels.dtype.kind in "ui" else "float32")
    if pixels.shape[-1] == 4 and channels != 4:
        alpha = pixels[..., 3:] / np.float32(255)
        laid = pixels[..., :3] * alpha + 255 * (1 - alpha)
        pixels = np.round(laid).astype("uint8") if pixels.dtype == np.uint8 else laid.astype("float32")
    if pixels.shape[-1] not in (1, 3, channels):
        raise DataError(
            f"An image has 1, 3 or 4 channels, or the model's {channels}, in its last dimension;"
            f" received an array of shape {np.shape(image)}{_first_axis(np.shape(image))}."
        )
    return pixels


def _require_range(pixels: np.ndarray) -> None:
    least, most = pixels.min(), pixels.max()
    if not (least >= 0 and most <= 255):  # NaN too
        white = next((value for value in (1023, 4095, 16383, 65535) if least >= 0 and 255 < most <= value), None)
        cure = f": multiply them by 255 / {white}, if that is white" if white else ""
        raise DataError(f"The pixels of an image are numbers from 0 to 255; received {least} to {most}{cure}.")
    if 0 < most <= 1:
        raise DataError("The pixels of an image are numbers from 0 to 255; these are at most 1: multiply them by 255.")


def _first_axis(shape: tuple[int, ...]) -> str:
    return ", whose channels come first: np.moveaxis(image, 0, -1) puts them last" if shape[0] in (1, 3, 4) else ""


def _said(image: Any, pixels: np.ndarray) -> str:
    if pixels.ndim and pixels.dtype.kind in "uif":
        return f"an array of shape {pixels.shape}"
    return f"{image!r:.60}" if pixels.ndim == 0 else f"an array of {pixels.dtype}"
