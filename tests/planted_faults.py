"""Trainings with a fault at a known place, for tests and the benchmark of the sentinel: was it found, and was it named?

KERAS_BACKEND=jax python -m tests.planted_faults OUT.json     # all of them on one backend
"""

import json
import sys
import warnings
from itertools import product

import keras
import numpy as np
from keras import layers, ops

from zoo.sentinel import NaNSentinel

BATCHES, ROWS, ROW = 20, 16, 5
POSITIONS = {"first": 1, "middle": 11, "last": BATCHES}
AT_EXECUTION = {"first": 1, "middle": 9, "last": 17}  # callbacks run between executions of eight steps
DATA = {  # fault -> part, name, value, column
    "NaN in an input": ("input", "left", np.nan, 2),
    "Inf in an input": ("input", "right", np.inf, 0),
    "NaN in a target": ("target", "number", np.nan, None),
    "Inf in a target": ("target", "number", -np.inf, None),
}
TRAPS = {  # fault -> layer, its column, the finite number that springs it
    "overflow in exp": ("exp", 0, 100.0),
    "logarithm of zero": ("log", 1, 0.0),
    "overflow in softmax": ("naive_softmax", 2, 100.0),
    "division by zero": ("reciprocal", 3, 0.0),
    "slope of a root at zero": ("root", 4, 0.0),
}
WEIGHTS = {"NaN in a weight": np.nan, "Inf in a weight": np.inf}
RATE = "exploding rate"
FAULTS = (*DATA, *TRAPS, *WEIGHTS, RATE)


FUNCTIONS = {
    "exp": ops.exp,
    "log": ops.log,
    "naive_softmax": lambda x: ops.exp(x) / ops.sum(ops.exp(x), axis=-1, keepdims=True),
    "reciprocal": lambda x: 1.0 / x,
    "root": ops.sqrt,
}


class Trap(layers.Layer):
    """(B, 1) -> (B, 1) or (B, 2) through a function that some finite numbers break."""

    def call(self, x):
        return FUNCTIONS[self.name](x)


