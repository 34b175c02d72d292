"""Pictures of a training batch, changed so that their labels stay true: named, drawn by seed, epoch and step."""

from zoo.training.augmentation.pictures.augment import augment, draw_for
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
from zoo.training.augmentation.pictures.mixing import CutMix, Mix, Mixup, draw_mix
from zoo.training.augmentation.pictures.presets import PRESETS, TRANSFORMS, augmentation
from zoo.training.augmentation.pictures.rand_augment import RandAugment
from zoo.training.augmentation.pictures.spectrograms import Gain, Noise, SpecAugment, TimeShift
from zoo.training.augmentation.pictures.transform import Draw, Transform

__all__ = [
    "PRESETS",
    "TRANSFORMS",
    "AlternatingFlip",
    "Brightness",
    "Contrast",
    "Crop",
    "CutMix",
    "Draw",
    "Erase",
    "Flip",
    "Gain",
    "Grey",
    "Mix",
    "Mixup",
    "Noise",
    "RandAugment",
    "ResizedCrop",
    "Rotate",
    "Saturation",
    "Shear",
    "Shift",
    "SpecAugment",
    "TimeShift",
    "Transform",
    "Warp",
    "Zoom",
    "augment",
    "augmentation",
    "draw_for",
    "draw_mix",
]
