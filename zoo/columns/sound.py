"""Sounds: files, bytes or arrays of samples, decoded when a batch asks for them; mel spectrograms, normalised."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.frames import pandas, shown
from zoo.columns.picture import content_of
from zoo.errors import ConfigError, DataError, is_number, require_known
from zoo.lazy_array import LazyArray
from zoo.sounds.mel import FrontEnd

SAMPLE = 200  # training sounds, evenly spaced, of which mean and deviation are learnt
LEAST_DEVIATION = 1.0  # decibels: silence is not blown up
SCALE = ("mean", "std")


@register
@dataclass(frozen=True)
class SoundColumn(Column):
    """Sounds as (bands, frames, 1) decibels of a mel spectrogram, less `mean` and over `std`.

    The other fields are those of `zoo.sounds.FrontEnd`. A value is the path of a file, its bytes, samples at `rate` as
    an array (n,) or (n, channels), or a spectrogram in decibels that is (bands, frames) already.
    """

    rate: int = 12_000
    seconds: float = 29.12
    window: int = 512
    hop: int = 256
    bands: int = 96
    exponent: float = 1.0
    range: float = 80.0
    mean: float = 0.0
    std: float = 1.0

    kind: ClassVar[str] = "sound"

    @classmethod
    def fit(
        cls,
        values: Values,
        name: str,
        seconds: float | None = None,
        front_end: Mapping[str, Any] | None = None,
    ) -> Self:
        """Learn mean and deviation of the training sounds, where they are not given.

        seconds    read of each sound.
        front_end  fields of a `FrontEnd`, and "mean" and "std" in decibels.
        """
        given = dict(front_end or {})
        for field in given:
            require_known("field of 'front_end'", field, [each.name for each in fields(FrontEnd)] + list(SCALE))
        scale = {field: given.pop(field) for field in SCALE if field in given}
        if not all(is_number(each) for each in scale.values()) or not scale.get("std", 1.0) > 0:
            raise ConfigError(
                f"'mean' and 'std' of a front end must be decibels, the second above 0; received {scale}."
            )
        front = FrontEnd(**{**given, **({"seconds": seconds} if seconds is not None else {})})
        found = cls(name, "", **asdict(front))
        if len(scale) < len(SCALE):
            scale = {**found._learnt(list(values)), **scale}
        return cls(name, "", **asdict(front), **scale)

    def _learnt(self, items: list[Any]) -> dict[str, float]:
        """Mean and deviation over some training sounds."""
        chosen = [items[place] for place in np.unique(np.linspace(0, len(items) - 1, SAMPLE).astype(int))]
        sums, squares, count, error = 0.0, 0.0, 0, DataError(f"The column {shown(self.name)} has no sound in any row.")
        for each in chosen:
            try:
                decibels = self._decibels(each).astype(np.float64)
            except DataError as damaged:
                error = damaged
                continue
            sums, squares, count = sums + decibels.mean(), squares + (decibels**2).mean(), count + 1
        if not count:
            raise DataError(f"None of the training sounds of the column {shown(self.name)} can be read: {error}")
        mean = sums / count
        deviation = max(float(np.sqrt(max(squares / count - mean**2, 0.0))), LEAST_DEVIATION)
        return {"mean": round(float(mean), 4), "std": round(deviation, 4)}

    @property
    def front(self) -> FrontEnd:
        """How a sound becomes a spectrogram."""
        return FrontEnd(**{each.name: getattr(self, each.name) for each in fields(FrontEnd)})

    def encode(self, values: Values) -> Any:
        """(n,) files, bytes or arrays -> lazily (n, bands, frames, 1) float32."""
        missing = np.asarray(pandas().isna(pandas().Series(list(values), dtype=object)), dtype=bool)
        if missing.any():
            raise DataError(f"The column {shown(self.name)} has no sound in row {int(np.argmax(missing)) + 1}.")
        items: Any = list(values)
        decode: Any = self._decibels
        shape = (self.bands, self.front.frames)
        if items and all(isinstance(each, np.ndarray) and each.shape == shape for each in items):
            items, decode = np.stack(items)[..., None], None  # nothing is left to be decoded
        return LazyArray(
            items,
            decode,
            shape=(*shape, 1),
            dtype="float32",
            finish=self.numbers,
            stand_in=np.full((*shape, 1), self.mean, np.float32),
            identity=content_of,
            fingerprint=repr(sorted(asdict(self).items())),
        )

    def numbers(self, decibels: np.ndarray) -> np.ndarray:
        """(k, bands, frames, 1) decibels -> the float32 numbers that the model takes."""
        return (decibels.astype(np.float32) - np.float32(self.mean)) / np.float32(self.std)

    def _decibels(self, item: Any) -> np.ndarray:
        """(bands, frames, 1) float32 of one value."""
        front = self.front
        if isinstance(item, np.ndarray) and item.shape == (front.bands, front.frames):
            return item.astype(np.float32)[..., None]
        from zoo.sounds.files import read_sound

        if not isinstance(item, str | Path | bytes | np.ndarray):
            raise DataError(
                f"The column {shown(self.name)} must hold sounds: paths of files, their bytes or arrays of samples; "
                f"received {shown(repr(item))}."
            )
        return front.decibels(read_sound(item, front, name=f"A sound of {shown(self.name)}"))[..., None]

    @property
    def spec(self) -> InputSpec:
        return InputSpec((self.bands, self.front.frames, 1), "float32")

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        return {"sounds": {each.input: [each.bands, each.front.frames, 1] for each in columns}}

    def raw(self, values: Values) -> list[Any]:
        return list(values)

    def describe(self) -> str:
        return f"{self.seconds:g} s at {self.rate:,} Hz, {self.bands} mel bands x {self.front.frames} frames"
