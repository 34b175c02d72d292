"""The sentinel's steps on each backend: where the state lives, and how it is copied and put back."""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import keras
from keras import tree

from zoo.errors import ConfigError
from zoo.keras_internals.trainer import mean_loss
from zoo.sentinel.diagnosis import in_forward
from zoo.sentinel.steps import Batch, Snapshot, Source, Steps, Tensor, VariableSteps, as_source
from zoo.stacked_batches import StackedBatches
from zoo.tracing.preserve_state import restore_torch_generators, torch_generators
from zoo.tracing.trace import trace


class TensorFlowSteps(VariableSteps):
    """Reads share their memory with the variable until it is written again: a snapshot costs one copy of the state."""

    def prepare(self) -> None:
        import tensorflow as tf

        super().prepare()
        one = self.original

        @tf.function(autograph=False)
        def look() -> tuple[Tensor, Snapshot]:
            values = [tf.identity(variable.value) for variable in self.variables]
            finite = [tf.reduce_all(tf.math.is_finite(values[row])) for row in self.watched]
            return tf.reduce_all(tf.stack(finite)), values

        @tf.function(autograph=False, reduce_retracing=True)
        def several(batches: list[Batch]) -> Any:
            logs = one(iter(batches[:1]))
            rest = tree.map_structure(lambda *parts: tf.stack(parts) if _is_array(parts[0]) else None, *batches[1:])

            def step(row: Tensor, _: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
                batch = tree.map_structure(lambda each: None if each is None else each[row], rest)
                return row + 1, _tensors(one(iter([batch])))

            start = tf.constant(0), _tensors(logs)
            found = iter(tf.while_loop(lambda row, _: row < len(batches) - 1, step, start)[1])
            return tree.map_structure(lambda each: None if each is None else next(found), logs)

        self._look, self._several = look, several

    def step(self, batches: Sequence[Batch]) -> Any:
        if not isinstance(batches, StackedBatches) and len(batches) > 1 and _same_shapes(batches):
            return self._several(list(batches))  # one call of the runtime, as with Keras' own loop
        return self.original(as_source(batches))

    def look(self) -> tuple[bool, Snapshot]:
        finite, values = self._look()
        return bool(finite), values


class TorchSteps(VariableSteps):
    """PyTorch writes into its variables: a snapshot is a copy, with PyTorch's own random state (dropout) at its end.

    Its binary crossentropy refuses NaN with an error, where other backends give NaN: such a step counts as one whose
    loss was NaN.
    """

    def step(self, batches: Sequence[Batch]) -> Any:
        try:
            return super().step(batches)
        except RuntimeError:
            x = batches[0][0] if isinstance(batches[0], tuple) else batches[0]
            if in_forward(trace(self.model, x)) is None:
                raise  # it was about something else
            self.refused = True
            return {}

    def look(self) -> tuple[bool, Snapshot]:
        values = [variable.value.detach().clone() for variable in self.variables]
        loss = self.row_of(mean_loss(self.model).total)
        if self.refused and loss is not None:
            values[loss].fill_(math.nan)
        finite = all(bool(values[row].isfinite().all()) for row in self.watched)
        return finite, [*values, torch_generators()]

    def restore(self, snapshot: Snapshot, *, metrics_only: bool = False) -> None:
        *values, generators = snapshot
        super().restore(values, metrics_only=metrics_only)
        if not metrics_only:
            restore_torch_generators(generators)


class JaxSteps(Steps):
    """Here `fit` hands the state from step to step, and each step uses up the arrays that it was given."""

    state: Any = None
    left: Any = None  # the state as it was handed back after the last step

    def called(self, state: Any, source: Any) -> Any:
        self.state = state
        logs = self.take(iter(source))
        self.left = self.state
        return logs, self.state

    def prepare(self) -> None:
        watched = tuple(self.watched)
        look, self._copy = _jax_functions()
        self._look = partial(look, watched)

    def run(self, batches: Sequence[Batch]) -> Any:
        logs, self.state = self.original(self.state, as_source(batches))
        return logs

    def look(self) -> tuple[bool, Snapshot]:
        finite, values = self._look(_leaves(self.state))
        return bool(finite), values

    def restore(self, snapshot: Snapshot, *, metrics_only: bool = False) -> None:
        values = iter(self._copy(snapshot))
        state = tuple([next(values) for _ in range(length)] for length in self.lengths)
        self.state = (*self.state[:3], state[3]) if metrics_only else state

    def touched(self) -> bool:
        if self.left is None or self.left is self.state:
            return False
        now, left = (_leaves(state[:3]) for state in (self.state, self.left))  # the metrics are reset at will
        return any(old is not new for old, new in zip(left, now, strict=True))

    def commit(self) -> None:
        for variable, value in zip(self.variables, self._copy(_leaves(self.state)), strict=True):
            variable.assign(value)


@cache
def _jax_functions() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Whether the arrays of these numbers are finite, with a copy of all; and the copy alone. Compiled once a model."""
    import jax
    import jax.numpy as jnp

    def copy(values: list[Tensor]) -> list[Tensor]:
        return [jnp.copy(each) for each in values]

    def look(watched: tuple[int, ...], values: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return jnp.stack([jnp.isfinite(values[row]).all() for row in watched]).all(), copy(values)

    return jax.jit(look, static_argnums=0), jax.jit(copy)


def steps_of(model: keras.Model, take: Callable[[Source], Any]) -> Steps:
    """The steps of a compiled model on the backend in use; see `Steps`."""
    if not model.compiled or model.optimizer is None:
        raise ConfigError(f"The sentinel watches a training: compile '{model.name}' with an optimiser first.")
    strategy = getattr(model, "distribute_strategy", None)
    if strategy is not None and strategy.num_replicas_in_sync > 1:
        raise ConfigError("The sentinel watches a training on one device; take it out, or train on one device.")
    kinds: dict[str, Callable[..., Steps]] = {"tensorflow": TensorFlowSteps, "jax": JaxSteps, "torch": TorchSteps}
    return kinds[keras.backend.backend()](model, take)


def _tensors(logs: Any) -> list[Tensor]:
    """What a step logs, for a loop over steps: without None, and of shapes that may change with the batch's."""
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(each) for each in tree.flatten(logs) if each is not None]
    return [tf.compat.v1.placeholder_with_default(each, [None] * len(each.shape)) for each in tensors]


def _leaves(state: Any) -> list[Tensor]:
    return [each for part in state for each in part]


def _is_array(part: Any) -> bool:
    """No None, and no `tf.experimental.Optional`, which a data set has for it."""
    return hasattr(part, "shape")


def _same_shapes(batches: Sequence[Batch]) -> bool:
    shapes = [[tuple(each.shape) if _is_array(each) else None for each in tree.flatten(batch)] for batch in batches]
    return all(each == shapes[0] for each in shapes)
