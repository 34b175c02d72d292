"""How the columns of a row enter a joint model: for each kind its inputs, where a sample has it, and encoders by name.

A new sense is a row of `SENSES`, keyed by what its column kind tells builders (`Column.config`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import keras
from keras import layers, ops

from blocks.bag import bag_of_pairs, bag_of_words
from blocks.convolution import conv_norm_act
from blocks.text import convolutional_text_encoder, embed, lstm_text_encoder, padding_mask
from zoo.catalogue import ENTRIES, describe
from zoo.errors import ConfigError, require_known
from zoo.models.image_builder import ImageBuilder

Tensor = Any
Encoder = Callable[..., keras.Model]  # (name of the model, what is told of the column) -> input -> (B, C)
PRESENT = "_present"  # the input beside that of a column of which a row may have nothing ends so
IMAGES = "image-classification"  # the task of the catalogue's networks for pictures
PAIR_BUCKETS = 2**14  # of hashed pairs of words


@dataclass(frozen=True)
class Sense:
    """How columns of one kind are read.

    make_input  (name, what is told of the column) -> the model's input.
    present     input -> (B, 1): where a sample has anything of it; None: all have, or the model has an input for that.
    encoders    name -> encoder; the first one is the usual.
    named       name that is none of these -> encoder, or None.
    form        what is told of a column -> what those have in common that one encoder reads, with one set of weights;
                None: each column has an encoder of its own.
    """

    make_input: Callable[[str, Any], Tensor]
    encoders: Mapping[str, Encoder]
    present: Callable[[Tensor], Tensor] | None = None
    named: Callable[[str], Encoder | None] = field(default=lambda name: None)
    form: Callable[[Any], Any] | None = None

    def encoder(self, name: str | None) -> Encoder:
        """The encoder of this name. Raises `UnknownNameError`."""
        chosen = next(iter(self.encoders)) if name is None else name
        if found := self.encoders.get(chosen) or self.named(chosen):
            return found
        require_known("encoder", chosen, self.encoders)
        raise AssertionError


def text_convolutional(name: str, size: int, *, dim: int = 64, filters: int = 128) -> keras.Model:
    """(B, L) -> (B, 2 * filters): one convolution, its mean and its maximum over the text."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = embed(tokens, size, dim, name="embedding")
    x = convolutional_text_encoder(
        x,
        padding_mask(tokens),
        stages=((filters,),),
        kernel=3,
        pooling="mean_and_max",
        units=None,
        dropout=0.2,
        name="text",
    )
    return keras.Model(tokens, x, name=name)


def text_bag(name: str, size: int, *, dim: int = 64) -> keras.Model:
    """(B, L) -> (B, dim): a weighted sum of the vectors of words and of pairs of words."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    mask = padding_mask(tokens)
    options: dict[str, Any] = {"vocabulary_size": size, "dropout": 0.3, "start": 0.05}
    words = bag_of_words(tokens, mask, dim, name="words", **options)
    pairs = bag_of_pairs(tokens, mask, dim, buckets=PAIR_BUCKETS, name="pairs", **options)
    return keras.Model(tokens, layers.Add(name="bag")([words, pairs]), name=name)


def text_lstm(name: str, size: int, *, dim: int = 64, units: int = 64) -> keras.Model:
    """(B, L) -> (B, units): the state of an LSTM after the last word."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = lstm_text_encoder(embed(tokens, size, dim, name="embedding"), padding_mask(tokens), units, name="lstm")
    return keras.Model(tokens, x, name=name)


def picture_cnn(name: str, shape: Sequence[int], *, filters: Sequence[int] = (32, 64, 128)) -> keras.Model:
    """(B, H, W, C) -> (B, 2 * filters[-1]): convolutions at half the size each, their mean and maximum over places."""
    image = x = keras.Input((None, None, shape[-1]), name="image")
    for stage, width in enumerate(filters, start=1):
        x = conv_norm_act(x, width, 3, strides=2, names=(f"conv{stage}", f"bn{stage}", f"relu{stage}"))
    pooled = [layers.GlobalAveragePooling2D(name="mean")(x), layers.GlobalMaxPooling2D(name="max")(x)]
    return keras.Model(image, layers.Concatenate(name="mean_and_max")(pooled), name=name)


def volume_cnn(name: str, shape: Sequence[int], *, filters: Sequence[int] = (16, 32, 64)) -> keras.Model:
    """(B, D, H, W, C) -> (B, 2 * filters[-1]): convolutions, each after a maximum over 2x2x2; mean and maximum."""
    volume = x = keras.Input((None, None, None, shape[-1]), name="volume")
    for stage, width in enumerate(filters, start=1):
        x = layers.MaxPooling3D(2, padding="same", name=f"pool{stage}")(x)
        x = conv_norm_act(x, width, 3, conv=layers.Conv3D, names=(f"conv{stage}", f"bn{stage}", f"relu{stage}"))
    pooled = [layers.GlobalAveragePooling3D(name="mean")(x), layers.GlobalMaxPooling3D(name="max")(x)]
    return keras.Model(volume, layers.Concatenate(name="mean_and_max")(pooled), name=name)


