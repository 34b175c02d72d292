"""Pictures a second that the zoo augments, beside Keras' own layers, and beside Pillow, SciPy and OpenCV.

    python -m benchmarks.pictures.augmentation_speed      # some minutes; writes results/augmentation_speed.json

All by seconds of the processor, of all threads together, so that what else the machine does falls on nobody: "a second"
is a second of one core. Contestants take turns; what counts is the best of the rounds. OpenCV is measured where it is
installed; the zoo does not need it.
"""

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from zoo.records import write_record
from zoo.training.augmentation.pictures import augment, augmentation, draw_for, draw_mix

ROUNDS = 3
SIZES = {224: 16, 32: 512}  # of the pictures -> how many in a batch
CASES: dict[str, Any] = {
    "flip": "flip",
    "crop": "crop",
    "rotation": "rotate",
    "perspective": "warp",
    "all geometry at once": ["flip", "crop", "zoom", "rotate", "warp"],
    "colour jitter": ["brightness", "contrast", "saturation"],
    "erasing": ("erase", {"share": 1.0}),
    "mixup": "mixup",
    "cutmix": ("cutmix", {"share": 1.0}),
    "rand_augment": "rand_augment",
    "preset light": "light",
    "preset standard": "standard",
    "preset strong": "strong",
    "preset cifar": "cifar",
}
Contestant = Callable[[], None]


def ours(pictures: np.ndarray, given: Any) -> Contestant:
    transforms, steps = augmentation(given), iter(range(10**9))

    def once() -> None:
        draw = draw_for(pictures, seed=0, epoch=0, step=next(steps))
        found, mix = augment(pictures, transforms, draw), draw_mix(transforms, draw)
        if mix is not None:
            mix.pictures(found)

    return once


def keras_layers(pictures: np.ndarray) -> dict[str, Contestant]:
    """Keras' preprocessing layers, compiled as tf.data compiles them; tf.data itself would run ahead of the clock."""
    import tensorflow as tf
    from keras import layers

    made = {
        "flip": layers.RandomFlip("horizontal"),
        "crop": layers.RandomTranslation(0.125, 0.125),
        "rotation": layers.RandomRotation(10 / 360),
        "perspective": layers.RandomPerspective(1.0, 0.2),
        "colour jitter": layers.RandomColorJitter((0, 255), 0.2, 0.2, (0.4, 0.6), 0.0),
        "erasing": layers.RandomErasing(1.0),
        "mixup": layers.MixUp(),
        "cutmix": layers.CutMix(),
        "rand_augment": layers.RandAugment((0, 255), 2, 0.3),
    }
    values = tf.constant(pictures.astype("float32"))
    labels = tf.one_hot(np.arange(len(pictures)) % 10, 10)

    def compiled(layer: Any, *, mixes: bool) -> Contestant:
        given = {"images": values, "labels": labels} if mixes else values
        step = tf.function(lambda batch: layer(batch, training=True))

        def once() -> None:
            tf.nest.map_structure(lambda each: each.numpy(), step(given))

        return once

    return {name: compiled(layer, mixes=name in ("mixup", "cutmix")) for name, layer in made.items()}


def rotations(pictures: np.ndarray) -> dict[str, Contestant]:
    """One turn by 10 degrees: Pillow without reflection, SciPy and, where it is installed, OpenCV with it."""
    from PIL import Image
    from scipy import ndimage

    size, angle = pictures.shape[1], np.radians(10)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([(size - 1) / 2] * 2)
    matrix = np.column_stack([turn, middle - turn @ middle])
    bilinear = Image.Resampling.BILINEAR

    def pillow() -> None:
        for each in pictures:
            np.asarray(Image.fromarray(each).transform((size, size), Image.Transform.AFFINE, matrix.ravel(), bilinear))

    def scipy() -> None:
        for each in pictures[: max(len(pictures) // 16, 1)]:
            for channel in range(3):
                ndimage.affine_transform(each[..., channel], matrix[:, :2], matrix[:, 2], order=1, mode="mirror")

    found = {"pillow": pillow, "scipy": scipy}
    if find_spec("cv2"):
        import cv2

        def opencv() -> None:
            for each in pictures:
                cv2.warpAffine(
                    each,
                    matrix,
                    (size, size),
                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                    borderMode=cv2.BORDER_REFLECT_101,
                )

        found["opencv"] = opencv
    return found


def rates(contestants: dict[str, Contestant], counts: dict[str, int]) -> dict[str, float]:
    """Pictures a second of the processor, the best of the rounds."""
    best = dict.fromkeys(contestants, 0.0)
    for turn in range(ROUNDS + 1):
        for name, once in contestants.items():
            start = time.process_time()
            once()
            rate = counts[name] / max(time.process_time() - start, 1e-9)
            if turn:  # the first is for what is built at first use
                best[name] = max(best[name], rate)
    return {name: round(rate, 1) for name, rate in best.items()}


def measured(size: int, count: int, *, with_keras: bool) -> dict[str, Any]:
    pictures = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    found: dict[str, Any] = {}
    sides = {"zoo": {name: ours(pictures, given) for name, given in CASES.items()}, "rotation": rotations(pictures)}
    if with_keras:
        sides["keras"] = keras_layers(pictures)
    for side, contestants in sides.items():
        counts = {name: max(count // 16, 1) if name == "scipy" else count for name in contestants}
        found[side] = rates(contestants, counts)
        print(size, side, found[side], flush=True)
    if with_keras:
        found["times keras"] = {name: round(found["zoo"][name] / rate, 1) for name, rate in found["keras"].items()}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-keras", action="store_true", help="the zoo alone; writes no record")
    options = parser.parse_args()
    found = {str(size): measured(size, count, with_keras=not options.without_keras) for size, count in SIZES.items()}
    if not options.without_keras:
        write_record(
            "results/augmentation_speed.json", found, command="python -m benchmarks.pictures.augmentation_speed", seed=0
        )


if __name__ == "__main__":
    main()
