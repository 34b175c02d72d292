"""A `keras.Model` around any functional model that trains all of its outputs at once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ConfigError
from zoo.keras_internals.graph import producer
from zoo.keras_internals.trainer import build_for
from zoo.stacked_batches import Batch, StackedBatches
from zoo.training.acceleration.accelerate import accelerate
from zoo.training.acceleration.steps_per_execution import LOG, taking_stacks
from zoo.training.acceleration.tied_softmax import TiedSoftmax
from zoo.training.augmentation.pictures.mixing import partner
from zoo.training.balance import Balance
from zoo.training.heads import Head
from zoo.training.losses import batch_loss
from zoo.training.output_layers.target_scaling import Scaling, scaled_calls

Tensor = Any


class BatchLog(keras.metrics.Metric):
    """What one batch said: the loss, its terms, weights and label counts, in one variable (one assignment a step)."""

    def __init__(self, keys: tuple[str, ...]):
        super().__init__(name="batch_log")
        self.keys = keys
        self.values = self.add_variable(shape=(len(keys),), initializer="zeros", name="values")

    def update_state(self, values: Tensor) -> None:
        self.values.assign(values)

    def result(self) -> dict[str, Tensor]:
        return {key: self.values[row] for row, key in enumerate(self.keys)}


class Trainer(keras.Model):
    """Trains `model` on named inputs and targets; missing labels and class weights are its affair, not Keras'.

    class_weights  output -> (classes,) weights, where wanted.
    scalings       output -> what turns the layer's values into the target's units in training mode alone
                   (`target_scaling`).
    tied           output -> what takes its loss from the features before the last layer, while training.
    acceleration   compute the model faster where that is known to give the same.

    One step logs "loss", and for every output "loss_X" (mean over known labels), "weight_X",
    "term_X" = weight * loss, and "count_X" (known labels); "term_balance" and "term_regularisation".
    The loss is the sum of the terms.
    """

    SHARED = "__shared__"
    train_function: Any

    def __init__(
        self,
        model: keras.Model,
        heads: Mapping[str, Head],
        balance: Balance,
        class_weights: Mapping[str, np.ndarray | None],
        scalings: Mapping[str, Scaling] | None = None,
        tied: Mapping[str, TiedSoftmax] | None = None,
        *,
        acceleration: bool = True,
    ):
        super().__init__(name=f"{model.name}_trainer", dtype="float32", autocast=False)  # whatever the global policy
        self.model = model
        self.balance = balance
        self._heads = tuple(heads.items())  # tuples: Keras would wrap a dict and look for layers in it
        self._class_weights = tuple((name, class_weights.get(name)) for name in heads)
        self._tied = tuple((tied or {}).items())
        self._random = tuple(each.random for _, each in self._tied)  # their states are the trainer's
        graph = model_with(model, {name: each.features for name, each in self._tied}) if tied else model
        if balance.needs_shared_tensor:
            graph = model_with(graph, {self.SHARED: last_shared_tensor(graph)})
        # On the model's own variables.
        self._forward: Callable[..., dict[str, Tensor]] = accelerate(graph) if acceleration else graph
        self._scalings = tuple((scalings or {}).values())
        self._shared: Tensor = None
        self._plain = False
        keys = [f"{what}_{name}" for name in heads for what in ("loss", "weight", "term", "count")]
        self.log = BatchLog(("loss", *keys, "term_balance", "term_regularisation"))
        self.built = True

    @contextmanager
    def plain(self) -> Iterator[None]:
        """While this lasts, the model runs layer by layer as it was built, so that one can look inside.

        Weights of losses that only a compiled step can find (`GradNorm`) are those of the heads meanwhile.
        """
        self._plain = True
        try:
            yield
        finally:
            self._plain = False

    def call(self, inputs: dict[str, Tensor], training: bool | None = None) -> dict[str, Tensor]:
        whole = self._plain or (self._tied and not training)
        forward = self.model if whole else self._forward
        with scaled_calls(self._scalings if training else ()):
            outputs = dict(forward(inputs, training=training))
        self._shared = outputs.pop(self.SHARED, None)
        return outputs

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        tables = dict(self._class_weights)
        tied = dict(self._tied) if training and not self._plain else {}
        weighed = sample_weight or {}
        pairs = {
            name: batch_loss(
                head, y[name], y_pred[name], tables[name], tied.get(name), weighed.get(name), partner(name, y, weighed)
            )
            for name, head in self._heads
        }
        losses = {name: loss for name, (loss, _) in pairs.items()}
        counts = {name: count for name, (_, count) in pairs.items()}
        if self._plain and self.balance.needs_shared_tensor:
            weights = {name: ops.convert_to_tensor(float(head.weight)) for name, head in self._heads}
            penalty = ops.convert_to_tensor(0.0)
        else:
            weights, penalty = self.balance.weigh(losses, counts, self._shared)
        terms = {name: weights[name] * losses[name] for name in losses}
        extra = [ops.sum(ops.cast(each, "float32")) for each in self.model.losses]
        regularisation = sum(extra[1:], start=extra[0]) if extra else ops.convert_to_tensor(0.0)
        loss = sum(terms.values(), start=penalty + regularisation)
        rows = [part for name in losses for part in (losses[name], weights[name], terms[name], counts[name])]
        self.log.update_state(ops.stack([ops.cast(row, "float32") for row in (loss, *rows, penalty, regularisation)]))
        return loss

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Tensor]:
        return {LOG: ops.copy(self.log.values)}  # on PyTorch the next step writes into the variable

    def make_train_function(self, force: bool = False) -> None:
        if self.train_function is None or force:
            super().make_train_function(force)
            self.train_function = taking_stacks(self, self.train_function)

    def train_on(self, batch: Batch | StackedBatches) -> np.ndarray:
        """Train on a batch, or on each batch of a stack in one call -> its log (n, keys), see `log.keys`.

        Fewer rows, where a sentinel left batches out.
        """
        backend = keras.backend.backend()
        if backend == "tensorflow":  # what Keras does around a batch takes a twentieth of a small network's step
            self.make_train_function()
            if not isinstance(batch, StackedBatches):
                batch = keras.tree.map_structure(
                    lambda each: None if each is None else ops.convert_to_tensor(each), batch
                )
            logs = self.train_function(iter([batch]))
        elif backend == "jax" and isinstance(batch, StackedBatches):
            logs = self._train_on_jax(batch)
        else:
            logs = self.train_on_batch(*batch, return_dict=True)
        return log_rows(logs, len(self.log.keys))

    def measure(self, batch: Batch) -> np.ndarray:
        """The log (1, keys) of a batch that is not trained on, by the model as it predicts."""
        return log_rows(super().test_on_batch(*batch, return_dict=True), len(self.log.keys))

    def _train_on_jax(self, stack: StackedBatches) -> dict[str, Tensor]:
        """What Keras' `train_on_batch` does there with the state: its values go through the step, and back."""
        build_for(self, stack[0])
        self.make_train_function()
        parts = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        logs, state = self.train_function(tuple([variable.value for variable in part] for part in parts), iter([stack]))
        for part, values in zip(parts, state, strict=True):
            for variable, value in zip(part, values, strict=True):
                variable.assign(value)
        return logs

    def get_metrics_result(self) -> dict[str, Tensor]:
        return self.log.result()

    def reset_metrics(self) -> None:
        """Nothing: each step overwrites the log. (Keras sets every metric to 0 before each batch: a quarter of the time
        of a step on a small table.)"""


