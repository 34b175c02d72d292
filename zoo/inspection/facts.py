"""What one batch does in every layer of a model: ranges of values, weights and gradients, dead units, explosions."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.tracing.call_recorder import LayerCall, to_array, variable_names
from zoo.tracing.trace import trace

EXPLODING = 1e4  # values of a healthy layer stay far below; float16 ends at 65,504
STEEP = 1e3  # the same for single gradients
RECTIFIERS = ("relu", "relu6")


@dataclass(frozen=True)
class Range:
    """Statistics of an array: of its finite numbers, and how many others there are.

    zeros     share of the numbers that are exactly 0.
    unsound   count of NaN and Inf.

    >>> Range.of(np.array([0.0, 1.0, np.inf]))
    Range(size=3, low=0.0, high=1.0, mean=0.5, deviation=0.5, zeros=0.3333333333333333, unsound=1)
    """

    size: int
    low: float
    high: float
    mean: float
    deviation: float
    zeros: float
    unsound: int

    @classmethod
    def of(cls, values: np.ndarray) -> "Range":
        finite = values[np.isfinite(values)].astype(np.float64)
        unsound = int(values.size - finite.size)
        if not finite.size:
            return cls(int(values.size), 0.0, 0.0, 0.0, 0.0, 0.0, unsound)
        zeros = float(np.count_nonzero(finite == 0) / values.size)
        low, high, mean, deviation = (float(each(finite)) for each in (np.min, np.max, np.mean, np.std))
        return cls(int(values.size), low, high, mean, deviation, zeros, unsound)

    @property
    def largest(self) -> float:
        """The largest absolute value."""
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class LayerFacts:
    """One call of one layer or operation.

    values            what came out, and `shape` of it; None where no floats did.
    dead, units       for layers that end in a rectifier: channels that were 0 for every sample and place, of how many.
    gradient          of the loss by what came out; None without targets.
    weights, weight_gradients   name of a weight within the layer -> its range; on the first call of a layer only.
    given             the largest absolute value that went in.
    learnt            whether the layer has weights: what one without them passes on did not explode there. Incomes in
                      their own unit on the way to be scaled are large, and right.
    """

    name: str
    kind: str
    call: int
    shape: tuple[int, ...]
    values: Range | None
    dead: int
    units: int
    gradient: Range | None = None
    weights: dict[str, Range] = field(default_factory=dict)
    weight_gradients: dict[str, Range] = field(default_factory=dict)
    given: float = 0.0
    learnt: bool = True

    @property
    def explodes(self) -> bool:
        """Whether values beyond `EXPLODING` arise here."""
        grown = self.learnt or self.given <= EXPLODING
        return self.values is not None and self.values.largest > EXPLODING and grown

    @property
    def said(self) -> str:
        return self.name if self.call == 1 else f"{self.name} (call {self.call})"


@dataclass(frozen=True)
class Inspection:
    """All layers in the order of execution; `loss` and `losses` (of single outputs) where targets were given."""

    model: str
    rows: int
    layers: tuple[LayerFacts, ...]
    loss: float | None = None
    losses: dict[str, float] = field(default_factory=dict)

    def findings(self) -> list[str]:
        """What looks wrong, one sentence each: NaN and Inf, dead units, exploding values and gradients."""
        found = []
        for layer in self.layers:
            parts = [("values", layer.values, EXPLODING), ("gradient", layer.gradient, STEEP)]
            parts += [(f"weight '{name}'", each, EXPLODING) for name, each in layer.weights.items()]
            parts += [(f"gradient of '{name}'", each, STEEP) for name, each in layer.weight_gradients.items()]
            for what, each, limit in parts:
                if each is not None and each.unsound:
                    found.append(f"{layer.said}: {what}: {each.unsound} of {each.size} are NaN or infinite.")
                elif each is not None and (layer.explodes if each is layer.values else each.largest > limit):
                    found.append(f"{layer.said}: {what} explode: up to {each.largest:.3g}.")
            if layer.dead:
                found.append(f"{layer.said}: {layer.dead} of {layer.units} units are dead: 0 for all {self.rows} rows.")
        if self.loss is not None and not math.isfinite(self.loss):
            found.append(f"The loss is {self.loss}.")
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain values; a loss that is not finite becomes text."""
        plain = asdict(self) | {"findings": self.findings()}
        losses = {name: value if math.isfinite(value) else str(value) for name, value in self.losses.items()}
        loss = str(self.loss) if self.loss is not None and not math.isfinite(self.loss) else self.loss
        return plain | {"loss": loss, "losses": losses}


def inspect_model(
    model: keras.Model, x: Any, y: Any = None, sample_weight: Any = None, *, training: bool = False
) -> Inspection:
    """Run one batch through any functional model, nested and shared parts too, on any backend; nothing is changed.

    With targets y (the model must be compiled) the gradients of its loss are told too. `training` switches dropout and
    batch statistics to the way they are in training.
    """
    if y is not None and not model.compiled:
        raise ConfigError(f"Gradients need a loss: compile '{model.name}' first, or leave the targets out.")
    found = trace(model, x, y, sample_weight, training=training, gradients=y is not None)
    names, told = variable_names(model), set[int]()
    layers = []
    for call in found.calls:
        own = [] if isinstance(call.operation, keras.Model) else getattr(call.operation, "weights", [])
        own = [variable for variable in own if id(variable) not in told]
        told |= {id(variable) for variable in own}
        layers.append(_facts(call, [(names[id(variable)], variable) for variable in own], found.weight_gradients))
    rows = next(len(each) for each in keras.tree.flatten(x) if each is not None)
    return Inspection(model.name, rows, tuple(layers), found.loss, found.losses)


def _facts(call: LayerCall, weights: Sequence[tuple[str, Any]], gradients: dict[str, np.ndarray | None]) -> LayerFacts:
    values = call.outputs[0] if call.outputs else None
    gradient = call.output_gradients[0] if call.output_gradients else None
    dead, units = _dead_units(call.operation, values)
    arrays = {name: to_array(variable) for name, variable in weights}
    short = {name: name.removeprefix(f"{call.name}/") for name in arrays}
    return LayerFacts(
        name=call.name,
        kind=type(call.operation).__name__,
        call=call.number,
        shape=() if values is None else values.shape,
        values=None if values is None else Range.of(values),
        dead=dead,
        units=units,
        gradient=None if gradient is None else Range.of(gradient),
        weights={short[name]: Range.of(each) for name, each in arrays.items() if each.dtype.kind == "f"},
        weight_gradients={short[n]: Range.of(g) for n in arrays if (g := gradients.get(n)) is not None},
        given=max((Range.of(each).largest for each in call.inputs), default=0.0),
        learnt=bool(getattr(call.operation, "weights", [])) and not isinstance(call.operation, keras.Model),
    )


def _dead_units(operation: Any, values: np.ndarray | None) -> tuple[int, int]:
    """(channels that are 0 everywhere, channels) after a rectifier; (0, 0) elsewhere."""
    activation = getattr(getattr(operation, "activation", None), "__name__", type(operation).__name__.lower())
    if values is None or values.ndim < 2 or activation not in RECTIFIERS:
        return 0, 0
    silent = ~np.any(values != 0, axis=tuple(range(values.ndim - 1)))
    return int(silent.sum()), int(silent.size)
