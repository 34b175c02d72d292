"""Clauses of the contract for image backbones: sizes, channels, classes, taps, tops."""

from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError, ZooError
from zoo.models.image_builder import ImageBuilder
from zoo.testing.any_model import require, same
from zoo.testing.subject import STEP, Subject, answers, random_inputs, weighted_layers


def builder_of(subject: Subject) -> ImageBuilder:
    if subject.image is None:
        raise AssertionError(f"{subject.name} is no image backbone")
    return subject.image


def shapes_of(model: keras.Model) -> dict[str, tuple[int | None, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in model.output.items()}


def shapes_follow(subject: Subject) -> None:
    """With a top: (B, classes), for 1000 classes and 7; a first kernel for 3 channels and 4."""
    shapes = shapes_of(subject.default_outline)
    require(shapes == {"predictions": (None, 1000)}, f"by default the outputs are {shapes}")
    shapes = shapes_of(subject.other_outline)
    require(shapes["predictions"] == (None, 7), f"for 7 classes the outputs are {shapes}")
    for model, channels in ((subject.default_outline, 3), (subject.other_outline, 4)):
        require(model.inputs[0].shape[-1] == channels, f"for {channels} channels the input is {model.inputs[0].shape}")
        kernel = next(layer for layer in model.layers if layer.weights).weights[0]
        require(kernel.shape[-2] == channels, f"for {channels} channels the first kernel is {tuple(kernel.shape)}")


def taps_have_their_strides(subject: Subject) -> None:
    """The grid of a tap is about that of the image over its stride; edges without padding take a little away."""
    builder = builder_of(subject)
    shapes, side = shapes_of(subject.other_outline), builder.size + STEP
    require(set(shapes) == {*builder.strides, "predictions"}, f"the outputs are {sorted(shapes)}")
    for tap in builder.strides:
        grid, ideal = shapes[tap][1] or 0, side / stride_of(tap)
        require(0.7 * ideal - 3 <= grid <= ideal + 1, f"{tap} is {grid} wide for an image {side} wide")


def taps_grow_with_the_image(subject: Subject) -> None:
    """Between two sizes a tap grows by just the step over its stride; the features stand at the last stride."""
    builder = builder_of(subject)
    strides, side = tuple(builder.strides), builder.size + STEP
    small = shapes_of(subject.other_outline)
    shape = (side + STEP, side + 2 * STEP, 3)
    large = shapes_of(subject.outline(include_top=False, input_shape=shape, taps=strides))
    require(set(large) == {*strides, "features"}, f"without a top the outputs are {sorted(large)}")
    for tap in strides:
        for axis, step in ((1, STEP), (2, 2 * STEP)):
            before, after = small[tap][axis] or 0, large[tap][axis] or 0
            fits = (after - before) * stride_of(tap) == step
            require(fits, f"{tap} goes from {before} to {after} as the image grows by {step}")
    deepest = max(strides, key=stride_of)
    require(large["features"][1:3] == large[deepest][1:3], f"the features are {large['features']}, not as {deepest}")


def stride_of(tap: str) -> int:
    return int(tap.removeprefix("s"))


BAD_OPTIONS: tuple[dict[str, Any], ...] = (
    {"input_shape": (64, 64, 0)},
    {"input_shape": (1, 1, 3)},
    {"input_shape": (64, 64)},
    {"input_shape": "large"},
    {"classes": 0},
    {"classes": 2.5},
    {"pooling": "mean", "include_top": False},
    {"pooling": "avg"},
    {"taps": ("s3",)},
    {"taps": ("s8", "s8")},
    {"dropout": 1.5},
    {"drop_path": -0.1},
)


def bad_options_are_refused(subject: Subject) -> None:
    for options in BAD_OPTIONS:
        try:
            subject.outline(**options)
        except ZooError:
            continue
        raise AssertionError(f"{options} is taken")


def dropout_changes_training_alone(subject: Subject) -> None:
    try:
        model = subject.build(dropout=0.5, drop_path=0.5)
    except ConfigError:  # no residual blocks: refused, and not silently without effect
        model = subject.build(dropout=0.5)
    require(
        set(weighted_layers(model)) == set(weighted_layers(subject.model)), "layers with weights change with dropout"
    )
    same(answers(model, subject.inputs), subject.answers)
    keras.utils.set_random_seed(0)
    frozen = _without_batch_statistics(model)
    first, second = (keras.ops.convert_to_numpy(frozen(subject.inputs, training=True)["predictions"]) for _ in range(2))
    require(bool(np.abs(first - second).max() > 1e-6), "in training nothing is dropped")


def _without_batch_statistics(model: keras.Model) -> keras.Model:
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model


def pooling_is_that_of_the_features(subject: Subject) -> None:
    builder = builder_of(subject)
    shape = (builder.size + STEP, builder.size, 3)
    features = subject.build(include_top=False, input_shape=shape)
    inputs = random_inputs(features)
    grid = answers(features, inputs)["features"]
    require(grid.ndim == 4, f"the features are {grid.shape}")
    for pooling, pool in (("avg", np.mean), ("max", np.max)):
        if builder.neck is None:
            pooled = answers(subject.build(include_top=False, pooling=pooling, input_shape=shape), inputs)
            same(pooled, {"features": pool(grid, axis=(1, 2))}, 1e-4)
        else:  # a layer stands between: norm(mean) is not mean(norm)
            shapes = shapes_of(subject.outline(include_top=False, pooling=pooling, input_shape=shape))
            require(shapes == {"features": (None, grid.shape[-1])}, f"with pooling the outputs are {shapes}")


def any_channels_and_sizes_are_answered(subject: Subject) -> None:
    builder = builder_of(subject)
    for channels, classes, side in ((1, 1, builder.least), (4, 7, builder.least + 13)):
        model = subject.build(input_shape=(side, side + 5, channels), classes=classes)
        found = answers(model, random_inputs(model))["predictions"]
        require(found.shape == (3, classes), f"for {classes} classes {found.shape} is answered")
        require(bool(np.isfinite(found).all()), f"for {channels} channels the answers are not finite")
        _require_probabilities(found)
    if not builder.fixed_top:
        model = subject.build(input_shape=(None, None, 3), classes=7)
        image = np.random.default_rng(0).normal(size=(2, builder.least, builder.size + 9, 3)).astype("float32")
        _require_probabilities(answers(model, {"image": image})["predictions"])


def _require_probabilities(found: np.ndarray) -> None:
    require(bool((found >= 0).all() and (found <= 1).all()), "predictions are not probabilities")
    if found.shape[-1] > 1:
        total = found.sum(-1)
        require(bool(np.abs(total - 1).max() < 1e-3), f"the probabilities add up to {total}")
