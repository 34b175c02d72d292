"""The compiled training step of a model under the sentinel's hand: run, look at its state, and put the state back.

The sentinel stands between `fit` (or `train_on_batch`) and the model's own `train_function`, which stays as Keras made
it: the numbers are those of a training without a sentinel, bit for bit (but for rounding in batches of changing shape).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.keras_internals.trainer import build_for, mean_loss
from zoo.stacked_batches import StackedBatches
from zoo.tracing.call_recorder import first_unsound, to_array, variable_names

Tensor = Any
Batch = Any  # what `fit` gives a step: a tuple (inputs, targets, sample weights) or a part of it
Snapshot = list[Tensor]  # values of `Steps.variables`, in their order; whatever else a step changes behind them
Source = Iterator[Batch]


class Steps(ABC):
    """The training steps of `model`; `take` is asked for the logs whenever Keras wants the next step(s).

    variables   all that a step may change: weights, batch statistics, random seeds, the optimiser's, the metrics'.
    names       a name for each of them.
    watched     numbers of those that must stay finite: all floats but the metrics, of which only the mean loss counts.
    refused     whether a step since the last `restore` ended with an error because its numbers were not finite.
    """

    lengths: list[int]  # how many variables are trainable, are not, are the optimiser's, the metrics'
    refused = False

    def __init__(self, model: keras.Model, take: Callable[[Source], Any]):
        self.model, self.take = model, take
        self.size = int(model.steps_per_execution)
        self.variables: list[keras.Variable] = []
        self.names: list[str] = []
        self.watched: list[int] = []
        model.make_train_function()
        self.original = getattr(model.train_function, "original", model.train_function)  # of an interrupted training
        self.hook()

    def hook(self) -> None:
        """Stand before the model's train function."""

        def train_function(*args: Any) -> Any:
            try:
                return self.called(*args)
            except StopIteration:
                raise
            except BaseException:  # whatever ends the training, the model must not stay watched
                self.unhook()
                raise

        vars(train_function)["original"] = self.original
        self.model.train_function = train_function

    def unhook(self) -> None:
        self.model.train_function = self.original

    def rebuild(self) -> None:
        """Compile the step anew, after something changed that the compiled one holds as a constant."""
        self.unhook()
        self.model.make_train_function(force=True)
        self.original = self.model.train_function
        self.hook()
        self.prepare()

    def begin(self, batch: Batch) -> None:
        """Before the first batch: build what Keras builds late, and list the state."""
        if self.variables:
            return
        build_for(self.model, _as_triple(batch))
        optimizer = self.model.optimizer
        parts = (self.model.trainable_variables, self.model.non_trainable_variables, optimizer.variables)
        self.lengths = [*map(len, parts), len(self.model.metrics_variables)]
        self.variables = [variable for part in (*parts, self.model.metrics_variables) for variable in part]
        names = variable_names(self.model)
        self.names = [names.get(id(variable), variable.path) for variable in self.variables]
        state = sum(self.lengths[:3])
        loss = {id(variable) for variable in mean_loss(self.model).variables}
        self.watched = [
            row
            for row, variable in enumerate(self.variables)
            if keras.backend.is_float_dtype(variable.dtype) and (row < state or id(variable) in loss)
        ]
        self.prepare()

    def called(self, *args: Any) -> Any:
        """The train function, as this backend's Keras calls it."""
        return self.take(iter(args[0]))

    @abstractmethod
    def prepare(self) -> None:
        """After the state is known."""

    def run(self, batches: Sequence[Batch]) -> Any:
        """Train on a stack, or on these batches, at most `size`; the logs of all of the stack, or of the last."""
        return self.original(as_source(batches))

    @abstractmethod
    def look(self) -> tuple[bool, Snapshot]:
        """Whether all that is watched is finite, and a copy of the state."""

    @abstractmethod
    def restore(self, snapshot: Snapshot, *, metrics_only: bool = False) -> None:
        """Let the next step start from `snapshot`, which stays as it is."""

    def touched(self) -> bool:
        """Whether the state was changed from outside since the last step, as far as that can be told cheaply."""
        return False

    @abstractmethod
    def commit(self) -> None:
        """Give the model's variables the state."""

    def broken(self, snapshot: Snapshot) -> dict[str, float]:
        """Names of the watched arrays in `snapshot` that are not finite -> the first such number of each."""
        arrays = {self.names[row]: to_array(snapshot[row]) for row in self.watched}
        return {name: first_unsound(each) for name, each in arrays.items() if not np.isfinite(each).all()}

    def with_weights(self, weights: Mapping[int, np.ndarray]) -> Snapshot:
        """The state, with other values for the variables of these ids."""
        snapshot = list(self.look()[1])
        for row, variable in enumerate(self.variables):
            if id(variable) in weights:
                snapshot[row] = keras.ops.convert_to_tensor(weights[id(variable)])
        return snapshot

    def row_of(self, variable: Any) -> int | None:
        """Where `variable` stands in a snapshot."""
        return next((row for row, each in enumerate(self.variables) if each is variable), None)


class VariableSteps(Steps):
    """State that lives in the model's variables: they tell when somebody else assigns to them."""

    written = False

    def prepare(self) -> None:
        for variable in self.variables[: sum(self.lengths[:3])]:
            variable.__dict__["assign"] = self._noticing(type(variable).assign.__get__(variable))

    def unhook(self) -> None:
        super().unhook()
        for variable in self.variables:
            variable.__dict__.pop("assign", None)

    def _noticing(self, assign: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noticed(value: Any) -> Any:
            self.written = True
            return assign(value)

        return noticed

    def run(self, batches: Sequence[Batch]) -> Any:
        logs = self.step(batches)
        self.written = False  # tracing and eager steps assign too
        return logs

    def step(self, batches: Sequence[Batch]) -> Any:
        return self.original(batches)  # PyTorch's wants a list

    def commit(self) -> None:
        return  # they have it

    def restore(self, snapshot: Snapshot, *, metrics_only: bool = False) -> None:
        first = sum(self.lengths[:3]) if metrics_only else 0
        for variable, value in zip(self.variables[first:], snapshot[first:], strict=True):
            variable.assign(value)
        self.written = self.refused = False

    def touched(self) -> bool:
        touched, self.written = self.written, False
        return touched


def as_source(batches: Sequence[Batch]) -> Source:
    """Batches as the train function takes them: a stack whole."""
    return iter([batches]) if isinstance(batches, StackedBatches) else iter(batches)


def _as_triple(batch: Batch) -> tuple[Any, Any, Any]:
    parts = batch if isinstance(batch, tuple) else (batch,)
    arrays = [tree.map_structure(lambda each: each if hasattr(each, "shape") else None, part) for part in parts]
    return (*arrays, None, None, None)[:3]
