"""Tiny models of every structure that an explanation must follow, and a sample for each; weights are the same on all
backends."""

import keras
import numpy as np
from keras import layers

SIDE = 8


def with_weights(model, seed=0):
    """Random weights from numpy, which no backend draws differently."""
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(random.normal(scale=0.5, size=variable.shape).astype("float32"))
    return model


def picture(name="image", side=SIDE):
    return keras.Input((side, side, 3), name=name)


def convolutions(x, prefix="", activation="tanh"):
    x = layers.Conv2D(4, 3, padding="same", activation=activation, name=f"{prefix}conv1")(x)
    return layers.Conv2D(5, 3, strides=2, padding="same", activation=activation, name=f"{prefix}conv2")(x)


def head(x, name="label", units=3):
    return layers.Dense(units, activation="softmax", name=name)(layers.GlobalAveragePooling2D()(x))


def encoder(name="encoder"):
    x = picture("inner")
    return keras.Model(x, layers.GlobalAveragePooling2D(name="pool")(convolutions(x)), name=name)


def flat():
    x = picture()
    return keras.Model(x, head(convolutions(x, activation="relu")), name="flat")


def nested():
    x = picture()
    return keras.Model([x], {"label": layers.Dense(3, activation="softmax", name="label")(encoder()(x))}, name="nested")


def nested_twice():
    inner, x, middle = encoder(), picture(), picture("middle")
    outer = keras.Model(middle, layers.Dense(6, activation="tanh")(inner(middle)), name="outer")
    return keras.Model(x, layers.Dense(3, activation="softmax", name="label")(outer(x)), name="nested_twice")


def sequential():
    backbone = keras.Sequential([keras.Input((SIDE, SIDE, 3)), layers.Conv2D(4, 3, activation="tanh", name="conv2")])
    tail = [layers.GlobalAveragePooling2D(), layers.Dense(3), layers.Softmax(name="label")]
    return keras.Sequential([picture(), backbone, *tail], name="sequential")


def siamese():
    left, right, shared = picture("left"), picture("right"), encoder()
    x = keras.ops.square(shared(left) - shared(right))
    return keras.Model([left, right], {"same": layers.Dense(1, activation="sigmoid", name="same")(x)}, name="siamese")


def shared_layer():
    x = picture()
    conv = layers.Conv2D(3, 3, padding="same", activation="tanh", name="conv")
    return keras.Model(x, head(conv(conv(x))), name="shared_layer")


def joint():
    image, numbers = picture(), keras.Input((4,), name="numbers")
    words = keras.Input((6,), dtype="int32", name="words")
    text = layers.GlobalAveragePooling1D()(layers.Embedding(9, 5, name="embedding")(words))
    x = layers.Concatenate()([encoder()(image), layers.Dense(4, activation="tanh")(numbers), text])
    return keras.Model([image, numbers, words], {"price": layers.Dense(1, name="price")(x)}, name="joint")


def multi_output():
    x = picture()
    features = convolutions(x)
    outputs = {"label": head(features), "size": layers.Dense(1, name="size")(layers.Flatten()(features))}
    return keras.Model(x, outputs, name="multi_output")


def list_outputs():
    x = picture()
    features = convolutions(x)
    return keras.Model(x, [head(features, "first"), head(features, "second", 2)], name="list_outputs")


def sequence_output():
    x = layers.Reshape((16, 5))(convolutions(image := picture()))
    steps = layers.Dense(3, activation="softmax", name="steps")(layers.LSTM(4, return_sequences=True)(x))
    return keras.Model(image, steps, name="sequence_output")


def any_size():
    x = keras.Input((None, None, 3), name="image")
    return keras.Model(x, head(layers.Add(name="sum")([convolutions(x, "a_"), convolutions(x, "b_")])), name="any_size")


def operations():
    image = picture()
    x = keras.ops.tanh(layers.Conv2D(4, 3, name="conv2")(image))
    x = keras.ops.softmax(layers.Dense(3, name="dense")(keras.ops.mean(x, axis=(1, 2))))
    return keras.Model(image, x, name="operations")


STRUCTURES = {
    each.__name__: each
    for each in (
        flat, nested, nested_twice, sequential, siamese, shared_layer, joint, multi_output, list_outputs,
        sequence_output, any_size, operations,
    )
}  # fmt: skip


def sample_of(model, seed=1):
    """One sample, without the axis of the batch."""
    random = np.random.default_rng(seed)
    found = {}
    for each in model.inputs:
        shape = [side or SIDE for side in each.shape[1:]]
        whole = "int" in str(each.dtype)
        found[each.name] = random.integers(1, 9, shape) if whole else random.random(shape).astype("float32")
    return found
