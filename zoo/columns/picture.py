"""Pictures: files, arrays or Pillow images, decoded when a batch asks for them; normalised as the model wants it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.frames import pandas, shown
from zoo.errors import ConfigError, DataError
from zoo.lazy_array import LazyArray
from zoo.pictures.preprocessing import Preprocessing

SAMPLE = 500  # training pictures, evenly spaced, of which sizes, colours and brightness are learnt
USUAL = 224  # pixels a side where the training pictures' own sizes do not say
SPARE = 2  # a JPEG is decoded at no less than so many times the size that is wanted
GREY_VALUE = 127  # of a picture that stands for one that cannot be read
PRESENT = "_present"  # the input beside that of an optional picture ends so
LOOKED_AT = 1 << 20  # bytes of a large file, at three places, that tell it from another
LEAST_DEVIATION = 1.0  # of pixels from 0 to 255: those of pictures without any contrast are not blown up


@register
@dataclass(frozen=True)
class PictureColumn(Column):
    """Pictures (height, width, channels), resized until they cover that and cut in the middle.

    The other fields are those of `Preprocessing`: numbers = (pixels * scale - mean) / std. They are those of the
    weights that a training starts from; else mean and deviation of each colour are learnt of the training pictures.

    Of an `optional` column rows may have no picture: a second input, "NAME_present" (n,), is 1 where there is one, and
    0 where the first holds a plain grey picture, which a model must not look at.
    """

    height: int = USUAL
    width: int = USUAL
    channels: int = 3
    crop: float = 1.0
    interpolation: str = "bilinear"
    colour: str = "rgb"
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    optional: bool = False

    kind: ClassVar[str] = "picture"

    @classmethod
    def fit(
        cls,
        values: Values,
        name: str,
        size: int | Sequence[int] | None = None,
        channels: int | None = None,
        preprocessing: Mapping[str, Any] | None = None,
        optional: bool = False,
    ) -> Self:
        """Learn size, colours and brightness of the training pictures, where they are not given.

        size           pixels a side, or (height, width).
        channels       1 for grey, 3 for colours.
        preprocessing  the fields of a `Preprocessing`, whose own size counts where `size` is not given.
        optional       whether rows may have no picture.
        """
        row = None if preprocessing is None else Preprocessing.from_json(preprocessing)
        height, width = _sides(size, name) if size is not None else (row.size, row.size) if row else (0, 0)
        if channels not in (None, 1, 3):
            raise ConfigError(f"'channels' of pictures must be 1 (grey) or 3 (colours); received {channels!r}.")
        if row is not None and height and channels:
            return cls(name, "", height, width, channels, **_numbers_of(row), optional=optional)
        items = [each for each, none in zip(values, _are_missing(values), strict=True) if not (none and optional)]
        if not items:
            raise DataError(f"The column {shown(name)} has no picture in any training row: ignore it.")
        chosen = [items[place] for place in np.unique(np.linspace(0, len(items) - 1, SAMPLE).astype(int))]
        pictures = [picture for each in chosen if (picture := _if_readable(each, name)) is not None]
        if not pictures:
            raise DataError(f"None of the training pictures of the column {shown(name)} can be read.")
        if not height:
            height, width = _usual_size(pictures)
        channels = channels or (1 if all(_is_grey(each) for each in pictures) else 3)
        found = cls(name, "", height, width, channels, **(_numbers_of(row) if row else {}), optional=optional)
        return found if row else replace(found, **found._learnt(pictures))

    def _learnt(self, pictures: Sequence[Any]) -> dict[str, Any]:
        """Mean and deviation of each colour over some training pictures."""
        sums, squares = np.zeros(self.channels), np.zeros(self.channels)
        for each in pictures:
            pixels = self._fitted(each).reshape(-1, self.channels).astype(np.float64)
            sums += pixels.mean(axis=0)
            squares += (pixels**2).mean(axis=0)
        mean = sums / len(pictures)
        deviation = np.maximum(np.sqrt(np.maximum(squares / len(pictures) - mean**2, 0.0)), LEAST_DEVIATION)
        three = [[round(float(value), 4) for value in np.resize(each, 3)] for each in (mean, deviation)]
        return {"mean": tuple(three[0]), "std": tuple(three[1])}

    def encode(self, values: Values) -> Any:
        """(n,) files, bytes, arrays or Pillow images -> lazily (n, height, width, channels) float32.

        Of an optional column, beside what says where there is one.
        """
        missing = _are_missing(values)
        if missing.any() and not self.optional:
            raise DataError(f"The column {shown(self.name)} has no picture in row {int(np.argmax(missing)) + 1}.")
        pictures = self._lazy([None if none else each for each, none in zip(values, missing, strict=True)])
        if not self.optional:
            return pictures
        return {self.input: pictures, self.input + PRESENT: (~missing).astype("float32")}

    def _lazy(self, items: Any) -> LazyArray:
        """The pictures, decoded when they are read; None is a plain one."""
        shape = (self.height, self.width, self.channels)
        if all(isinstance(each, np.ndarray) and each.dtype == np.uint8 and each.shape == shape for each in items):
            items, decode = np.stack(items), None  # nothing is left to be decoded
        else:
            decode = self._pixels
        return LazyArray(
            items,
            decode,
            shape=shape,
            dtype="float32",
            finish=self.numbers,
            stand_in=np.full(shape, GREY_VALUE, np.uint8),
            identity=content_of,
            fingerprint=repr(sorted(asdict(self).items())),
        )

    def numbers(self, pixels: np.ndarray) -> np.ndarray:
        """(k, height, width, channels) pixels from 0 to 255 -> the float32 numbers that the model takes."""
        row = Preprocessing(self.height, self.crop, self.interpolation, self.colour, self.scale, self.mean, self.std)
        return row.normalise(pixels, self.channels)

    def _pixels(self, item: Any) -> np.ndarray:
        """(height, width, channels) uint8 of one value."""
        from zoo.pictures.photos import read_photo

        if item is None:
            return np.full((self.height, self.width, self.channels), GREY_VALUE, np.uint8)
        if isinstance(item, str | Path | bytes):
            return self._fitted(read_photo(item, least=SPARE * max(self.height, self.width)).image)
        return self._fitted(_picture(item, self.name))

    def _fitted(self, picture: Any) -> np.ndarray:
        from zoo.pictures.pixels import covered

        grey = picture.convert("L") if self.channels == 1 else picture
        pixels = covered(grey, self.height, self.width, crop=self.crop, interpolation=self.interpolation)
        return pixels.reshape(self.height, self.width, self.channels)

    @property
    def spec(self) -> InputSpec:
        return InputSpec((self.height, self.width, self.channels), "float32")

    @property
    def inputs(self) -> Mapping[str, InputSpec]:
        present = {self.input + PRESENT: InputSpec((), "float32")} if self.optional else {}
        return {self.input: self.spec, **present}

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        shapes = {each.input: [each.height, each.width, each.channels] for each in columns}
        optional = [each.input for each in columns if each.optional]
        return {"pictures": shapes, **({"optional": optional} if optional else {})}

    def raw(self, values: Values) -> list[Any]:
        return list(values)

    def describe(self) -> str:
        colours = "grey" if self.channels == 1 else "colours"
        return f"{self.width} x {self.height} pixels, {colours}"


def _picture(item: Any, name: str) -> Any:
    """An upright RGB image of Pillow's. Raises `DataError` for what is no picture."""
    from zoo.pictures.photos import read_photo, upright

    if isinstance(item, str | Path | bytes):
        return read_photo(item).image
    if isinstance(item, np.ndarray):
        from zoo.pictures.pixels import array_image

        return array_image(item)
    if hasattr(item, "getexif"):
        return upright(item, f"a picture of {shown(name)}").image
    raise DataError(
        f"The column {shown(name)} must hold pictures: paths of files, arrays (height, width, channels) or Pillow "
        f"images; received {shown(repr(item))}."
    )