def picture_conv4(name: str, shape: Sequence[int], *, filters: Sequence[int] = (32, 64, 96, 128)) -> keras.Model:
    """(B, H, W, C) -> (B, H/16 * W/16 * filters[-1]): convolutions, each with a maximum over 2x2, and all places.

    After Vinyals et al. 2016, section 4.1, whose four have 64 filters each: half of the time is that of the second one.
    """
    image = x = keras.Input(tuple(shape), name="image")
    for stage, width in enumerate(filters, start=1):
        x = conv_norm_act(x, width, 3, names=(f"conv{stage}", f"bn{stage}", f"relu{stage}"))
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    return keras.Model(image, layers.Flatten(name="places")(x), name=name)


def backbone(entry: str) -> Encoder | None:
    """A network of the catalogue without its top, by its own name; None where it is none for pictures.

    The encoder takes a `tap` ("s16"): the mean over places of what the network knows at so large a stride.
    """
    if entry not in ENTRIES or describe(entry).task != IMAGES:
        return None
    module, _, function = describe(entry).builder.partition(":")
    build = getattr(import_module(module), function)
    if not isinstance(build, ImageBuilder):
        return None

    def encoder(name: str, shape: Sequence[int], *, tap: str | None = None) -> keras.Model:
        options: dict[str, Any] = {"input_shape": (None, None, shape[-1]), "include_top": False, "name": entry}
        if tap is None:
            network = build(pooling="avg", **options)
            return keras.Model(network.inputs, network.output["features"], name=entry)
        network = build(taps=(tap,), **options)  # layers above the tap are not in the model
        pooled = layers.GlobalAveragePooling2D(name="avg_pool")(network.output[tap])
        return keras.Model(network.inputs, pooled, name=entry)

    return encoder


def text_input(name: str, size: Any) -> Tensor:
    """(B, L) int32 token numbers."""
    if type(size) is not int or size < 2:
        raise ConfigError(f"A text is told by the number of its words' ids, at least 2; '{name}' has {size!r}.")
    return keras.Input((None,), dtype="int32", name=name)


def volume_input(name: str, shape: Any) -> Tensor:
    if not isinstance(shape, list | tuple) or len(shape) != 4 or not all(type(side) is int for side in shape):
        raise ConfigError(
            f"A volume is told by (depth, height, width, channels), as (32, 32, 32, 1); '{name}' has {shape!r}."
        )
    return keras.Input(tuple(shape), name=name)


def picture_input(name: str, shape: Any) -> Tensor:
    """(B, H, W, C) float32."""
    fits = isinstance(shape, Sequence) and len(shape) == 3 and all(type(side) is int and side > 0 for side in shape)
    if not fits:
        raise ConfigError(f"A picture is told by (height, width, channels), as (64, 64, 3); '{name}' has {shape!r}.")
    return keras.Input(tuple(shape), name=name)


def vector_input(name: str, size: Any) -> Tensor:
    """(B, C) float32."""
    if type(size) is not int or size < 1:
        raise ConfigError(f"A vector is told by how many numbers it has; '{name}' has {size!r}.")
    return keras.Input((size,), name=name)


def vector_as_it_is(name: str, size: int) -> keras.Model:
    """(B, C) -> (B, C)."""
    given = keras.Input((size,), name="vector")
    return keras.Model(given, layers.Identity(name="same")(given), name=name)


def has_words(tokens: Tensor) -> Tensor:
    """(B, L) -> (B, 1)."""
    return ops.max(ops.cast(padding_mask(tokens), "float32"), axis=1, keepdims=True)


# what a column kind tells builders -> how its columns are read
SENSES: dict[str, Sense] = {
    "texts": Sense(
        make_input=text_input,
        present=has_words,
        encoders={"convolutional": text_convolutional, "bag": text_bag, "lstm": text_lstm},
    ),
    "pictures": Sense(
        make_input=picture_input,
        encoders={
            "cnn": picture_cnn,
            "conv4": picture_conv4,
            "cnn_tiny": partial(picture_cnn, filters=(4, 8)),
        },
        named=backbone,
        form=lambda shape: shape[-1],  # its channels
    ),
    "sounds": Sense(
        make_input=picture_input, encoders={"cnn": picture_cnn, "cnn_tiny": partial(picture_cnn, filters=(4, 8))}
    ),
    "volumes": Sense(
        make_input=volume_input, encoders={"cnn": volume_cnn, "cnn_tiny": partial(volume_cnn, filters=(4, 8))}
    ),
    "vectors": Sense(make_input=vector_input, encoders={"as_it_is": vector_as_it_is}),  # features made elsewhere
}
