"""The weights of a model by address: `layer/role`, and `inner_model/layer/role` inside a nested model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import WeightsError
from zoo.keras_internals.graph import calls_of, layers_of, next_calls, producer

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Place:
    """One weight of a model. `owner` is the innermost layer that has it, `number` its place in Keras' order there;
    `outer_layer` is the layer of the graph, and `outer` its address."""

    address: str
    variable: Any
    owner: Any
    number: int
    outer: str
    outer_layer: Any

    @property
    def layer(self) -> str:
        return self.address.rpartition("/")[0]

    @property
    def role(self) -> str:
        return self.address.rpartition("/")[2]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.variable.shape)


def places_of(model: "keras.Model", prefix: str = "") -> dict[str, Place]:
    """Address -> weight, nested models included; the same whether layers are frozen or trainable."""
    found: dict[str, Place] = {}
    for layer in model.layers:
        inner = hasattr(layer, "layers")
        start = f"{prefix}{layer.name}/"
        named = places_of(layer, start) if inner else _places_in(layer, start)
        if found.keys() & named.keys() or (not inner and len(named) < len(layer.weights)):
            raise WeightsError(f"Two weights of the model have the same address in the layer '{prefix}{layer.name}'.")
        found |= named
    return found


def _places_in(layer: Any, start: str) -> dict[str, Place]:
    owners = {
        id(variable): (owner, number)
        for owner in layers_of(layer)
        for number, variable in enumerate(_own_weights(owner))
    }
    places = {}
    for variable in layer.weights:
        owner, number = owners.get(id(variable), (layer, -1))
        address = start + _role(layer, variable)
        places[address] = Place(address, variable, owner, number, start[:-1], layer)
    return places


def _own_weights(layer: Any) -> list[Any]:
    """Its weights without those of the layers inside it."""
    inner = {id(variable) for each in layers_of(layer) if each is not layer for variable in each.weights}
    return [variable for variable in layer.weights if id(variable) not in inner]


def _role(layer: Any, variable: Any) -> str:
    """`kernel`, or `lstm_cell/kernel` for a variable of a layer inside the layer."""
    parts = variable.path.split("/")
    return "/".join(parts[parts.index(layer.name) + 1 :]) if layer.name in parts[:-1] else variable.path


def head_of(model: "keras.Model", output: str = "predictions") -> str | None:
    """The last layer with weights before the output layer `output`, that layer included; None without one."""
    layer = next((layer for layer in model.layers if layer.name == output), None)
    while layer is not None and not _weights(layer):
        before = list(_before(layer))
        layer = before[0] if len(before) == 1 else None
    return layer.name if layer is not None else None


def _weights(operation: Any) -> list[Any]:
    """Those of a layer; none of an operation of keras.ops, which is a node of the graph too."""
    return getattr(operation, "weights", [])


def stems_of(model: "keras.Model") -> list[str]:
    """The layers with weights that read the model's input first, with at most weightless layers between."""
    found: list[str] = []
    import keras

    pending = [layer for layer in model.layers if isinstance(layer, keras.layers.InputLayer)]
    seen = set()
    while pending:
        layer = pending.pop()
        for after in _after(layer):
            if id(after) not in seen:
                seen.add(id(after))
                if _weights(after):
                    found.append(after.name)
                else:
                    pending.append(after)
    return found


def _before(layer: Any) -> Iterator[Any]:
    for call in calls_of(layer):
        yield from (producer(tensor)[0].operation for tensor in call.inputs)


def _after(layer: Any) -> Iterator[Any]:
    for call in next_calls(layer):
        yield call.operation


def graph_version(model: "keras.Model") -> str:
    """A short fingerprint of which layer with weights feeds which, the order of summands aside; classes, number of
    channels, drop path and the model's name do not change it."""
    import hashlib

    edges = sorted(f"{layer.name} {type(layer).__name__} {_sources(layer)}" for layer in model.layers if layer.weights)
    return hashlib.sha256("\n".join(edges).encode()).hexdigest()[:16]


COMMUTATIVE = {"Add", "Multiply", "Average", "Maximum", "Minimum"}
WITHOUT_EFFECT = {"Dropout", "SpatialDropout2D", "Identity", "InputLayer", "Activation"}


def _sources(layer: Any, known: dict[int, str] | None = None) -> str:
    """What the layer reads, back to the layers with weights, as a text."""
    known = {} if known is None else known
    parts = []
    for before in _before(layer):
        if id(before) not in known:
            inner = before.name if getattr(before, "weights", None) else _sources(before, known)
            kind = type(before).__name__
            known[id(before)] = (
                inner if kind in WITHOUT_EFFECT or getattr(before, "weights", None) else f"{kind}({inner})"
            )
        parts.append(known[id(before)])
    return ",".join(sorted(parts) if type(layer).__name__ in COMMUTATIVE else parts)
