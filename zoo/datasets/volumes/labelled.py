"""Volumes with labelled structures, of any size: what windows are cut from, and what a search is judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zoo.columns import OutputColumn, Schema, VolumeColumn
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError, DataError
from zoo.samples import Samples, Target
from zoo.structures.masks import mask_windows, window_shape
from zoo.structures.structure import Structure
from zoo.structures.windows import windows_of
from zoo.volumes import Preparation, Volume
from zoo.volumes.preparation import median_spacing, warn_of_unknown_spacings
from zoo.volumes.volume import MOST_VOXELS

VOLUME, CENTRE, RADIUS, MASK = "volume", "centre", "radius", "mask"
SIDE, STRIDE = 24, 2  # of windows in voxels, and of the maps of centres
AROUND, ELSEWHERE = (2, 12), (4, 24)  # windows of a structure, and of a volume: at least and at most
WINDOWS = 480  # around structures that training has, if it can; twice as many elsewhere
FEWER = 4  # times, of those that judge an epoch


@dataclass(frozen=True)
class Labelled:
    """A volume as it was read, with its structures in its voxels, or with a mask of its shape."""

    name: str
    volume: Volume
    structures: tuple[Structure, ...] = ()
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class LabelledVolumes:
    """Three splits of labelled volumes; no volume, and no case, stands in two.

    labels   of the masks, the background first; () where structures are round: centres with radii.
    side     voxels of a window.
    windows  around structures that a training has, about; twice as many elsewhere.
    spacing  millimetres (depth, height, width) to which all are resampled; None: the median one of the training volumes
             that say theirs; where none does, voxels are taken as they are.
    """

    name: str
    train: Sequence[Labelled]
    validation: Sequence[Labelled]
    test: Sequence[Labelled]
    labels: tuple[str, ...] = ()
    side: int = SIDE
    windows: int = WINDOWS
    spacing: tuple[float, float, float] | None = None
    seed: int = 0
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "volumes"

    def dataset(self, schema: Schema | None = None) -> Dataset:
        """Windows to train on and to choose an epoch by; the whole volumes are the `table` of the data set."""
        told = self.schema() if schema is None else schema
        if schema is not None:
            self._require_meaning(schema)
        parts = (self.train, self.validation, self.test)
        if told.of(VOLUME)[0].spacing is not None:
            each_once = {id(each): each.volume for part in parts for each in part}
            warn_of_unknown_spacings([*each_once.values()], f"volumes of '{self.name}'")
        train, validation, test = (
            self.cut(part, told, number, self.windows // FEWER if number else self.windows)
            for number, part in enumerate(parts)
        )
        table: Any = self  # whole volumes, where other data sets have rows
        return Dataset(self.name, train, validation, test, told.targets, told, self.limits, self.card, table)

    def schema(self) -> Schema:
        """How voxels become numbers, learnt of the training volumes, and what is predicted of a window."""
        spacing = self.spacing or median_spacing([each.volume for each in self.train])
        volumes = [resampled(each.volume, spacing)[0] for each in self.train]
        column = VolumeColumn.fit([_drawn(each, self.side, self.seed) for each in volumes], VOLUME, shape=self.side)
        said = any(each.volume.spacing is not None for each in self.train)
        column = replace(column, input=VOLUME, spacing=spacing, said=said)
        if self.labels:
            outputs: tuple[OutputColumn, ...] = (OutputColumn(MASK, Target("mask", self.labels), MASK),)
        else:
            radius = Target("regression", unit="voxels")
            outputs = (OutputColumn(CENTRE, Target("heat_map"), CENTRE), OutputColumn(RADIUS, radius, RADIUS))
        found = Schema((column,), outputs, None, len(self.train))
        if not self.labels:
            return found
        depth, height, width = window_shape([each.voxels for each in volumes], self.side)
        return replace(found, columns=(replace(column, depth=depth, height=height, width=width),))

    def cut(self, part: Sequence[Labelled], schema: Schema, number: int, wanted: int) -> Samples:
        """Windows of a split as samples, about as many for few volumes as for many, and the same for the same seed."""
        read = [prepared(each, schema) for each in part]
        if self.labels:
            return mask_windows([each for each, _, _ in read], [mask for _, _, mask in read], trained_window(schema))
        volumes, known = [each for each, _, _ in read], [structures for _, structures, _ in read]
        around = int(np.clip(round(wanted / max(sum(map(len, known)), 1)), *AROUND))
        elsewhere = int(np.clip(round(2 * wanted / len(part)), *ELSEWHERE))
        options = {"seed": self.seed + number, "side": self.side, "stride": STRIDE}
        return windows_of(volumes, known, around=around, elsewhere=elsewhere, **options)

    def _require_meaning(self, schema: Schema) -> None:
        ours, theirs = set(self.schema_targets()), set(schema.targets)
        if ours != theirs:
            raise ConfigError(
                f"The model predicts {', '.join(sorted(theirs))}; '{self.name}' has labels of "
                f"{', '.join(sorted(ours))}."
            )

    def schema_targets(self) -> tuple[str, ...]:
        return (MASK,) if self.labels else (CENTRE, RADIUS)


def _drawn(volume: Volume, side: int, seed: int) -> Volume:
    """A window of voxels from all over a larger volume: what numbers there are does not hang on its middle alone."""
    if max(volume.voxels.shape) <= side:
        return volume
    places = np.random.default_rng(seed).integers(0, volume.voxels.size, (side, side, side))
    return replace(volume, voxels=volume.voxels.reshape(-1)[places])


def numbers_of(volume: Volume, schema: Schema) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A volume -> (the numbers (D, H, W) that the model takes of all of it, voxels of the volume for one of them)."""
    column: VolumeColumn = schema.of(VOLUME)[0]
    found, factors = resampled(_scaled(column, volume), column.spacing)
    return column.numbers(found.voxels), factors


