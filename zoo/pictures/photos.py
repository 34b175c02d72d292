"""Files of photos, opened so that what is returned is upright, 8-bit RGB and whole, or one sentence says why not."""

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from zoo.errors import DataError, MissingExtraError
from zoo.files import HIDDEN
from zoo.pictures import SUFFIXES

try:
    from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError
except ImportError as error:
    raise MissingExtraError("Reading and resizing photos", "pillow", "images") from error

# Others that Pillow knows are no photos, or start a foreign program when they are read (EPS).
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF")
LARGEST = 100_000_000  # pixels decoded at the most: 0.4 GB
LARGEST_FILE = 1 << 30  # bytes of an open file read at the most
REDUCTIONS = (1, 2, 4, 8)  # a baseline JPEG can be decoded at this part of its size, in as much less memory
ORIENTATION = 0x0112  # the EXIF tag
SIDEWAYS = (5, 6, 7, 8)  # its values by which height and width change places
BITS, MOST_VALUE = 258, 281  # TIFF tags: bits of a sample, the largest there is
DARK = 1 << 14  # of 65,536: a file of 16 bits with nothing brighter is rather one of 12 or 14 bits, unsaid
LEAST_SIDE = 8  # pixels: of the smallest digits that anybody classifies
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, RuntimeError)


class Photo(NamedTuple):
    """An RGB image, what the user should know of how it was read ("" when there is nothing), and (width, height) of
    the whole picture, of which a JPEG may have been decoded at a part."""

    image: Image.Image
    note: str = ""
    size: tuple[int, int] = (0, 0)


def find_photos(given: Iterable[Path | str]) -> list[Path]:
    """The files that are named, and those in named folders and below whose names are those of pictures, in order.

    Raises `DataError` for a file that does not exist, a folder without pictures, and where nothing is named.
    """
    found: list[Path] = []
    for each in given:
        if not os.path.isdir(each):
            found.append(Path(_checked(each)))
            continue
        inside = sorted(path for path in Path(each).rglob("*") if _is_named_photo(path, Path(each)))
        if not inside:
            raise DataError(f"The folder '{each}' holds no pictures: no file that ends in {', '.join(SUFFIXES)}.")
        found += inside
    if not found:
        raise DataError("Name photos, or folders of them.")
    return found


def _is_named_photo(path: Path, folder: Path) -> bool:
    """Whether its name is that of a picture, and it is not hidden, as previews and traces of file systems are."""
    hidden = any(part.startswith(HIDDEN) for part in path.relative_to(folder).parts)
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()


def read_photo(source: Any, *, least: int | None = None) -> Photo:
    """The photo in a file: its path, its bytes, or an open binary file, which is read from its start and left where it
    was. `DataError` when there is none, or only a part of one.

    `least` pixels a side are enough: a larger JPEG is decoded at a part of its size, which is several times faster.

    Turned as its EXIF says; 16-bit grey scaled to 8 bits; transparent parts white; of several pictures (animation,
    pages) the first. A large baseline JPEG is decoded at a part of its size.
    """
    if isinstance(source, str | os.PathLike):
        name = _checked(source if isinstance(source, str) else Path(source))
        with _told(name), open(source, "rb") as file, _opened(file) as image:
            return upright(image, name, least)
    name, content = _content(source)
    with _told(name), _opened(io.BytesIO(content)) as image:
        return upright(image, name, least)


def holds_photo(source: Any) -> bool:
    """Whether it is what `read_photo` takes: a path, bytes or an open file; a view of an array is no photo."""
    if isinstance(source, memoryview):
        return source.ndim == 1 and source.itemsize == 1
    return isinstance(source, str | os.PathLike | bytes | bytearray) or callable(getattr(source, "read", None))


def _content(source: Any) -> tuple[str, bytes]:
    """(name, bytes) of bytes or an open file."""
    if isinstance(source, bytes | bytearray | memoryview):
        name, content = "The photo", bytes(source)
    else:
        given = getattr(source, "name", None)
        name = given if isinstance(given, str) and given else "The photo"
        with _told(name):
            content = _read_from_start(source)
        if not isinstance(content, bytes):
            raise DataError(f"{name} gives no bytes but {type(content).__name__}; open it as open(file, 'rb').")
    if not content:
        raise DataError(f"{name} is empty: no bytes are left to read.")
    if len(content) > LARGEST_FILE:
        raise DataError(f"{name} has more than {LARGEST_FILE:,} bytes; so large a photo is not read.")
    return name, content


def _read_from_start(file: Any) -> Any:
    """What an open file holds. One that cannot go back, of a network or a pipe, gives what is left of it."""
    place = file.tell() if getattr(file, "seekable", lambda: False)() else None
    if place is None:
        return file.read(LARGEST_FILE + 1)
    file.seek(0)
    try:
        return file.read(LARGEST_FILE + 1)
    finally:
        file.seek(place)


