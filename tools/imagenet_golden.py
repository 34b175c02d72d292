"""Write weights/golden/*.json: what official weights that we hold answer to a seeded input, by other code than ours.

    ZOO_MIRROR=... python -m tools.imagenet_golden

MobileNet by keras.applications, EfficientNet-Lite0 by timm's graph of the same architecture, SqueezeNet by the plain
Keras layers of its repository. So the golden answers depend neither on our graphs nor on our loader.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import h5py
import keras
import numpy as np
import torch
from keras import layers

from tools.imagenet_manifest import GOLDEN
from zoo.artifacts import fetch
from zoo.files import write_json
from zoo.pretrained import pretrained

# SqueezeNet's poolings leave no rest at 223: there rounding up (torchvision) and down (Keras) agree
SIZES = {"squeezenet_1_1.imagenet_notop": 223}


def seeded_input(name: str) -> np.ndarray:
    """(1, H, W, 3) numbers as preprocessing would make them from random pixels."""
    row = pretrained(name).preprocessing
    size = SIZES.get(name, row.size)
    return row.normalise(np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype("float32"))


def mobilenet(path: Any, image: np.ndarray, alpha: float) -> np.ndarray:
    """Logits of keras.applications' MobileNet."""
    model = keras.applications.MobileNet(alpha=alpha, weights=None, classifier_activation=None)
    model.load_weights(path)
    return np.asarray(model(image, training=False))


def squeezenet(path: Any, image: np.ndarray) -> np.ndarray:
    """Mean over positions of the last fire module of rcmalli/keras-squeezenet."""

    def conv(x: Any, name: str, **options: Any) -> Any:
        with h5py.File(path) as file:
            group = file[name]
            kernel, bias = (np.asarray(group[key]) for key in group.attrs["weight_names"])
        layer = layers.Conv2D(kernel.shape[-1], kernel.shape[:2], activation="relu", **options)
        layer.build(x.shape)
        layer.set_weights([kernel, bias])
        return layer(x)

    def fire(x: Any, number: int) -> Any:
        x = conv(x, f"fire{number}/squeeze1x1", padding="valid")
        left = conv(x, f"fire{number}/expand1x1", padding="valid")
        return keras.ops.concatenate([left, conv(x, f"fire{number}/expand3x3", padding="same")], axis=-1)

    x = conv(keras.ops.convert_to_tensor(image), "conv1", strides=2, padding="valid")
    for numbers in ((2, 3), (4, 5), (6, 7, 8, 9)):
        x = layers.MaxPooling2D(3, strides=2)(x)
        for number in numbers:
            x = fire(x, number)
    return np.asarray(keras.ops.mean(x, axis=(1, 2)))


def efficientnet_lite(path: Any, image: np.ndarray) -> np.ndarray:
    """Logits of timm's tf_efficientnet_lite0, whose parameters stand in the same order as the file's."""
    library = torch.library.Library("torchvision", "DEF")  # timm imports torchvision, whose own operators may be absent
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import timm

    model = timm.create_model("tf_efficientnet_lite0").eval()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    names = model.state_dict()
    if [tuple(value.shape) for value in stored.values()] != [tuple(value.shape) for value in names.values()]:
        raise RuntimeError("The file's parameters are not in timm's order.")
    model.load_state_dict(dict(zip(names, stored.values(), strict=True)))
    with torch.no_grad():
        return model(torch.from_numpy(image.transpose(0, 3, 1, 2).copy())).numpy()


ANSWERS: dict[str, tuple[str, str, Callable[[Any, np.ndarray], np.ndarray]]] = {
    "mobilenet.imagenet": ("logits", f"keras.applications {keras.__version__}", partial(mobilenet, alpha=1.0)),
    "mobilenet_025.imagenet": ("logits", f"keras.applications {keras.__version__}", partial(mobilenet, alpha=0.25)),
    "squeezenet_1_1.imagenet_notop": ("mean features", "plain Keras layers", squeezenet),
    "efficientnet_lite0.imagenet": ("logits", "timm, tf_efficientnet_lite0", efficientnet_lite),
}


def main() -> None:
    for name, (what, by, answer) in ANSWERS.items():
        image = seeded_input(name)
        values = answer(fetch(name, progress=False), image)[0]
        golden = {
            "weights": name,
            "sha256": pretrained(name).artifact.sha256,
            "input": "pretrained(name).preprocessing.normalise(numpy.random.default_rng(0).integers(0, 256, shape))",
            "shape": list(image.shape),
            "answers": what,
            "by": by,
            "values": [round(float(value), 6) for value in values],
        }
        write_json(GOLDEN / f"{name}.json", golden)
        print(f"{name}: {what}, from {values.min():.4f} to {values.max():.4f}, largest {values.argmax()}")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
