"""Volumes: files or arrays of voxels, decoded when a batch asks for them; resampled, cut, windowed, normalised."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.frames import pandas, shown
from zoo.columns.picture import content_of
from zoo.errors import ConfigError, DataError, DataWarning, is_number
from zoo.lazy_array import LazyArray
from zoo.volumes import Crop, Preparation, Volume
from zoo.volumes.preparation import crops_of, median_spacing, warn_of_unknown_spacings

SAMPLE = 100  # training volumes, evenly spaced, of which shape, spacing, window, mean and deviation are learnt
LARGEST = 64  # voxels a side where nobody says how many: larger volumes are resampled to that
DARK_AND_LIGHT = (0.5, 99.5)  # percentiles of all voxels between which numbers tell something (Isensee et al. 2021)
LEAST_DEVIATION = 1e-3  # of the windowed voxels, which reach from 0 to 1: an empty volume is not blown up


@register
@dataclass(frozen=True)
class VolumeColumn(Column):
    """Volumes (depth, height, width, 1): cut or padded to that about their middle, or about the point of a `Crop`.

    The numbers are ((voxels - low) / (high - low), cut to 0..1, - mean) / std. A value is the path of a file or of a
    folder of DICOM slices, an array (depth, height, width), or a `zoo.volumes.Crop` of one of these.

    spacing      millimetres to which volumes are resampled; None: voxels are taken as they are.
    said         whether training files said theirs: one that does not is then told, and taken as 1 mm.
    percentiles  of each volume, which are its low and high; None: all have the same.
    pointed      whether training volumes were cut about points: one without is then refused, as it is another input.
    points       the columns (depth, height, width) of the rows that say these points, where there are some.
    """

    depth: int = 1
    height: int = 1
    width: int = 1
    spacing: tuple[float, float, float] | None = None
    said: bool = False
    low: float = 0.0
    high: float = 1.0
    percentiles: tuple[float, float] | None = None
    mean: float = 0.0
    std: float = 1.0
    pointed: bool = False
    points: tuple[str, ...] = ()

    kind: ClassVar[str] = "volume"

    @classmethod
    def fit(
        cls,
        values: Values,
        name: str,
        shape: int | Sequence[int] | None = None,
        spacing: float | Sequence[float] | None = None,
        window: Sequence[float] | None = None,
        percentiles: Sequence[float] | None = None,
        points: Sequence[str] | None = None,
    ) -> Self:
        """Learn of the training volumes what is not given, and always mean and deviation of the windowed voxels.

        shape        voxels (depth, height, width), or of each side; else those of most volumes, or of the median one,
                     resampled where it is larger than 64 a side.
        spacing      millimetres to which all are resampled; else the median one where the files say theirs.
        window       (centre, width) of the numbers that are told apart, as (-600, 1500) of lungs in CT; else all that
                     volumes of bytes hold, and of others what lies between two percentiles of all training voxels.
        percentiles  a window for each volume between two of its own percentiles, as (0.5, 99.5) of MRI.
        points       the columns of the rows that the points of crops come from, and will for rows to predict.
        """
        items = [each for each in values if not _is_missing(each)]
        if not items:
            raise DataError(f"The column {shown(name)} has no volume in any training row: ignore it.")
        low, high = _window(window, percentiles, name)
        wanted = _three(shape, "shape", name)
        if wanted is not None and not all(side == int(side) for side in wanted):
            raise ConfigError(f"'shape' of {shown(name)} must be whole numbers of voxels; received {shape!r}.")
        own = None if percentiles is None else (float(percentiles[0]), float(percentiles[1]))
        steps = _three(spacing, "spacing", name)
        pointed = all(isinstance(each, Crop) for each in items)
        if points and not pointed:
            raise ConfigError(f"'points' of {shown(name)} are those of crops; its values are whole volumes.")
        named = tuple(points or ())
        found = cls(name, "", spacing=steps, low=low, high=high, percentiles=own, pointed=pointed, points=named)
        volumes = found._readable(items)
        said = any(volume.spacing is not None for volume, _ in volumes)
        if said or spacing is not None:
            warn_of_unknown_spacings([volume for volume, _ in volumes], f"volumes of {shown(name)}")
        sides, steps = _usual(volumes, wanted, found.spacing)
        found = replace(found, depth=sides[0], height=sides[1], width=sides[2], spacing=steps, said=said)
        Preparation(sides, steps)  # checks both
        cut = [found._decoded(*each).astype(np.float32) for each in volumes]
        if window is None and percentiles is None:
            low, high = _range(cut, all(volume.voxels.dtype == np.uint8 for volume, _ in volumes))
            found = replace(found, low=low, high=high)
        windowed = np.concatenate([found._windowed(each).reshape(-1) for each in cut])
        deviation = max(float(windowed.std(dtype=np.float64)), LEAST_DEVIATION)
        return replace(found, mean=round(float(windowed.mean(dtype=np.float64)), 6), std=round(deviation, 6))

    def _readable(self, items: list[Any]) -> list[tuple[Volume, Any]]:
        """Some of the training volumes, with their points, as far as they can be read."""
        found, last = [], None
        for place in np.unique(np.linspace(0, len(items) - 1, SAMPLE).astype(int)).tolist():
            try:
                found.append(self._read(items[place]))
            except DataError as error:
                last = error
        if not found:
            raise DataError(f"None of the training volumes of the column {shown(self.name)} can be read: {last}")
        return found

    @property
    def preparation(self) -> Preparation:
        """How voxels become those that the model sees."""
        return Preparation((self.depth, self.height, self.width), self.spacing)

    def encode(self, values: Values) -> Any:
        """(n,) files, arrays or crops -> lazily (n, depth, height, width, 1) float32."""
        items: Any = list(values)
        decode: Any = self._voxels
        for row, item in enumerate(items):
            if _is_missing(item):
                raise DataError(f"The column {shown(self.name)} has no volume in row {row + 1}.")
        shape = (self.depth, self.height, self.width)
        alike = items and all(isinstance(each, np.ndarray) and each.shape == shape for each in items)
        plain = alike and self.percentiles is None and self.spacing in (None, (1.0, 1.0, 1.0))
        if plain and len({each.dtype for each in items}) == 1 and items[0].dtype in (np.uint8, np.int16):
            items, decode = np.stack(items)[..., None], None  # nothing is left to be decoded
        return LazyArray(
            items,
            decode,
            shape=(*shape, 1),
            dtype="float32",
            finish=self.numbers,
            stand_in=np.full((*shape, 1), 0.0 if self.percentiles else self.low, np.float32),
            identity=identity_of,
            fingerprint=repr(sorted(asdict(self).items())),
        )

    @property
    def beside(self) -> tuple[str, ...]:
        return self.points

    def with_beside(self, values: Values, rows: Any) -> Values:
        """Crops about the points of the rows; a volume without three numbers stays one without a point."""
        numbers = rows[list(self.points)].apply(pandas().to_numeric, errors="coerce").to_numpy(float)
        return pandas().Series(crops_of(list(values), numbers), index=values.index, dtype=object)

    def numbers(self, voxels: np.ndarray) -> np.ndarray:
        """(k, depth, height, width, 1) decoded voxels -> the float32 numbers that the model takes."""
        return (self._windowed(voxels) - np.float32(self.mean)) / np.float32(self.std)

    def _windowed(self, voxels: np.ndarray) -> np.ndarray:
        """Voxels -> float32 from 0 to 1; with percentiles they are that already."""
        if self.percentiles is not None:
            return np.clip(voxels.astype(np.float32), 0.0, 1.0)
        scaled = (voxels.astype(np.float32) - np.float32(self.low)) / np.float32(self.high - self.low)
        return np.clip(scaled, 0.0, 1.0)

    def _voxels(self, item: Any) -> np.ndarray:
        """(depth, height, width, 1) float32 of one value."""
        return self._decoded(*self._read(item)).astype(np.float32, copy=False)[..., None]

    def _read(self, item: Any) -> tuple[Volume, Any]:
        """The volume of a value, and the point to cut it about, or None."""
        from zoo.volumes.files import read_volume

        source, point = (item.source, item.point) if isinstance(item, Crop) else (item, None)
        if not isinstance(source, str | Path | np.ndarray | Volume):
            raise DataError(
                f"The column {shown(self.name)} must hold volumes: paths of files or arrays (depth, height, width); "
                f"received {shown(repr(source))}."
            )
        if point is None and self.pointed:
            told = f"the columns {', '.join(self.points)} of rows, or " if self.points else ""
            raise DataError(
                f"The volumes of {shown(self.name)} were cut about points in training, and one comes without: give "
                f"{told}zoo.volumes.Crop(volume, (depth, height, width))."
            )
        volume = read_volume(source, name=f"A volume of {shown(self.name)}")
        if volume.spacing is None and self.said:
            named = f"'{source}'" if isinstance(source, str | Path) else f"A volume of {shown(self.name)}"
            warnings.warn(f"{named} does not say its spacing: 1 mm is taken.", DataWarning, stacklevel=2)
        return volume, point

    def _decoded(self, volume: Volume, point: Any) -> np.ndarray:
        """Voxels of the column's shape; with percentiles from 0 to 1."""
        if self.percentiles is None:
            return self.preparation.fitted(volume, point)
        low, high = np.percentile(volume.voxels, self.percentiles)
        scaled = (volume.voxels.astype(np.float32) - np.float32(low)) / np.float32(max(high - low, 1e-6))
        return self.preparation.fitted(replace(volume, voxels=scaled), point)

    @property
    def spec(self) -> InputSpec:
        return InputSpec((self.depth, self.height, self.width, 1), "float32")

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        return {"volumes": {each.input: [each.depth, each.height, each.width, 1] for each in columns}}

    def raw(self, values: Values) -> list[Any]:
        return list(values)

    def describe(self) -> str:
        told = f"{self.depth} x {self.height} x {self.width} voxels"
        if self.spacing is None:
            told += ", spacing not known"
        else:
            told += " of " + " x ".join(f"{each:.3g}" for each in self.spacing) + " mm"
            told += "" if self.said else " (spacing not known, taken as 1)"
        if self.percentiles is not None:
            return (
                f"{told}, numbers between the percentiles {self.percentiles[0]:g} and {self.percentiles[1]:g} of each"
            )
        return f"{told}, numbers from {self.low:g} to {self.high:g}"


