"""What a training step on volumes is made of, and whether other operations for the same would be faster.

    KERAS_BACKEND=tensorflow python -m benchmarks.volumes.step_parts     # and torch: -> results/volumes_step_parts.json

Milliseconds of the processor, of all threads together, for values and gradients of one operation as Keras calls it, and
of another that gives the same: with TensorFlow convolutions and pools on slices, with PyTorch its own operations on
channels that stand last in memory. Medians of rounds that take turns.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.records import machine_facts, write_record

RESULT = Path(__file__).resolve().parents[2] / "results" / "volumes_step_parts.json"
ROUNDS, TIMES = 5, 2
BATCH = 16
CONVOLUTIONS = (((8, 16, 16, 2), 16), ((4, 8, 8, 16), 32), ((4, 8, 8, 32), 32), ((2, 4, 4, 64), 64))
POOLED = (8, 16, 16, 16)
Work = Callable[[], Any]


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def in_tensorflow(call: Callable[..., Any], *arrays: np.ndarray) -> Work:
    import tensorflow as tf

    given = [tf.constant(each) for each in arrays]

    @tf.function
    def work() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(given)
            found = call(*given)
            total = tf.reduce_sum(found * found)
        return tape.gradient(total, given)

    return work


def in_torch(call: Callable[..., Any], *arrays: np.ndarray) -> Work:
    import torch

    given = [torch.from_numpy(each).requires_grad_() for each in arrays]

    def work() -> Any:
        found = call(*given)
        return torch.autograd.grad((found * found).sum(), given)

    return work


def slices(x: Any, kernel: Any) -> Any:
    """One convolution of each slice, for what it adds to itself and to those beside it."""
    import tensorflow as tf

    _, height, width, channels, filters = kernel.shape
    size = x.shape
    joined = tf.reshape(tf.transpose(kernel, (1, 2, 3, 0, 4)), (height, width, channels, 3 * filters))
    parts = tf.nn.conv2d(tf.reshape(x, (size[0] * size[1], *size[2:])), joined, strides=1, padding="SAME")
    before, own, after = tf.split(tf.reshape(parts, (*size[:4], 3 * filters)), 3, axis=-1)
    rest = ((0, 0), (0, 0), (0, 0))
    return own + tf.pad(before[:, :-1], ((0, 0), (1, 0), *rest)) + tf.pad(after[:, 1:], ((0, 0), (0, 1), *rest))


def pooled_slices(x: Any) -> Any:
    import tensorflow as tf

    x = tf.maximum(x[:, ::2], x[:, 1::2])
    x = tf.maximum(x[:, :, ::2], x[:, :, 1::2])
    return tf.maximum(x[:, :, :, ::2], x[:, :, :, 1::2])


def plain(x: Any) -> Any:
    """Channels second in the shape, last in memory: nothing is copied."""
    return x.permute(0, 4, 1, 2, 3)


def parts() -> dict[str, dict[str, Work]]:
    """Name of an operation -> as Keras calls it, and otherwise."""
    found: dict[str, dict[str, Work]] = {}
    norm = keras.layers.BatchNormalization()
    norm.build((None, *POOLED))

    def conv(x: Any, kernel: Any) -> Any:
        return keras.ops.conv(x, kernel, 1, "same", "channels_last")

    def pool(x: Any) -> Any:
        return keras.ops.max_pool(x, 2, 2, "same", "channels_last")

    def normalised(x: Any) -> Any:
        return norm(x, training=True)

    kernels = [(drawn(BATCH, *shape), drawn(3, 3, 3, shape[-1], filters)) for shape, filters in CONVOLUTIONS]
    x = drawn(BATCH, *POOLED)
    if keras.backend.backend() == "tensorflow":
        for arrays in kernels:
            found[f"convolution {arrays[0].shape[1:]} to {arrays[1].shape[-1]}"] = {
                "keras": in_tensorflow(conv, *arrays),
                "slices": in_tensorflow(slices, *arrays),
            }
        found["pool"] = {"keras": in_tensorflow(pool, x), "slices": in_tensorflow(pooled_slices, x)}
        found["batch normalisation"] = {"keras": in_tensorflow(normalised, x)}
        return found
    from torch.nn import functional

    for arrays in kernels:
        found[f"convolution {arrays[0].shape[1:]} to {arrays[1].shape[-1]}"] = {
            "keras": in_torch(conv, *arrays),
            "torch": in_torch(lambda x, k: functional.conv3d(plain(x), k.permute(4, 3, 0, 1, 2), padding=1), *arrays),
        }
    found["pool"] = {"keras": in_torch(pool, x), "torch": in_torch(lambda x: functional.max_pool3d(plain(x), 2), x)}
    found["batch normalisation"] = {
        "keras": in_torch(normalised, x),
        "torch": in_torch(lambda x: functional.batch_norm(plain(x), None, None, training=True), x),
    }
    return found


def milliseconds(work: Work) -> float:
    start = time.process_time()
    for _ in range(TIMES):
        work()
    return 1000 * (time.process_time() - start) / TIMES


def main() -> None:
    figures = json.loads(RESULT.read_text(encoding="utf-8"))["figures"] if RESULT.exists() else {}
    measured: dict[str, dict[str, float]] = {}
    for name, ways in parts().items():
        for work in ways.values():
            work()
        rounds = [{way: milliseconds(work) for way, work in ways.items()} for _ in range(ROUNDS)]
        measured[name] = {way: statistics.median(each[way] for each in rounds) for way in ways}
        print(name, {way: round(value, 1) for way, value in measured[name].items()}, flush=True)
    backend = keras.backend.backend()
    shared = {"load": os.getloadavg()[0], "date": machine_facts()["date"]}
    figures[backend] = {"processor_milliseconds": measured, "batch_size": BATCH, "shared_machine": shared}
    write_record(RESULT, figures, command=f"KERAS_BACKEND={backend} python -m benchmarks.volumes.step_parts", seed=0)


if __name__ == "__main__":
    main()
