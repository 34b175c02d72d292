"""Freeze a model up to a place in its graph, with the statistics of its batch normalisation."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError, UnknownNameError
from zoo.keras_internals.graph import is_graph, layers_of
from zoo.training.fine_tuning.network import HEAD, Network, is_norm

Until = str | int | None


@dataclass(frozen=True)
class Frozen:
    """What of a model is frozen; its text is one line.

    until    what was asked for.
    layers   names of the layers with weights that are not trained; `trained` of those that are.
    held     names of the batch normalisations that are not trained, and keep their statistics.
    weights  how many numbers are frozen, of `all_weights`.
    """

    until: Until
    layers: tuple[str, ...]
    trained: tuple[str, ...]
    held: tuple[str, ...]
    weights: int
    all_weights: int

    def __str__(self) -> str:
        rest = "nothing is trained" if not self.trained else f"trained: {_short(self.trained)}"
        held = f", of which {len(self.held)} batch normalisations keep their statistics" if self.held else ""
        return (
            f"{len(self.layers)} of {len(self.layers) + len(self.trained)} layers frozen ({self.weights:,} of "
            f"{self.all_weights:,} weights){held}; {rest}"
        )


def freeze(model: keras.Model, until: Until = None, *, hold_batch_norm: bool = True) -> Frozen:
    """Stop the training of everything up to a place in the graph, and with it; train what comes after.

    `until` is the name of a layer ("conv4_block6_out", "base/conv1" inside a nested model, "base" for all of one), the
    stride of a tap ("s16" or 16: the last place at this stride that everything passes through), "head" for all but the
    last layers with weights, or None for the whole model.

    With `hold_batch_norm`, batch normalisation that has learnt statistics keeps them above that place too: few rows
    give worse ones. (Calling a nested base with training=False does not keep them in `fit`.) A model that was compiled
    must be compiled anew.

    Raises `UnknownNameError` for a place that there is not.
    """
    network = Network(require_graph(model))
    frozen = frozen_until(network, until)
    rest = [layer for layer in weighted(network) if id(layer) not in frozen]
    held = {id(norm) for layer in rest for norm in norms_in(layer) if hold_batch_norm and has_learnt(norm)}
    set_trainable(model, {id(layer): id(layer) not in frozen for layer in weighted(network)}, held)
    return frozen_of(model, until)


def unfreeze(model: keras.Model, above: Until = None, *, batch_norm: bool = False) -> Frozen:
    """Train what comes after a place in the graph (see `freeze`), or everything, again; the rest stays as it is.

    Batch normalisation that is frozen stays so, unless `batch_norm` wakes it.
    """
    network = Network(require_graph(model))
    below = set() if above is None else frozen_until(network, above)
    woken = [layer for layer in weighted(network) if id(layer) not in below]
    held = {id(norm) for layer in woken for norm in norms_in(layer) if not norm.trainable and not batch_norm}
    set_trainable(model, {id(layer): True for layer in woken}, held)
    return frozen_of(model, above)


def require_graph(model: Any) -> keras.Model:
    """The model, if it has a graph."""
    if not is_graph(model):
        raise ConfigError(f"Only a functional or sequential model, built, can be frozen; received {model!r:.60}.")
    return model


def frozen_until(network: Network, until: Until) -> set[int]:
    """The ids of the layers with weights up to a place, and with it."""
    if until is None:
        return {id(layer) for layer in weighted(network)}
    if until == HEAD:
        head = {id(call.layer) for call in network.head}
        return {id(layer) for layer in weighted(network) if id(layer) not in head}
    place = f"s{until}" if isinstance(until, int) else until
    keys = [
        key
        for call in network.calls
        if isinstance(place, str) and (place in (call.path, call.layer.name) or call.path.startswith(f"{place}/"))
        for key in call.outputs
    ]
    if not keys and place in network.strides:
        keys = [network.strides[place]]
    if not keys:
        names = [call.path for call in network.calls]
        raise UnknownNameError("place to freeze until", str(until), [HEAD, *network.strides, *names])
    return {id(call.layer) for call in network.before(keys) if call.has_weights}


def weighted(network: Network) -> list[Any]:
    """The layers with weights, in order, each once."""
    return list({id(call.layer): call.layer for call in network.calls if call.has_weights}.values())


def norms_in(layer: Any) -> list[Any]:
    """The batch normalisations in a layer, itself too."""
    return [each for each in layers_of(layer) if is_norm(each)]


def has_learnt(norm: Any) -> bool:
    """Whether a batch normalisation has statistics of some data."""
    mean, variance = (keras.ops.convert_to_numpy(each) for each in (norm.moving_mean, norm.moving_variance))
    return bool(np.any(mean) or np.any(variance != 1.0))


def set_trainable(model: keras.Model, wanted: Mapping[int, bool], held: Iterable[int] = ()) -> None:
    """Let each layer (id -> whether) be trained or not, but for the batch normalisations `held`.

    Keras sets a layer's inside with it, and what is inside of a frozen model counts as frozen.
    """
    held = set(held)
    for container in [each for each in layers_of(model) if is_graph(each) and not each.trainable]:
        container.trainable = True
        for each in layers_of(container):
            if not is_graph(each):
                each.trainable = False  # as it counted
    for layer in [each for each in layers_of(model) if id(each) in wanted]:
        if layer.trainable != wanted[id(layer)]:
            layer.trainable = wanted[id(layer)]
        for norm in norms_in(layer):
            if id(norm) in held:
                norm.trainable = False


@contextmanager
def trainable_as_before(model: keras.Model) -> Iterator[None]:
    """Afterwards, each layer is trained or frozen as it was."""
    flags = [(each, each.trainable) for each in layers_of(model)]
    try:
        yield
    finally:
        for layer, flag in flags:  # containers come before what is inside
            if layer.trainable != flag or is_graph(layer):
                layer.trainable = flag


@contextmanager
def still_below(network: Network) -> Iterator[None]:
    """While this lasts, `Dropout` layers between frozen layers are off: they would move what those give, and teach them
    nothing. Batch normalisation alone, which is held, is no such layer.

    Keras' guide to transfer learning has it so too, by training=False. Dropout behind the last of them stays on.
    """
    still, frozen = set(network.inputs), []
    for call in network.calls:
        if still.issuperset(call.inputs) and not getattr(call.layer, "trainable_variables", ()):
            still.update(call.outputs)
            frozen += [key for key in call.inputs if call.has_weights and not is_norm(call.layer)]
    inside = {id(call) for call in network.before(frozen)}
    above = {id(call.layer) for call in network.calls if id(call) not in inside}
    found = {id(call.layer): call.layer for call in network.calls if id(call) in inside}
    dropouts = [
        each for key, each in found.items() if isinstance(each, keras.layers.Dropout) and each.rate and key not in above
    ]
    rates = [each.rate for each in dropouts]
    try:
        for each in dropouts:
            each.rate = 0.0
        yield
    finally:
        for each, rate in zip(dropouts, rates, strict=True):
            each.rate = rate


def frozen_of(model: keras.Model, until: Until = None) -> Frozen:
    """What of a model is frozen now."""
    layers = weighted(Network(model))
    trained = {id(variable) for variable in model.trainable_variables}
    learning = [layer for layer in layers if any(id(variable) in trained for variable in layer.weights)]
    alive = {id(layer) for layer in learning}
    held = [norm.name for layer in layers for norm in norms_in(layer) if not norm.trainable]
    sizes = {id(variable): prod(variable.shape) for variable in model.weights}
    return Frozen(
        until,
        tuple(layer.name for layer in layers if id(layer) not in alive),
        tuple(layer.name for layer in learning),
        tuple(held),
        sum(size for key, size in sizes.items() if key not in trained),
        sum(sizes.values()),
    )


def _short(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} ... {names[-1]} ({len(names)} layers)"