def resampled(volume: Volume, spacing: Sequence[float] | None) -> tuple[Volume, tuple[float, float, float]]:
    """All of a volume in voxels of so many millimetres, about its middle, and its own voxels for one of them.

    A spacing that the volume does not say is taken as 1 mm. Returned as voxels that are taken as they are. Raises
    `DataError` where they would be too many.
    """
    if spacing is None:
        return Volume(volume.voxels), (1.0, 1.0, 1.0)
    depth, height, width = spacing
    factors = Preparation((1, 1, 1), (depth, height, width)).factors(volume)
    first, second, third = (
        max(round(side / factor), 1) for side, factor in zip(volume.voxels.shape, factors, strict=True)
    )
    if first * second * third > MOST_VOXELS:
        given = "of unknown spacing" if volume.spacing is None else f"of {_by(volume.spacing)} mm"
        raise DataError(
            f"A volume of {_by(volume.voxels.shape)} voxels {given} would have {first * second * third:,} voxels of "
            f"{_by(spacing)} mm; at most {MOST_VOXELS:,} are read. Does its file say the right spacing?"
        )
    return Volume(Preparation((first, second, third), (depth, height, width)).fitted(volume)), factors


def _by(numbers: Sequence[float]) -> str:
    return " x ".join(f"{each:g}" for each in numbers)


def trained_window(schema: Schema) -> tuple[int, int, int]:
    """The shape of the windows that a model of masks is trained on, in all splits, and searches with."""
    column: VolumeColumn = schema.of(VOLUME)[0]
    return column.depth, column.height, column.width


def _scaled(column: VolumeColumn, volume: Volume) -> Volume:
    """With its own percentiles brought to 0 to 1, where the column says so."""
    if column.percentiles is None:
        return volume
    low, high = np.percentile(volume.voxels, column.percentiles)
    voxels = (volume.voxels.astype(np.float32) - np.float32(low)) / np.float32(max(high - low, 1e-6))
    return replace(volume, voxels=voxels)


def to_model(structure: Structure, volume: Volume, shape: Sequence[int], factors: Sequence[float]) -> Structure:
    """A structure in a volume's voxels -> in those that the model sees, of `shape`; both share their middle."""
    sides = zip(structure.centre, volume.voxels.shape, shape, factors, strict=True)
    x, y, z = ((at + 0.5 - side / 2) / factor + seen / 2 - 0.5 for at, side, seen, factor in sides)
    return replace(structure, centre=(x, y, z), radius=structure.radius / float(np.mean(factors)))


def from_model(structure: Structure, volume: Volume, shape: Sequence[int], factors: Sequence[float]) -> Structure:
    """The inverse of `to_model`, with the centre in millimetres too."""
    sides = zip(structure.centre, volume.voxels.shape, shape, factors, strict=True)
    x, y, z = ((at + 0.5 - seen / 2) * factor + side / 2 - 0.5 for at, side, seen, factor in sides)
    found = replace(structure, centre=(x, y, z), radius=structure.radius * float(np.mean(factors)))
    return found.with_spacing(volume.spacing)


def prepared(each: Labelled, schema: Schema) -> tuple[np.ndarray, list[Structure], np.ndarray | None]:
    """What the model sees of a labelled volume: numbers, structures in their voxels, and the mask."""
    numbers, factors = numbers_of(each.volume, schema)
    known = [to_model(structure, each.volume, numbers.shape, factors) for structure in each.structures]
    if each.mask is None:
        return numbers, known, None
    if each.mask.shape != each.volume.voxels.shape:
        raise DataError(
            f"The mask of '{each.name}' has the shape {each.mask.shape}; its volume has {each.volume.voxels.shape}."
        )
    return numbers, known, mask_to_model(each.mask, numbers.shape, factors)


def mask_to_model(mask: np.ndarray, shape: Sequence[int], factors: Sequence[float]) -> np.ndarray:
    """A mask in a volume's voxels -> in those that the model sees, of `shape`: the label at the middle of each."""
    return _nearest(mask, shape, factors)


def mask_from_model(mask: np.ndarray, shape: Sequence[int], factors: Sequence[float]) -> np.ndarray:
    """A mask in what the model sees -> in the voxels of its volume, of `shape`."""
    return _nearest(mask, shape, [1.0 / each for each in factors])


def _nearest(mask: np.ndarray, shape: Sequence[int], factors: Sequence[float]) -> np.ndarray:
    """The labels at the middles of new voxels, `factors` old ones long, about the same middle."""
    places = []
    for given, side, factor in zip(mask.shape, shape, factors, strict=True):
        middles = (np.arange(side) + 0.5 - side / 2) * factor + given / 2
        places.append(np.clip(np.floor(middles + 1e-6), 0, given - 1).astype(int))
    return np.asarray(mask[np.ix_(*places)])
