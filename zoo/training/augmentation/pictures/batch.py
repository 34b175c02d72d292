"""The pictures among the inputs of a split, and what is done to them in training."""

from collections.abc import Mapping

import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.pictures.views import is_pictures, is_volumes
from zoo.samples import Samples
from zoo.training.augmentation.pictures.augment import augment, draw_for, white_of
from zoo.training.augmentation.pictures.mixing import CutMix, Mix, Mixup, draw_mix
from zoo.training.augmentation.pictures.presets import Transforms

Arrays = dict[str, np.ndarray]


class PictureAugmentation:
    """Augmentation of the picture inputs of `samples`: all alike, or each by its own transforms.

    Every input draws numbers of its own (two photos of a row are two photos); only what is mixed is mixed alike in
    all of them, as there is one row of labels. Raises `ConfigError` where there is no such picture, or where
    other inputs would keep saying what the labels no longer are.
    """

    def __init__(self, samples: Samples, augmentation: Transforms | Mapping[str, Transforms], seed: int):
        pictures = [name for name, values in samples.inputs.items() if is_pictures(values) or is_volumes(values)]
        shapes = {name: f"{values.dtype} {values.shape[1:]}" for name, values in samples.inputs.items()}
        if augmentation and not pictures:
            raise ConfigError(
                "The recipe augments pictures, (height, width, channels) of 1, 3 or 4 channels in uint8 or float32, or "
                f"volumes (depth, height, width, 1); the inputs are {shapes}."
            )
        if isinstance(augmentation, Mapping):
            for name in augmentation:
                require_known("input of pictures to augment", name, pictures)
            self.by_input = {name: augmentation[name] for name in pictures if augmentation.get(name)}
        else:
            self.by_input = dict.fromkeys(pictures, tuple(augmentation)) if augmentation else {}
        self.seed = seed
        self.places = {name: place for place, name in enumerate(sorted(pictures))}
        self.mixing = self._mixing(len(samples.inputs))
        self.white = {name: white_of(samples.inputs[name], each, name) for name, each in self.by_input.items()}

    def __bool__(self) -> bool:
        return bool(self.by_input)

    def _mixing(self, inputs: int) -> Transforms:
        """The transforms that mix pictures, of which all inputs must have the same."""
        found = {
            name: tuple(each for each in transforms if isinstance(each, Mixup | CutMix))
            for name, transforms in self.by_input.items()
        }
        several = {each for each in found.values() if each}
        if not several:
            return ()
        name = next(iter(several))[0].name
        if len(several) > 1 or len([each for each in found.values() if each]) < inputs:
            raise ConfigError(
                f"'{name}' mixes whole samples and their labels: every input must be pictures, mixed by the same; "
                "leave it out, or mix all inputs."
            )
        return next(iter(several))

    def mix(self, arrays: Mapping[str, np.ndarray], rows: np.ndarray, epoch: int, step: int) -> Mix | None:
        """What the samples of this batch are mixed with, or None."""
        if not self.mixing:
            return None
        first = arrays[min(self.places, key=self.places.__getitem__)]
        return draw_mix(self.mixing, draw_for(first, seed=self.seed, epoch=epoch, step=step, place=-1, rows=rows))

    def inputs(self, arrays: Arrays, rows: np.ndarray, epoch: int, step: int) -> Arrays:
        """The inputs of samples `rows`, batch `step` of an epoch, as training sees them."""
        found, mix = dict(arrays), self.mix(arrays, rows, epoch, step)
        for name, transforms in self.by_input.items():
            draw = draw_for(arrays[name], seed=self.seed, epoch=epoch, step=step, place=self.places[name], rows=rows)
            found[name] = augment(arrays[name], transforms, draw, white=self.white[name])
            if mix is not None:
                found[name] = mix.pictures(found[name])
        return found
