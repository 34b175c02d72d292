"""The door of this room: a model or an optimiser goes in, and a faster one that is otherwise the same, or itself, out.

`fit` works without it (`Recipe(acceleration=False)`), and a test trains both ways. Where this Keras lacks a private
name that the fast one needs, there is a warning and the slow one.
"""

import warnings
from collections.abc import Callable
from typing import Any

import keras

from zoo.errors import ConfigError
from zoo.keras_internals.graph import functional_class, graph_runner
from zoo.training.acceleration.recurrent_layers import fast_loops, plain_embeddings, plain_recurrences
from zoo.training.acceleration.token_convolution import fast_convolutions

Forward = Callable[..., Any]


def is_known_right() -> bool:
    """On TensorFlow without a graphics processor: all this is written for it; with one Keras has cuDNN and XLA."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def accelerate(model: keras.Model) -> Forward:
    """A function `forward(inputs, training=None)` with the model's outputs, on the model's own variables, or the model.

    Values and gradients are the model's up to rounding. Replaced are, in float32, convolutions over time
    (`fast_convolutions`) and the loops of LSTM and GRU layers, those of nested models too (`fast_loops`). Everything
    else runs as it is.
    """
    if not is_known_right() or not isinstance(model, functional_class()):
        return model
    try:
        return _faster(model)
    except ConfigError as error:
        _warn(error)
        return model


def accelerate_optimiser(
    kind: type[keras.optimizers.Optimizer], average_from: int | None = None
) -> type[keras.optimizers.Optimizer]:
    """A class of optimisers whose steps are those of `kind` up to rounding, or `kind`; for weights in float32.

    average_from  the step from which on the moving average of the weights counts, where one is kept.
    """
    if not is_known_right():
        return kind
    from zoo.keras_internals.optimiser import require_open_adam
    from zoo.training.acceleration.fused_adam import FUSED_OPTIMISERS

    try:
        if kind in FUSED_OPTIMISERS:
            require_open_adam()
        fast = FUSED_OPTIMISERS.get(kind, kind)
        return fast if average_from is None else _averaging_from(fast, average_from)
    except ConfigError as error:
        _warn(error)
        return kind


def _faster(model: keras.Model) -> Forward:
    replaced, recurrences = fast_convolutions(model), plain_recurrences(model)
    if not replaced and not recurrences:
        return model
    embeddings = plain_embeddings(model) if recurrences else []
    run = graph_runner(model, replaced)

    def forward(inputs: Any, training: bool | None = None) -> Any:
        with fast_loops(recurrences, embeddings):
            return run(inputs, training)

    return forward


def _averaging_from(kind: type[keras.optimizers.Optimizer], begin: int) -> type[keras.optimizers.Optimizer]:
    """The class of optimisers, whose moving average is not kept up before `begin` steps are done.

    Keras reads and writes it at every step: a sixth of the time on the tables of Rossmann.
    """
    import tensorflow as tf

    from zoo.keras_internals.optimiser import with_average_step

    def from_begin(optimizer: Any, step: Callable[[], None]) -> None:
        tf.cond(optimizer.iterations >= begin, step, lambda: None)

    return with_average_step(kind, from_begin)


def _warn(error: ConfigError) -> None:
    warnings.warn(f"Training is slower than it could be: {error}", stacklevel=3)
