"""Augmentation as a recipe names it: a preset, transforms by name, or transforms with options."""

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.errors import ConfigError, UnknownNameError, require_known
from zoo.training.augmentation.pictures.colour import Brightness, Contrast, Grey, Saturation
from zoo.training.augmentation.pictures.erasing import Erase
from zoo.training.augmentation.pictures.geometry import (
    AlternatingFlip,
    Crop,
    Flip,
    ResizedCrop,
    Rotate,
    Shear,
    Shift,
    Warp,
    Zoom,
)
from zoo.training.augmentation.pictures.mixing import CutMix, Mixup
from zoo.training.augmentation.pictures.rand_augment import RandAugment
from zoo.training.augmentation.pictures.spectrograms import Gain, Noise, SpecAugment, TimeShift
from zoo.training.augmentation.pictures.transform import Transform
from zoo.training.augmentation.volumes import Affine, FlipAxes, QuarterTurns, VoxelNoise

Transforms = tuple[Transform, ...]

TRANSFORMS: dict[str, type[Transform]] = {
    each.name: each
    for each in (
        Flip,
        AlternatingFlip,
        Crop,
        ResizedCrop,
        Shift,
        Zoom,
        Rotate,
        Shear,
        Warp,
        Brightness,
        Contrast,
        Saturation,
        Grey,
        RandAugment,
        Erase,
        Mixup,
        CutMix,
        TimeShift,
        Gain,
        Noise,
        SpecAugment,
        FlipAxes,
        QuarterTurns,
        Affine,
        VoxelNoise,
    )
}

COLOURS = (Brightness(0.2), Contrast(0.2), Saturation(0.2))
PRESETS: dict[str, Transforms] = {
    "none": (),
    "light": (Flip(), Crop(0.0625)),  # few epochs, or a frozen base
    "standard": (Flip(), ResizedCrop((0.5, 1.0)), Rotate(10.0, share=0.5), Brightness(0.2), Contrast(0.2)),
    "strong": (Flip(), ResizedCrop((0.25, 1.0)), Warp(0.2, share=0.5), RandAugment(2, 9.0), Erase(0.25), CutMix()),
    "cifar": (AlternatingFlip(), Crop(0.125), Erase(1.0, area=(0.14, 0.14), ratio=(1.0, 1.0))),  # 12 of 32 pixels
    "digits": (Shift(0.08, 0.08), Rotate(10.0), Zoom((0.9, 1.1))),  # a mirrored digit is another one, or none
    "drawings": (Shift(0.06, 0.06), Rotate(15.0), Zoom((0.8, 1.2)), Shear(0.3)),  # strokes as other hands draw them
    "sounds": (TimeShift(), Gain(), Noise(), SpecAugment()),
    "volumes": (FlipAxes(), QuarterTurns(), Affine(), VoxelNoise()),
    "faces": (Flip(), Crop(0.0625), Rotate(10.0), *COLOURS),
}


def augmentation(given: Any) -> Transforms | dict[str, Transforms]:
    """What a recipe's `augmentation` says -> its transforms; of a mapping, those of each input.

    A name is that of a preset or of a transform with its usual options; several are done one after the other; options
    stand beside a name, as in ("rotate", {"degrees": 15}). Raises a `ZooError` for anything else.

    >>> augmentation(["flip", ("rotate", {"degrees": 15})])
    (Flip(horizontal=0.5, vertical=0.0), Rotate(degrees=15, share=1.0))
    """
    if isinstance(given, Mapping) and "name" not in given:
        return {str(name): _transforms(each) for name, each in given.items()}
    return _transforms(given)


def augmentation_json(given: Transforms | Mapping[str, Transforms]) -> Any:
    """Plain values, of which `augmentation` makes the same transforms; None for nothing."""
    if isinstance(given, Mapping):
        return {name: augmentation_json(each) for name, each in given.items()}
    return [each.to_json() for each in given] or None


def _transforms(given: Any) -> Transforms:
    if given is None:
        return ()
    if isinstance(given, str):
        return PRESETS[given] if given in PRESETS else (_by_name(given, {}),)
    if isinstance(given, Transform):
        return (given,)
    if isinstance(given, Mapping):
        return (_from_mapping(given),)
    if not isinstance(given, Sequence):
        raise ConfigError(f"An augmentation is a name, a transform or a list of these; received {given!r}.")
    if len(given) == 2 and isinstance(given[0], str) and isinstance(given[1], Mapping) and "name" not in given[1]:
        return (_by_name(given[0], given[1]),)
    found = tuple(each for one in given for each in _transforms(one))
    twice = [each.name for place, each in enumerate(found) if each.name in {one.name for one in found[:place]}]
    if twice:
        raise ConfigError(
            f"The augmentation '{twice[0]}' is named twice; name it once, with the options that you want."
        )
    return found


def _from_mapping(given: Mapping[str, Any]) -> Transform:
    return _by_name(given["name"], {key: value for key, value in given.items() if key != "name"})


def _by_name(name: str, options: Mapping[str, Any]) -> Transform:
    if name not in TRANSFORMS:
        raise UnknownNameError("augmentation", name, [*PRESETS, *TRANSFORMS])
    known = list(TRANSFORMS[name].__dataclass_fields__)
    for option in options:
        require_known(f"option of the augmentation '{name}'", option, known)
    return TRANSFORMS[name](**options)
