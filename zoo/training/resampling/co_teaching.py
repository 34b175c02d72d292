"""Co-teaching (Han et al. 2018): two networks, each learns from the rows whose labels the other finds least unlikely.

Networks learn what most labels agree on before they learn single wrong ones, so that rows of a large loss are those
whose labels may be wrong; two networks err differently, so that neither is led astray by its own choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError, is_number
from zoo.keras_internals.graph import calls_in_order
from zoo.samples import Samples, present
from zoo.training.augmentation.pictures.mixing import PARTNER
from zoo.training.fine_tuning.initial_values import initial_values
from zoo.training.heads import Head
from zoo.training.losses import row_losses
from zoo.training.resampling.imbalance import SAMPLING, SYNTHESIS

PEER = "_peer"  # after the names of the second network's layers and outputs


@dataclass(frozen=True)
class CoTeaching:
    """Of `Recipe.co_teaching`.

    wrong   share of the labels that may be wrong: in the end so many rows of a batch are left out.
    epochs  in which that share rises from 0, as the networks know the less the earlier it is; 10 in the paper.

    The second network is a copy with fresh weights, and of frozen layers with theirs. The losses that rows are chosen
    by are those without dropout, with the collected statistics of batch normalisation. The best epoch is that of both
    networks together; the model ends with the first one's weights, the second is dropped. A step costs about twice a
    plain one and a prediction more. Not for mixed samples (mixup, cutmix), outputs that draw or make up rows by their
    labels, nor for pretrained layers that are trained.
    """

    wrong: float
    epochs: int = 10

    def __post_init__(self) -> None:
        if not is_number(self.wrong) or not 0 < self.wrong < 1:
            raise ConfigError(
                f"'wrong' of CoTeaching is the share of wrong labels, between 0 and 1; received {self.wrong!r}."
            )
        if type(self.epochs) is not int or self.epochs < 1:
            raise ConfigError(f"'epochs' of CoTeaching must be a whole number >= 1; received {self.epochs!r}.")

    def kept(self, rows: int, epoch: int) -> int:
        """Of so many rows, how many are trained on in an epoch (from 0). Equation of algorithm 1, line 11.

        >>> [CoTeaching(0.5, epochs=2).kept(10, epoch) for epoch in range(4)]
        [10, 8, 5, 5]
        """
        return ceil(rows * (1 - self.wrong * min(epoch / self.epochs, 1.0)))


def with_peer(
    graph: keras.Model, heads: Mapping[str, Head], seed: int, *splits: Samples
) -> tuple[keras.Model, dict[str, Head], list[Samples]]:
    """Both networks as one graph, its heads, and samples that have the targets of both.

    Raises `ConfigError` for outputs that draw rows, and layers that cannot be made anew.
    """
    for name, head in heads.items():
        if head.plan.method in (*SAMPLING, *SYNTHESIS):  # to rows of one output alone
            raise ConfigError(
                f"Co-teaching chooses rows itself: '{head.plan.method}' for the imbalance of '{name}' draws or "
                "makes up rows by their labels before; use class_weights, or none."
            )
    outputs = {f"{name}{PEER}": tensor for name, tensor in _second(graph, seed).items()}
    pair = keras.Model(graph.inputs, {**graph.output, **outputs}, name=graph.name)
    return pair, _doubled(heads), [
        replace(each, targets=_doubled(each.targets), sample_weight=_doubled(each.sample_weight)) for each in splits
    ]  # fmt: skip


def _doubled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, **{f"{name}{PEER}": value for name, value in values.items()}}


def _second(graph: keras.Model, seed: int) -> dict[str, Any]:
    """The outputs of a second network on the same inputs."""
    tensors: dict[int, Any] = {id(each): each for each in graph.inputs}
    copies: dict[int, Any] = {}
    for call in calls_in_order(graph):
        if all(id(each) in tensors for each in call.outputs):
            continue  # an input
        own = call.operation
        if id(own) not in copies:
            copies[id(own)] = _copy(own) if isinstance(own, keras.Layer) else own
        args, kwargs = call.arguments_with(tensors)
        found = keras.tree.flatten(copies[id(own)](*args, **kwargs))
        tensors.update(zip(map(id, call.outputs), found, strict=True))
    layers = {id(call.operation): call.operation for call in calls_in_order(graph)}
    for place, (key, layer) in enumerate(layers.items()):
        if isinstance(layer, keras.Layer) and key in copies:
            _begin(layer, copies[key], seed + place + 1)
    return {name: tensors[id(tensor)] for name, tensor in graph.output.items()}


def _copy(layer: keras.Layer) -> keras.Layer:
    try:
        return type(layer).from_config({**layer.get_config(), "name": f"{layer.name}{PEER}"})
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ConfigError(f"Co-teaching needs a second '{layer.name}', which cannot be made: {error}") from error


def _begin(layer: keras.Layer, copy: keras.Layer, seed: int) -> None:
    """Fresh weights for the copy; those of the layer where it is frozen, or has none to train, as `Normalization`."""
    copy.trainable = layer.trainable
    if isinstance(layer, keras.Model) and layer.trainable:
        for place, (inner, twin) in enumerate(zip(layer.layers, copy.layers, strict=True)):
            _begin(inner, twin, seed * len(layer.layers) + place)
        return
    values = initial_values(layer, seed) if layer.trainable_weights else layer.get_weights()
    for variable, value in zip(copy.weights, values, strict=True):
        variable.assign(value)


class CoTeachers:
    """`taught(batch, epoch)`: the batch with weights of 0 for the rows that a network's peer finds unlikely."""

    def __init__(self, options: CoTeaching, heads: Mapping[str, Head], pair: keras.Model):
        self.options, self.heads, self.pair = options, heads, pair

    def taught(self, batch: Any, epoch: int) -> Any:
        """(inputs, targets, weights where there are some) -> the same with weights."""
        inputs, targets, *given = batch
        if any(name.startswith(PARTNER) for name in targets):
            raise ConfigError("Co-teaching judges rows by their own labels: take mixup and cutmix out of the recipe.")
        outputs = self.pair.predict_on_batch(inputs)
        before = given[0] if given and given[0] else {}
        weights = {}
        for name, head in self.heads.items():
            peer = name.removesuffix(PEER) if name.endswith(PEER) else f"{name}{PEER}"
            losses = row_losses(head, targets[peer], np.asarray(outputs[peer], np.float32))
            kept = self._kept(losses.reshape(len(losses), -1).mean(axis=1), targets[peer], epoch)
            weights[name] = kept * before.get(name, 1.0)
        return inputs, targets, weights

    def _kept(self, losses: np.ndarray, targets: np.ndarray, epoch: int) -> np.ndarray:
        """(B,) weights whose mean over the labelled rows is 1: 0 for the largest losses among them."""
        known = np.flatnonzero(present(targets).reshape(len(targets), -1).any(axis=1))
        found = np.zeros(len(losses), np.float32)
        few = known[np.argsort(losses[known], kind="stable")[: self.options.kept(len(known), epoch)]]
        found[few] = len(known) / max(len(few), 1)
        return found