class Scale(layers.Layer):
    """Times a trained number, so that gradients flow into what stands before the trap."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        return x * self.scale


def trapped_model():
    """Two inputs through one shared nested encoder, which holds all traps, to two outputs; dropout and batch norm."""
    numbers = keras.Input((6,), name="numbers")
    parts = [layers.Dense(8, activation="relu", name="hidden")(numbers)]
    for name, column, _ in TRAPS.values():
        x = Scale(name=f"scale_{name}")(numbers[:, column : column + (2 if name == "naive_softmax" else 1)])
        parts.append(layers.Dense(1, name=f"after_{name}")(Trap(name=name)(x)))
    encoder = keras.Model(numbers, layers.Concatenate(name="parts")(parts), name="encoder")
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    x = layers.BatchNormalization(name="norm")(layers.Concatenate(name="both")([encoder(left), encoder(right)]))
    x = layers.Dropout(0.2, name="dropout")(x)
    outputs = {"number": layers.Dense(1, name="number")(x), "kind": layers.Dense(3, "softmax", name="kind")(x)}
    return keras.Model([left, right], outputs)


def data(fault=None, batch=None):
    """Inputs and targets of all batches, with the fault planted in a row of `batch`."""
    random = np.random.default_rng(1)
    n = BATCHES * ROWS
    x = {name: random.uniform(0.5, 1.5, (n, 6)).astype("float32") for name in ("left", "right")}
    y = {"number": random.normal(size=(n, 1)).astype("float32"), "kind": random.integers(0, 3, n)}
    row = ((batch or 1) - 1) * ROWS + ROW
    if fault in DATA:
        part, name, value, column = DATA[fault]
        (x if part == "input" else y)[name][row, column or 0] = value
    if fault in TRAPS:
        _, column, value = TRAPS[fault]
        x["right"][row, column] = value
    return x, y


class Damage(keras.callbacks.Callback):
    """Overwrites one number of a weight before a batch."""

    def __init__(self, value, batch):
        super().__init__()
        self.value, self.before = value, batch - 1

    def on_train_batch_begin(self, batch, logs=None):
        if batch == self.before and self.value is not None:
            kernel = self.model.get_layer("encoder").get_layer("hidden").kernel
            values = np.array(ops.convert_to_numpy(kernel))
            values[1, 2] = self.value
            kernel.assign(values)
            self.value = None


def train(size, x, y, *, callbacks=(), batches=BATCHES, rate=1e-4):
    """A fresh seeded model after `batches` batches, `size` of them per execution."""
    keras.utils.set_random_seed(3)
    model = trapped_model()
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9),
        {"number": "mse", "kind": "sparse_categorical_crossentropy"},
        loss_weights={"number": 10.0, "kind": 1.0},
        steps_per_execution=size,
    )
    if batches:
        part = slice(0, batches * ROWS)
        x, y = ({name: values[part] for name, values in each.items()} for each in (x, y))
        model.fit(x, y, batch_size=ROWS, shuffle=False, verbose=0, callbacks=list(callbacks))
    return model


def state(model):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [np.array(ops.convert_to_numpy(each)) for each in (*model.variables, *model.optimizer.variables)]


def explode(batch):
    """A schedule whose rate overflows the weights in this batch."""
    return keras.optimizers.schedules.PiecewiseConstantDecay([batch - 2, batch - 1], [1e-4, 3e38, 1e-4])


def run_case(fault, position, size, *, every=32, references=None):
    """Train into the fault with a sentinel -> what it said, and whether that is true, bit for bit."""
    batch = (AT_EXECUTION if fault in WEIGHTS and size > 1 else POSITIONS)[position]
    sentinel = NaNSentinel("stop", every=every)
    damage = [Damage(WEIGHTS[fault], batch)] if fault in WEIGHTS else []
    rate = explode(batch) if fault == RATE else 1e-4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        model = train(size, *data(fault, batch), callbacks=[*damage, sentinel], rate=rate)
    found = sentinel.incidents[0] if sentinel.incidents else None
    key = batch, size
    references = {} if references is None else references
    if key not in references:
        references[key] = state(train(size, *data(), batches=batch - 1))
    schedule = fault == RATE  # its optimiser has no variable for the rate
    expected = [each for row, each in enumerate(references[key]) if not (schedule and row == len(model.variables) + 1)]
    same = len(state(model)) == len(expected) and all(map(np.array_equal, state(model), expected))
    return {
        "fault": fault,
        "position": position,
        "batch": batch,
        "steps_per_execution": size,
        "backend": keras.backend.backend(),
        "said": str(found),
        "found": found is not None,
        "right_batch": found is not None and found.batch == batch,
        "right_place": found is not None and _is_right_place(found, fault),
        "restored": same,
        "incidents": len(sentinel.incidents),
    }


def _is_right_place(found, fault):
    if fault in DATA:
        part, name, _, column = DATA[fault]
        place = (0,) if column is None else (column,)
        return (found.kind, found.name, found.row, found.place) == (part, name, ROW, place)
    if fault in TRAPS:
        kind = "gradient" if fault == "slope of a root at zero" else "layer"
        row = None if kind == "gradient" else ROW
        return (found.kind, found.name, found.row) == (kind, f"encoder/{TRAPS[fault][0]} (call 2)", row)
    if fault in WEIGHTS:
        return (found.kind, found.name) == ("outside", "encoder/hidden/kernel")
    return found.kind == "update"


def all_cases():
    references = {}
    for fault, position, size in product(FAULTS, POSITIONS, (1, 8)):
        yield run_case(fault, position, size, references=references)


if __name__ == "__main__":
    rows = []
    for row in all_cases():
        rows.append(row)
        good = all(row[key] for key in ("found", "right_batch", "right_place", "restored"))
        print("ok " if good else "BAD", row, flush=True)
    with open(sys.argv[1], "w") as file:
        json.dump(rows, file)
