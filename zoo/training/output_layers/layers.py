"""Which layer an output comes from, and whether changing its weights changes this output and nothing else.

Biases start at the prior and probabilities are calibrated inside the last layer of an output. That is exact only where
the layer's tensor is the output itself, read by nobody else, from a layer that is called once, has weights of its own
that are to be trained, and the activation that is assumed. (Targets are scaled at every call of the layer, so that it
may be read and called at will.) The layer is found from the output's tensor: a key of the outputs may be no layer's
name, or another layer's.
"""

from collections import Counter
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.keras_internals.graph import GraphCall, graph_calls, is_graph, producer

Tensor = Any
PASSED = (
    layers.Reshape,
    layers.Flatten,
    layers.Identity,
    layers.Dropout,
    layers.Permute,
)  # values as they are


class OutputLayers:
    """The output layers of a functional model with a dict of outputs."""

    def __init__(self, model: keras.Model):
        self.model = model
        self._readers: Counter[int] = Counter()  # id of a tensor -> calls that read it, in its own graph
        self._outputs: Counter[int] = Counter()  # id of a tensor -> how often it is an output of its graph
        self._calls: Counter[int] = Counter()  # id of a layer -> calls of it, in all graphs
        self._owners: dict[int, set[int]] = {}  # id of a variable -> ids of the layers that compute with it
        self._count(model)
        self._trainable = {id(variable) for variable in model.trainable_variables}

    def _count(self, model: keras.Model) -> None:
        self._outputs.update(map(id, model.outputs))
        for call in graph_calls(model):
            self._readers.update({id(tensor) for tensor in call.inputs})
            if is_graph(call.operation):
                self._count(call.operation)
                continue
            self._calls[id(call.operation)] += 1
            for variable in getattr(call.operation, "variables", ()):
                self._owners.setdefault(id(variable), set()).add(id(call.operation))

    @property
    def layer_names(self) -> list[str]:
        """The names of the layers that the outputs come from."""
        return [self._call(name)[0].operation.name for name in self.model.output]

    def linear(self, name: str) -> layers.Dense | None:
        """The `Dense` layer without activation that an output comes from, or None where it is no plain one.

        Others may read it, and it may be called several times: what is done at each of its calls can be done by its
        weights.
        """
        return None if self.why_not_linear(name) else self._call(name)[0].operation

    def why_not_linear(self, name: str) -> str:
        """Why the layer of an output is no plain linear one; "" where it is."""
        return self._why_not_plain(self._call(name)[0].operation, keras.activations.linear)

    def alone(self, name: str, activation: Any) -> layers.Dense | None:
        """The `Dense` layer whose weights change this output and nothing else, or None; see `why_not_alone`."""
        return None if self.why_not_alone(name, activation) else self._call(name)[0].operation

    def why_not_alone(self, name: str, activation: Any) -> str:
        """Why an output is not alone with a plain layer of this activation; "" where it is."""
        call, whole = self._call(name)
        if not whole or self._readers[id(call.outputs[0])] or self._calls[id(call.operation)] > 1:
            return "another part of the model reads it, or its layer is called more than once"
        return self._why_not_plain(call.operation, activation)

    def _why_not_plain(self, layer: Any, activation: Any) -> str:
        if type(layer) is not layers.Dense or not layer.use_bias or getattr(layer, "lora_enabled", False):
            return f"'{layer.name}' is no plain Dense layer with a bias"
        if layer.activation is not activation:
            found, wanted = map(activation_name, (layer.activation, activation))
            return f"the activation of '{layer.name}' is {found}, not {wanted}"
        if not self._is_own(layer, layer.kernel, layer.bias):
            return f"the weights of '{layer.name}' are frozen or used by another layer too"
        rules = ("kernel_constraint", "bias_constraint", "kernel_regularizer", "bias_regularizer")
        if any(getattr(layer, rule, None) is not None for rule in (*rules, "activity_regularizer")):
            return f"'{layer.name}' has a constraint or a regularisation, which would hold other weights"
        return "" if layer.variable_dtype == "float32" else f"the weights of '{layer.name}' are {layer.variable_dtype}"

    def fresh_bias(self, name: str) -> tuple[keras.Variable, list[Any]] | None:
        """The bias that shifts an output, and what follows it: activations and `Rescaling` layers, the last one first.

        It is looked for through `Activation`, `Softmax`, `Rescaling` and, in a sum of scores, `Add`. None where nothing
        is found, where anything else reads what is passed on the way, or where a bias is not 0: such a layer has
        learnt something.
        """
        call, whole = self._call(name)
        return self._fresh_bias(call) if whole and not self._readers[id(call.outputs[0])] else None

    def _fresh_bias(self, call: GraphCall) -> tuple[keras.Variable, list[Any]] | None:
        layer = call.operation
        if type(layer) is layers.Dense and layer.use_bias:
            fresh = not np.any(keras.ops.convert_to_numpy(layer.bias)) and layer.bias_constraint is None
            own = self._is_own(layer, layer.bias) and self._calls[id(layer)] == 1
            return (layer.bias, [layer.activation]) if fresh and own else None
        after = {layers.Activation: [getattr(layer, "activation", None)], layers.Rescaling: [layer], layers.Add: []}
        passed = after.get(type(layer), [keras.activations.softmax] if type(layer) is layers.Softmax else None)
        if passed is None or any(self._readers[id(each)] != 1 or self._outputs[id(each)] for each in call.inputs):
            return None
        parts = [producer(each)[0] for each in call.inputs]
        if any(type(part.operation) is layers.Dense and self._has_learnt(part.operation) for part in parts):
            return None
        found = next(filter(None, map(self._fresh_bias, parts)), None)
        return None if found is None else (found[0], [*passed, *found[1]])

    def _has_learnt(self, layer: layers.Dense) -> bool:
        return layer.use_bias and bool(np.any(keras.ops.convert_to_numpy(layer.bias)))

    def _call(self, name: str) -> tuple[GraphCall, bool]:
        """The call that makes an output, inside nested models; whether nobody else reads what is passed on the way."""
        tensor, whole = self.model.output[name], True
        while True:
            call, place = producer(tensor)
            whole = whole and self._outputs[id(tensor)] == 1
            if not is_graph(call.operation):
                return call, whole
            whole = whole and not self._readers[id(tensor)]
            tensor = call.operation.outputs[place]

    def _is_own(self, layer: Any, *variables: keras.Variable) -> bool:
        return all(id(each) in self._trainable and self._owners[id(each)] == {id(layer)} for each in variables)


def activation_name(activation: Any) -> str:
    """What an activation is called."""
    return getattr(activation, "__name__", type(activation).__name__)
