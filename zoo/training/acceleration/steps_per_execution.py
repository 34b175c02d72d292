"""Several training steps in one call of the compiled function: small networks are bound by what a call costs.

A step of a network for a small table computes for some 20 to 100 µs, and calling it from Python takes 200 to 900. Here
a trainer's train function learns to take k batches at once, stacked, and to loop over them where it is compiled:
`tf.while_loop` on TensorFlow, `jax.lax.scan` on JAX. Every step is the trainer's own `train_step`, one after the other,
so that schedules, dropout, batch statistics and moments move as in single steps; the weights are those of single steps
but for rounding, mostly to the last bit.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.errors import ConfigError
from zoo.keras_internals.graph import layers_of
from zoo.stacked_batches import Batch, StackedBatches
from zoo.training.acceleration.accelerate import is_known_right
from zoo.training.batches import Batches

Tensor = Any
TrainFunction = Callable[..., Any]

LOG = "batch_log"  # the one thing that a step logs: a vector
MOST_STEPS = 32  # in one call
MOST_PRODUCTS = 2**31  # of a forward pass, in all steps of a call: some tenths of a second on two cores
MOST_BYTES = 16 * 2**20  # of the batches in one call


def taking_stacks(trainer: Any, single: TrainFunction) -> TrainFunction:
    """A train function like `single`, Keras' own for one step, taking `StackedBatches` too; their log is (k, keys)."""
    makers = {"tensorflow": _on_tensorflow, "jax": _on_jax}
    backend = keras.backend.backend()
    return makers[backend](trainer, single) if backend in makers else single


def _on_tensorflow(trainer: Any, single: TrainFunction) -> TrainFunction:
    import tensorflow as tf

    @tf.function(autograph=False, reduce_retracing=True, jit_compile=trainer.jit_compile)
    def several(arrays: Batch) -> Tensor:
        steps = tf.shape(tree.flatten(arrays)[0])[0]
        logs = tf.TensorArray("float32", steps, element_shape=trainer.log.values.shape)

        def step(row: Tensor, logs: tf.TensorArray) -> tuple[Tensor, tf.TensorArray]:
            batch = tree.map_structure(lambda each: None if each is None else each[row], arrays)
            return row + 1, logs.write(row, trainer.train_step(batch)[LOG])

        return tf.while_loop(lambda row, _: row < steps, step, (tf.constant(0), logs))[1].stack()

    def train_function(batches: Iterator[Batch | StackedBatches]) -> dict[str, Tensor]:
        batch = next(batches)
        return {LOG: several(batch.arrays)} if isinstance(batch, StackedBatches) else single(iter([batch]))

    return train_function


def _on_jax(trainer: Any, single: TrainFunction) -> TrainFunction:
    import jax

    def step(state: Any, batch: Batch) -> tuple[Any, Tensor]:
        logs, state = trainer.train_step(state, batch)
        return state, logs[LOG]

    several = jax.jit(lambda state, arrays: jax.lax.scan(step, state, arrays), donate_argnums=0)

    def train_function(state: Any, batches: Iterator[Batch | StackedBatches]) -> tuple[dict[str, Tensor], Any]:
        batch = next(batches)
        if not isinstance(batch, StackedBatches):
            return single(state, iter([batch]))
        state, log = several(state, batch.arrays)
        return {LOG: log}, state

    return train_function


def calls_of(
    batches: Batches, order: Sequence[np.ndarray], epoch: int, step: int, together: int
) -> Iterator[Batch | StackedBatches]:
    """What each call of an epoch trains on, from step `step` on: `together` batches, or one where they do not fit.

    Which batches share a call depends on their place in the epoch alone, so that a resumed run makes the same calls.
    """
    while step < len(order):
        stack = None
        if together > 1 and not step % together and step + together <= len(order):
            stack = stack_batches(batches, order[step : step + together], epoch, step)
        yield batches.training_batch(order[step], epoch, step) if stack is None else stack
        step += 1 if stack is None else len(stack)


def stack_batches(batches: Batches, rows: Sequence[np.ndarray], epoch: int, step: int) -> StackedBatches | None:
    """The batches of these rows, of which the first is number `step` (from 0) of its epoch; None for unequal shapes."""
    if len({len(each) for each in rows}) > 1:
        return None
    if not batches.sequences and not batches.varied:
        together = np.stack(rows)  # one gathering of all rows
        return StackedBatches(batches.inputs(together), batches.targets(together), batches.weights(together))
    parts = [batches.training_batch(each, epoch, step + place) for place, each in enumerate(rows)]
    inputs, targets = (_stacked([part[side] for part in parts]) for side in (0, 1))
    weights = _stacked([part[2] for part in parts]) if len(parts[0]) > 2 else None
    return None if inputs is None or targets is None else StackedBatches(inputs, targets, weights)


def _stacked(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray] | None:
    if any(part[name].shape != values.shape for part in parts for name, values in parts[0].items()):
        return None
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def steps_per_execution(model: keras.Model, batches: Batches, wanted: int | None) -> int:
    """How many steps go into one call: `wanted`, or many for a small network on small batches and few for a large one.

    Single steps are all that PyTorch knows, and what batches of varying length get, and TensorFlow on a graphics
    processor, where nobody has looked at the others. The number divides the full batches
    of an epoch where one near it does: a rest of single steps would be compiled for themselves.

    Raises `ConfigError` where several are wanted on PyTorch.
    """
    several = keras.backend.backend() != "torch"
    if wanted is not None:
        if wanted > 1 and not several:
            raise ConfigError(f"PyTorch takes single steps; received steps_per_execution {wanted}.")
        return wanted
    full = batches.size // batches.batch_size
    usual = keras.backend.backend() == "jax" or is_known_right()
    if not usual or batches.sequences or full < 2:
        return 1
    size = max(sum(values[:1].nbytes for values in batches.samples.inputs.values()) * batches.batch_size, 1)
    most = min(full, MOST_STEPS, MOST_PRODUCTS // _products(model, batches), MOST_BYTES // size)
    dividing = (number for number in range(most, most // 2, -1) if full % number == 0)
    return max(next(dividing, most), 1)


def _products(model: keras.Model, batches: Batches) -> int:
    """Multiplications of a forward pass, at most: all weights with all positions of all rows; tables are looked up."""
    positions = 1
    for values in batches.samples.inputs.values():
        is_tokens = values.dtype.kind in "iu"
        positions = max(positions, math.prod(values.shape[1:] if is_tokens else values.shape[1:-1]))
    tables = {id(layer.embeddings) for layer in layers_of(model) if isinstance(layer, keras.layers.Embedding)}
    weights = sum(math.prod(each.shape) for each in model.trainable_variables if id(each) not in tables)
    return max(batches.batch_size * positions * weights, 1)