def upright(image: Image.Image, name: str = "The image", least: int | None = None) -> Photo:
    """The photo in an image that Pillow has opened, perhaps not loaded yet; `least` as in `read_photo`."""
    with _told(name):
        size = image.size
        if least is not None and image.format == "JPEG":
            image.draft(None, (least, least))
        _require_size(image, name)
        white, deep = _white(image), "16" in str(getattr(image, "tile", ""))
        image.load()
        several = image.format != "MPO" and getattr(image, "is_animated", False)  # MPO: previews of one photo
        orientation = image.getexif().get(ORIENTATION, 1)
        turned = ImageOps.exif_transpose(image) if orientation != 1 else image
        size = size[::-1] if orientation in SIDEWAYS else size
        photo = _rgb(turned, name, white)
        if deep and photo.mode == "RGB" and not image.mode.startswith("I"):
            _require_bright(int(np.asarray(photo).max()) * 257, name)
    note = f"{name} holds several pictures, an animation or pages: the first is taken." if several else ""
    return Photo(photo, note, size)


def _checked(path: Path | str) -> str:
    """The path as text, if it is that of a file."""
    name = str(os.fspath(path))  # of a text of numpy too
    if name.startswith(("http://", "https://")):
        raise DataError(f"{name} is an address; download the photo and give its file.")
    if "\0" in name or not os.path.exists(name):
        raise DataError(f"There is no photo at {name!r}.")
    if not os.path.isfile(name):
        raise DataError(f"{name} is a folder or a device; a photo is a file.")
    if not os.path.getsize(name):
        raise DataError(f"{name} is not a photo that can be read: it is empty.")
    return name


@contextmanager
def _opened(file: BinaryIO) -> Iterator[Image.Image]:
    """Pillow's image, its header read. A JPEG is opened past Pillow's limit of size: `_require_size` reduces it."""
    Image.init()
    is_jpeg = file.read(3) == b"\xff\xd8\xff"
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we have our own limit
        if is_jpeg:
            image: Image.Image = JpegImagePlugin.JpegImageFile(file)
        else:
            image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
    with image:
        yield image


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Whatever Pillow says of a file becomes one sentence."""
    try:
        yield
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is not a photo that can be read, such as {', '.join(FORMATS)}.") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{name} is too large: at most {LARGEST / 1e6:.0f} million pixels are read.") from error
    except PermissionError as error:
        raise DataError(f"{name} may not be read: {error.strerror}.") from error
    except (*DAMAGE, MemoryError, struct.error, zlib.error) as error:
        raise DataError(f"{name} is damaged or cut short: {error}.") from error


def _require_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if min(width, height) < LEAST_SIDE:
        raise DataError(f"{name} has {width} x {height} pixels; a photo has at least {LEAST_SIDE} a side.")
    if image.format == "JPEG" and not image.info.get("progressive"):  # a progressive one is decoded whole in any case
        part = next((part for part in REDUCTIONS if width * height <= LARGEST * part**2), REDUCTIONS[-1])
        if part > 1:
            image.draft(None, (width // part, height // part))
    if image.width * image.height > LARGEST:
        raise DataError(f"{name} has {width} x {height} pixels; at most {LARGEST / 1e6:.0f} million are read.")


def _white(image: Image.Image) -> int | None:
    """The value of white in a TIFF file of more than 8 bits, if it is said to be less than the most of 16 bits."""
    tags = getattr(image, "tag_v2", {})
    bits, most = tags.get(BITS, (16,)), tags.get(MOST_VALUE, 65535)
    bits, most = (each[0] if isinstance(each, tuple) and each else each for each in (bits, most))
    known = [value for value in (most, (1 << bits) - 1 if bits in range(9, 16) else 0) if 255 < value < 65535]
    return min(known, default=None)


def _require_bright(most: int, name: str) -> None:
    """Raise where values of 12 or 14 bits stand in a file of 16 that does not say so: it would be black."""
    if 0 < most < DARK:
        raise DataError(
            f"{name} has 16 bits, but no pixel above {most}, as of a camera of 12 or 14 bits: give an array of 0 to "
            "255, such as np.asarray(image) / 4095 * 255."
        )


def _rgb(image: Image.Image, name: str, white: int | None = None) -> Image.Image:
    """Any mode of Pillow's -> RGB."""
    if image.mode == "F":
        raise DataError(f"{name} has floating-point pixels, of unknown range; give an array of 0 to 255.")
    if image.mode.startswith("I"):  # convert() would cut all above 255 off
        return _eight_bits(image, name, white)
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        return over_white(image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def over_white(image: Image.Image) -> Image.Image:
    """RGBA -> RGB, on a white ground: what lies under transparent pixels was never meant to be seen."""
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _eight_bits(image: Image.Image, name: str, white: int | None) -> Image.Image:
    """16-bit grey -> RGB; `white` is the value of white where the file says it."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise DataError(f"{name} has pixels from {values.min()} to {values.max()}; expected 8 or 16 bits, from 0.")
    if white is None:
        _require_bright(int(values.max()), name)
    shades = np.minimum(np.rint(values * (255 / (white or 65535))), 255)
    return Image.fromarray(shades.astype("uint8")).convert("RGB")