def _if_readable(item: Any, name: str) -> Any:
    try:
        return _picture(item, name)
    except DataError:
        return None


def _are_missing(values: Values) -> np.ndarray:
    """(n,) bool: which values are none."""
    return np.asarray(pandas().isna(pandas().Series(list(values), dtype=object)), dtype=bool)


def content_of(item: Any) -> str:
    """What tells one picture from another, without decoding it: wherever the file stands, and whatever it is called.

    Names and sizes would not do: uncompressed pictures all have one size, and those of two folders the same names.
    """
    if item is None:
        return "none"
    if isinstance(item, str | Path):
        try:
            return sha256(_some_bytes(Path(item))).hexdigest()
        except OSError:
            return f"{item} cannot be read"
    if isinstance(item, np.ndarray):
        return f"{item.shape} {sha256(item.tobytes()).hexdigest()}"
    return sha256(item if isinstance(item, bytes) else item.tobytes()).hexdigest()


def _some_bytes(path: Path) -> bytes:
    """A file's size and content; of a large one its beginning, middle and end."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        if size <= 3 * LOOKED_AT:
            return file.read()
        parts = [f"{size}".encode()]
        for start in (0, (size - LOOKED_AT) // 2, size - LOOKED_AT):
            file.seek(start)
            parts.append(file.read(LOOKED_AT))
        return b"".join(parts)


def _is_grey(picture: Any) -> bool:
    """Whether red, green and blue are the same everywhere."""
    small = np.asarray(picture.resize((16, 16)), dtype=int).reshape(16, 16, -1)
    return bool((np.ptp(small, axis=-1) <= 1).all())


def _usual_size(pictures: Sequence[Any]) -> tuple[int, int]:
    """(height, width) that most pictures have, where that is no more than usual; else the usual square."""
    (width, height), count = Counter(each.size for each in pictures).most_common(1)[0]
    return (height, width) if 2 * count > len(pictures) and max(height, width) <= USUAL else (USUAL, USUAL)


def _sides(size: Any, name: str) -> tuple[int, int]:
    sides = (size, size) if type(size) is int else tuple(size) if isinstance(size, list | tuple) else ()
    if len(sides) != 2 or not all(type(side) is int and 1 <= side <= 10_000 for side in sides):
        raise ConfigError(f"'size' of {shown(name)} must be pixels a side, or (height, width); received {size!r}.")
    return sides


def _numbers_of(row: Preprocessing) -> dict[str, Any]:
    return {key: value for key, value in asdict(row).items() if key != "size"}