def log_rows(logs: Mapping[str, Any], keys: int) -> np.ndarray:
    """The logs of a train function -> (n, keys), one row for each batch."""
    return np.asarray(ops.convert_to_numpy(logs[LOG])).reshape(-1, keys) if logs else np.empty((0, keys), np.float32)


def model_with(model: keras.Model, outputs: Mapping[str, Any]) -> keras.Model:
    """The model with other or more outputs, tensors of its graph."""
    return keras.Model(model.inputs, {**model.output, **outputs}, name=model.name)


def last_shared_tensor(model: keras.Model) -> Any:
    """The tensor nearest to the outputs on which every output depends."""
    tensors: dict[int, Any] = {}

    def ancestors(tensor: Any) -> set[int]:
        found: set[int] = set()
        stack = [tensor]
        while stack:
            current = stack.pop()
            if id(current) in found:
                continue
            found.add(id(current))
            tensors[id(current)] = current
            stack.extend(_parents(current))
        return found

    common = set.intersection(*(ancestors(_parents(output)[0]) for output in model.output.values()))
    if not common:
        raise ConfigError(f"The outputs of '{model.name}' share no tensor; use balance 'uncertainty' or 'static'.")
    return max((tensors[key] for key in common), key=lambda tensor: len(ancestors(tensor)))


def _parents(tensor: Any) -> list[Any]:
    return list(producer(tensor)[0].inputs)
