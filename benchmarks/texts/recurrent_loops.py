"""Ways to run the loop of one LSTM layer on TensorFlow, of which `zoo.training.acceleration.fast_recurrence` is one.

    python -m benchmarks.texts.recurrent_loops     # a minute on two quiet cores; writes results/recurrent_loops.json

Forward and backward of one layer on vectors, (B, 100, 64) -> (B, 32), in turns in one process: medians over rounds.
"loop" is Keras' own, "unrolled" and "loop_xla" its options, "fused" TensorFlow's BlockLSTM (the whole sequence in one
operation, which knows no mask), "zoo" the zoo's loop. `compile` is the first call, in seconds.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from zoo.records import write_record
from zoo.training.acceleration.recurrent_layers import fast_loops

LENGTH, DIM, UNITS = 100, 64, 32
Call = Callable[[tf.Tensor], Any]


def with_gradients(call: Call, weights: list[Any], *, xla: bool = False) -> Call:
    @tf.function(autograph=False, jit_compile=xla)
    def run(x: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = call(x)
            loss = tf.reduce_sum(tf.square(y))
        return y, tape.gradient(loss, [x, *weights])

    return run


def fused(layer: layers.LSTM) -> Call:
    """BlockLSTM with the layer's weights; its gates stand in the order input, candidate, forget, output.

    (BlockLSTMV2 has Keras' order, but on TensorFlow 2.21 its gradient is not the derivative of what it computes.)
    """
    kernel, recurrent_kernel, bias = (each.value for each in layer.weights)
    unused = tf.zeros((UNITS,))

    def turned(weights: tf.Tensor) -> tf.Tensor:
        let_in, keep, candidate, let_out = tf.split(weights, 4, axis=-1)
        return tf.concat([let_in, candidate, keep, let_out], axis=-1)

    def call(x: tf.Tensor) -> tf.Tensor:
        state = tf.zeros((x.shape[0], UNITS))
        found = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.constant(LENGTH, tf.int64),
            x=tf.transpose(x, (1, 0, 2)),
            cs_prev=state,
            h_prev=state,
            w=turned(tf.concat([kernel, recurrent_kernel], axis=0)),
            wci=unused,
            wcf=unused,
            wco=unused,
            b=turned(bias),
            forget_bias=0.0,
            cell_clip=-1.0,
            use_peephole=False,
        )
        return found.h[-1]

    return call


def ways(batch: int) -> dict[str, Call]:
    layer, unrolled = layers.LSTM(UNITS), layers.LSTM(UNITS, unroll=True)
    for each in (layer, unrolled):
        each.build((batch, LENGTH, DIM))
    unrolled.set_weights(layer.get_weights())
    weights = [each.value for each in layer.weights]

    def of_the_zoo(x: tf.Tensor) -> tf.Tensor:
        with fast_loops([layer], []):
            return layer(x)

    return {
        "zoo": with_gradients(of_the_zoo, weights),
        "loop": with_gradients(layer, weights),
        "loop_xla": with_gradients(layer, weights, xla=True),
        "unrolled": with_gradients(unrolled, [each.value for each in unrolled.weights]),
        "fused": with_gradients(fused(layer), weights),
    }


def milliseconds(call: Call, x: tf.Tensor, seconds: float) -> float:
    found: list[float] = []
    end = time.perf_counter() + seconds
    while not found or time.perf_counter() < end:
        start = time.perf_counter()
        call(x)
        found.append(time.perf_counter() - start)
    return statistics.median(found) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    figures = {}
    for batch in (32, 128):
        keras.utils.set_random_seed(0)
        x = tf.random.normal((batch, LENGTH, DIM), seed=0)
        calls, compiled, answers = ways(batch), {}, {}
        for name, call in calls.items():
            start = time.perf_counter()
            answers[name] = keras.tree.map_structure(np.array, call(x))
            compiled[name] = time.perf_counter() - start
            for one, two in zip(*(keras.tree.flatten(answers[each]) for each in (name, "zoo")), strict=True):
                np.testing.assert_allclose(one, two, atol=1e-4 * max(1.0, np.abs(two).max()), err_msg=name)
        found = [{name: milliseconds(call, x, 0.1) for name, call in calls.items()} for _ in range(rounds)]
        median = {name: statistics.median(row[name] for row in found) for name in calls}
        print(batch, {name: round(value, 2) for name, value in median.items()}, flush=True)
        figures[f"batch_{batch}"] = {"milliseconds": median, "compile": compiled, "rounds": found}
    command = f"python -m benchmarks.texts.recurrent_loops --rounds {rounds}"
    write_record("results/recurrent_loops.json", figures, command=command, seed=0)


if __name__ == "__main__":
    main()