def identity_of(item: Any) -> str:
    """What tells one volume from another, without decoding it."""
    if isinstance(item, Crop):
        return f"{identity_of(item.source)} at {tuple(item.point)}"
    if isinstance(item, Volume):
        return f"{content_of(item.voxels)} of {item.spacing}"
    if isinstance(item, str | Path) and Path(item).is_dir():
        inside = sorted(path for path in Path(item).iterdir() if path.is_file())
        return sha256(" ".join(content_of(path) for path in inside).encode()).hexdigest()
    return content_of(item)


def _is_missing(item: Any) -> bool:
    found = False if isinstance(item, Crop | Volume) else pandas().isna(item)
    return np.ndim(found) == 0 and bool(found)  # of an array or a list each number is asked


def _usual(
    volumes: Sequence[tuple[Volume, Any]], wanted: Any, spacing: Any
) -> tuple[tuple[int, int, int], tuple[float, float, float] | None]:
    """(shape, spacing) of what a model sees, where they are not given."""
    spacing = spacing or median_spacing([volume for volume, _ in volumes])
    if wanted is not None:
        depth, height, width = (int(side) for side in wanted)
        return (depth, height, width), spacing
    sizes = np.array([volume.voxels.shape for volume, _ in volumes], float)
    if spacing is not None:
        sizes *= np.array([volume.spacing or (1.0,) * 3 for volume, _ in volumes]) / np.array(spacing)
    sides = np.maximum(np.rint(np.median(sizes, axis=0)), 1)
    if sides.max() > LARGEST:
        coarser = np.maximum(sides / LARGEST, 1.0)
        spacing = tuple(round(float(each), 6) for each in np.array(spacing or (1.0,) * 3) * coarser)
        sides = np.minimum(sides, LARGEST)
    depth, height, width = (int(side) for side in sides)
    return (depth, height, width), spacing


