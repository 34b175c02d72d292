"""Models from their descriptions (`tests.model_cases`)."""

from typing import Any

import keras
from keras import layers, ops

from tests.model_cases import CLASSES, Case, Input, Layer, Output

WIDTH = 4  # of every tensor of the trunk
TOKENS, STEPS, NUMBERS, SIDE = 7, 5, 3, 4  # vocabulary, length, columns, height and width of the inputs
WIDTHS = {"regression": 1, "vector": 3, "binary": 1, "classification": 3, "tags": 3}
ACTIVATIONS = {"binary": "sigmoid", "classification": "softmax", "tags": "sigmoid"}

Tensor = Any


class Unfit(Exception):  # noqa: N818 (it is no error)
    """The mistake of a description has no place in it."""


def names(case: Case) -> list[str]:
    """How the outputs are called, in their order."""
    if case.form == "dict":
        return [each.key for each in case.outputs]
    return ["wrapped"] if case.wrapped else [each.layer for each in case.outputs]


def build(case: Case) -> keras.Model:
    """The model, with the same names and weights each time, as in another process."""
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(case.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(case.policy)
    try:
        return _sequential(case) if case.form == "sequential" else _wrapped(case, _functional(case))
    finally:
        keras.config.set_dtype_policy(before)


def _functional(case: Case) -> keras.Model:
    inputs = {f"in{place}": _input(case, each, f"in{place}") for place, each in enumerate(case.inputs)}
    encoded = [_encode(each, x, name) for each, (name, x) in zip(case.inputs, inputs.items(), strict=True)]
    tensors = [layers.Add()(encoded) if len(encoded) > 1 else encoded[0], *encoded]
    made: list[tuple[str, layers.Layer]] = []
    for each in case.trunk:
        tensors.append(_apply(each, tensors, made))
    heads: list[_Built] = []
    for place, output in enumerate(case.outputs):
        x = tensors[output.source % len(tensors)]
        parts = [x] if place or len(encoded) == 1 or x is tensors[0] else [x, tensors[0]]
        if output.reads is not None and heads:
            read = heads[output.reads % len(heads)]
            parts.append(read.scores if output.reads_scores else read.tensor)
        x = layers.Concatenate()(parts) if len(parts) > 1 else x
        heads.append(_head(output, x, heads, bare=case.wrong == "logits" and output is first(case, CLASSES)))
    found = dict(zip(names(case), (head.tensor for head in heads), strict=True)) if case.form == "dict" else None
    listed = [head.tensor for head in heads]
    result = found if found is not None else listed if case.form == "list" else listed[0]
    feeds = {"list": list(inputs.values()), "dict": inputs}.get(case.feed, next(iter(inputs.values())))
    model = keras.Model(feeds, result, name="model")
    for output, head in zip(case.outputs, heads, strict=True):
        for layer in head.layers if output.frozen else ():
            layer.trainable = False
    return model


def _wrapped(case: Case, inner: keras.Model) -> keras.Model:
    if not case.wrapped:
        return inner
    inner.name = "wrapped"
    inputs = {f"in{place}": _input(case, each, f"in{place}") for place, each in enumerate(case.inputs)}
    feeds = {"list": list(inputs.values()), "dict": inputs}.get(case.feed, next(iter(inputs.values())))
    return keras.Model(feeds, inner(feeds), name="outer")


def _sequential(case: Case) -> keras.Model:
    output = case.outputs[0]
    chain = [layers.Input((NUMBERS,)), layers.Dense(WIDTH)]
    chain += [_layer(each) for each in case.trunk]
    bare = case.wrong == "logits"
    if output.form in ("activation", "reshape", *("rescaled", "bounded")):
        chain.append(_dense(output, f"{output.layer}_scores", "sigmoid" if output.form == "bounded" else None))
    closing = _closing(output, bare=bare)
    model = keras.Sequential([*chain, closing], name="model")
    if output.frozen:
        chain[-1].trainable = closing.trainable = False
    return model


def _input(case: Case, given: Input, name: str) -> Tensor:
    shape = {"numbers": (NUMBERS,), "tokens": (STEPS,), "picture": (SIDE, SIDE, 1)}[given.kind]
    named = None if case.feed == "unnamed" else name
    return keras.Input(shape, dtype="int32" if given.kind == "tokens" else None, name=named)


def _encode(given: Input, x: Tensor, name: str) -> Tensor:
    """-> (B, WIDTH)"""
    if given.kind == "numbers":
        chain = [layers.Dense(WIDTH, activation="tanh")]
    elif given.kind == "picture":
        chain = [layers.Conv2D(WIDTH, 3), layers.BatchNormalization(), layers.GlobalAveragePooling2D()]
    else:
        ends = {
            "mean": [layers.GlobalAveragePooling1D()],
            "lstm": [layers.LSTM(WIDTH, recurrent_initializer="he_normal")],
            "gru": [layers.GRU(WIDTH, recurrent_initializer="he_normal")],
            "conv": [layers.Conv1D(WIDTH, 2, activation="relu"), layers.GlobalMaxPooling1D()],
        }
        chain = [layers.Embedding(TOKENS, WIDTH), *ends[given.encoder]]
    for layer in chain:
        layer.trainable = not given.frozen
        x = layer(x)
    return x


def _layer(given: Layer) -> layers.Layer:
    """A layer (B, WIDTH) -> (B, WIDTH)."""
    dtype = {"dtype": given.policy} if given.policy else {}
    if given.kind == "nested":
        x = keras.Input((WIDTH,))
        y = layers.BatchNormalization(**dtype)(layers.Dense(WIDTH, activation="relu", **dtype)(x))
        layer = keras.Model(x, layers.Dropout(0.2)(y))
    else:
        layer = {
            "norm": lambda: layers.BatchNormalization(momentum=0.5, **dtype),
            "dropout": lambda: layers.Dropout(0.3, **dtype),
            "layer_norm": lambda: layers.LayerNormalization(**dtype),
        }.get(given.kind, lambda: layers.Dense(WIDTH, activation="relu", **dtype))()
    layer.trainable = not given.frozen
    return layer


def _apply(given: Layer, tensors: list[Tensor], made: list[tuple[str, layers.Layer]]) -> Tensor:
    x, other = tensors[given.source % len(tensors)], tensors[given.other % len(tensors)]
    if given.kind == "add":
        return layers.Add()([x, other])
    if given.kind == "ops":
        return ops.tanh(x) * 0.5 + ops.relu(other)
    if given.kind in ("again", "nested_again"):
        kind = "dense" if given.kind == "again" else "nested"
        earlier = [layer for what, layer in made if what == kind]
        return (earlier[given.other % len(earlier)] if earlier else layers.Dense(WIDTH, activation="relu"))(x)
    layer = _layer(given)
    made.append((given.kind, layer))
    return layer(x)


class _Built:
    """An output's tensor, what it was before the activation, and the layers that made it."""

    def __init__(self, output: Output, tensor: Tensor, scores: Tensor, made: list[layers.Layer]):
        self.output, self.tensor, self.scores, self.layers = output, tensor, scores, made


def _dense(output: Output, name: str | None, activation: str | None = None, width: int | None = None) -> layers.Dense:
    return layers.Dense(
        width or WIDTHS[output.kind],
        activation=activation,
        use_bias=output.form != "no_bias",
        kernel_initializer=keras.initializers.RandomUniform(0.0, 0.5)
        if output.constraint == "non_neg"
        else "glorot_uniform",
        kernel_constraint=output.constraint or None,
        kernel_regularizer=output.regularizer or None,
        name=name,
        **({"dtype": output.policy} if output.policy else {}),
    )


def _closing(output: Output, *, bare: bool = False) -> layers.Layer:
    """The layer of the output's name in a chain."""
    dtype = {"dtype": output.policy} if output.policy else {}
    activation = None if bare else ACTIVATIONS.get(output.kind)
    if output.form in ("activation", "sum", "dot"):
        return layers.Activation(activation or "linear", name=output.layer, **dtype)
    if output.form in ("rescaled", "bounded"):
        middle = output.unit * output.shift
        least, scale = (
            (middle, 2.0 * output.unit) if output.form == "rescaled" else (middle - 4 * output.unit, 8 * output.unit)
        )
        return layers.Rescaling(scale, least, name=output.layer, **dtype)
    if output.form == "reshape" and output.kind not in CLASSES:
        return layers.Reshape((WIDTHS[output.kind],), name=output.layer, **dtype)
    if output.form == "reshape":
        return layers.Activation(activation or "linear", name=output.layer, **dtype)
    if output.form == "positive":
        activation = "softplus"
    return _dense(output, output.layer, activation)


def _head(output: Output, x: Tensor, earlier: list[_Built], *, bare: bool) -> _Built:
    alike = [
        each for each in earlier if each.output.kind == output.kind and each.layers and each.output.form == "dense"
    ]
    if output.form == "same" and alike:
        return _Built(output, alike[0].tensor, alike[0].scores, [])
    if output.form == "shared" and alike:
        layer = alike[0].layers[0]
        kernel = layer.kernel.shape[0]
        y = layer(x if x.shape[-1] == kernel else layers.Dense(kernel, activation="relu")(x))
        return _Built(output, y, y, [])
    if output.form == "nested":
        inner = keras.Input(x.shape[1:])
        dense = _dense(output, "scores", None if bare else ACTIVATIONS.get(output.kind))
        model = keras.Model(inner, dense(inner), name=output.layer)
        y = model(x)
        return _Built(output, y, y, [model])
    if output.form in ("ops", "sliced"):
        dense = _dense(output, f"{output.layer}_scores", width=WIDTHS[output.kind] + 2 * (output.form == "sliced"))
        scores = dense(x)
        scores = scores[:, 1 : 1 + WIDTHS[output.kind]] if output.form == "sliced" else scores * 2.0
        function = {"sigmoid": ops.sigmoid, "softmax": ops.softmax}.get(ACTIVATIONS.get(output.kind, ""))
        return _Built(output, function(scores) if function and not bare else scores + 0.0, scores, [dense])
    closing = _closing(output, bare=bare)
    if output.form in ("sum", "dot"):
        parts = [_dense(output, f"{output.layer}_{side}") for side in ("left", "right")]
        scores = layers.Add()([part(x) for part in parts])
        if output.form == "dot":
            sides = [layers.Reshape((1, WIDTHS[output.kind]))(part(x)) for part in parts]
            scores = layers.Reshape((WIDTHS[output.kind],))(layers.Multiply()(sides))
        return _Built(output, closing(scores), scores, [*parts, closing])
    if output.form in ("activation", "rescaled", "bounded", "reshape"):
        dense = _dense(output, f"{output.layer}_scores", "sigmoid" if output.form == "bounded" else None)
        scores = dense(x)
        return _Built(output, closing(scores), scores, [dense, closing])
    y = closing(x)
    return _Built(output, y, y, [closing])


def first(case: Case, kinds: tuple[str, ...]) -> Output:
    """The first output of these kinds; `Unfit` without one."""
    for output in case.outputs:
        if output.kind in kinds:
            return output
    raise Unfit(f"no output is one of {kinds}")