def _range(volumes: Sequence[np.ndarray], of_bytes: bool) -> tuple[float, float]:
    """(low, high) of the numbers that are told apart."""
    voxels = np.concatenate([each.reshape(-1) for each in volumes])
    low, high = (0.0, 0.0) if of_bytes else np.percentile(voxels, DARK_AND_LIGHT)
    if not high > low:  # bytes; or a mask, of which nearly all voxels are one number
        low, high = float(voxels.min()), float(voxels.max())
    return round(float(low), 4), round(float(high), 4) if high > low else round(float(low), 4) + 1.0


def _window(window: Any, percentiles: Any, name: str) -> tuple[float, float]:
    """(low, high) of a window that is given. Raises `ConfigError` for one that is none."""
    if window is not None and percentiles is not None:
        raise ConfigError(f"Volumes of {shown(name)} have a 'window' or 'percentiles', not both.")
    for told, given, right in (
        ("window", window, "(centre, width), the second above 0"),
        ("percentiles", percentiles, "two numbers from 0 to 100, the smaller first"),
    ):
        if given is not None:
            pair = list(given) if isinstance(given, list | tuple) else []
            fits = len(pair) == 2 and all(is_number(each) for each in pair)
            fits = fits and (pair[1] > 0 if told == "window" else 0 <= pair[0] < pair[1] <= 100)
            if not fits:
                raise ConfigError(f"'{told}' of {shown(name)} must be {right}; received {given!r}.")
    return (0.0, 1.0) if window is None else (window[0] - window[1] / 2, window[0] + window[1] / 2)


def _three(given: Any, what: str, name: str) -> tuple[float, float, float] | None:
    """Three numbers above 0, of one for all axes or of three. Raises `ConfigError` for anything else."""
    if given is None:
        return None
    three = (given,) * 3 if is_number(given) else tuple(given) if isinstance(given, list | tuple) else ()
    if len(three) != 3 or not all(is_number(each) and each > 0 for each in three):
        raise ConfigError(
            f"'{what}' of {shown(name)} must be one number above 0, or three, (depth, height, width); received "
            f"{given!r}."
        )
    depth, height, width = (float(each) for each in three)
    return depth, height, width
