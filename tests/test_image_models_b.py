"""Inception v3, Inception-ResNet v2, Xception, NASNet, DenseNet: the same numbers as the official builders."""

from collections.abc import Mapping
from functools import cache, partial
from importlib import import_module

import keras
import numpy as np
import pytest
from keras.src.applications import densenet as official_densenet  # only there in a size for tests
from keras.src.applications import inception_v3 as official_inception
from keras.src.applications import nasnet as official_nasnet

import blocks
from tests.tensors import outputs_of
from zoo.errors import ConfigError
from zoo.models import densenet, nasnet
from zoo.models.image_builder import ImageBuilder
from zoo.weights.names import tables_of

# modules: `zoo.models` has the builders of these names
SAME_NAMES = ("inception_resnet_v2", "inception_v3", "xception")
inception_resnet_v2, inception_v3, xception = (import_module(f"zoo.models.{name}") for name in SAME_NAMES)
TINY = {
    "inception_v3": inception_v3.inception_v3_tiny,
    "inception_resnet_v2": inception_resnet_v2.inception_resnet_v2_tiny,
    "xception": xception.xception_tiny,
    "nasnet": nasnet.nasnet_tiny,
    "densenet": densenet.densenet_tiny,
}


def images(size, count=2):
    return np.random.default_rng(size).normal(size=(count, size, size, 3)).astype("float32")


def scramble(model):
    """Weights that keep the size of the features and tell layers apart; statistics of normalisation too."""
    random = np.random.default_rng(0)
    for variable in model.weights:
        role, shape = variable.path.rpartition("/")[2], variable.shape
        if "kernel" in role:
            fan_in = np.prod(shape[:2] if role == "depthwise_kernel" else shape[:-1])
            values = random.normal(size=shape) * np.sqrt(1.5 / fan_in)
        elif role in ("gamma", "moving_variance"):
            values = random.uniform(0.5, 1.5, size=shape)
        else:
            values = random.normal(size=shape) * 0.2
        variable.assign(values)
    return model


def logits(model, x):
    model.get_layer("predictions").activation = keras.activations.linear
    if isinstance(model.output, dict):
        return outputs_of(model, [x], training=False)["predictions"]
    return outputs_of(model, x, training=False)  # an official one


def copy_by_name(source, target, family):
    """Every layer of `source` that has weights fills one of `target`, and none is left over."""
    with_weights = [layer.name for layer in source.layers if layer.weights]
    theirs = {layer.name for layer in target.layers if layer.weights}
    tables = tables_of(family)
    renamed = tables["keras"].rename(with_weights, sorted(theirs)) if tables else {}
    assert {renamed.get(name, name) for name in with_weights} == theirs
    for name in with_weights:
        target.get_layer(renamed.get(name, name)).set_weights(source.get_layer(name).get_weights())


def assert_equal_to(official, ours, x, family):
    """The same logits up to 1e-4 of their spread; and one normalisation upside down does not pass."""
    copy_by_name(scramble(official), ours, family)
    expected = logits(official, x)
    tolerance = 1e-4 * np.ptp(expected, axis=1).min()
    assert np.abs(logits(ours, x) - expected).max() <= tolerance
    norms = [layer for layer in ours.layers if isinstance(layer, keras.layers.BatchNormalization)]
    mean = norms[len(norms) // 2].moving_mean
    mean.assign(np.asarray(mean)[::-1])
    assert np.abs(logits(ours, x) - expected).max() > 10 * tolerance


# the official graphs


def test_nasnet_is_the_official_graph_for_a_size_that_it_does_not_know():
    official = official_nasnet.NASNet(
        (45, 45, 3),
        penultimate_filters=192,
        num_blocks=2,
        stem_block_filters=4,
        skip_reduction=True,
        weights=None,
        classes=9,
        default_size=224,
    )
    ours = ImageBuilder("ours", partial(nasnet.nasnet, penultimate=192, depth=2, stem=4, skip_reduction=True))
    assert_equal_to(official, ours(input_shape=(None, None, 3), classes=9), images(45), "nasnet")


def test_densenet_is_the_official_graph():
    official = official_densenet.DenseNet([1, 2, 1, 2], weights=None, input_shape=(45, 45, 3), classes=9)
    ours = ImageBuilder("ours", partial(densenet.densenet, depths=(1, 2, 1, 2)))
    assert_equal_to(official, ours(input_shape=(None, None, 3), classes=9), images(45), "densenet")


def test_inception_v3_is_the_official_graph_with_its_automatic_names_explained():
    official = official_inception.InceptionV3(weights=None, input_shape=(75, 75, 3), classes=9)
    ours = inception_v3.inception_v3(input_shape=(75, 75, 3), classes=9)
    assert_equal_to(official, ours, images(75), "inception_v3")


# names


def convolutions_of(branches, name):
    """The names of the convolutions of a module, in the order of their creation."""
    for branch, steps in branches.items():
        for number, step in enumerate(steps, start=1):
            if isinstance(step, Mapping):
                yield from convolutions_of(step, f"{name}_{branch}")
            elif not isinstance(step[0], str):
                yield f"{name}_{branch}_{number}"


def automatic_names(family, count):
    """Our names of the layers `conv2d_1`, ..., `batch_normalization_1`, ... of the official files, in order."""
    kinds = ("conv2d", "batch_normalization")
    renamed = tables_of(family)["keras"].rename([f"{kind}_{n}" for kind in kinds for n in range(1, count + 1)], [])
    return [[renamed[f"{kind}_{n}"] for n in range(1, count + 1)] for kind in kinds]


STEM = [f"stem_{number}" for number in range(1, 6)]


def test_the_automatic_names_of_inception_v3_follow_its_tables():
    modules = [module for stage in inception_v3.STAGES.values() for module in stage.items()]
    units = STEM + [unit for name, branches in modules for unit in convolutions_of(branches, name)]
    assert automatic_names("inception_v3", 94) == [[f"{unit}_conv" for unit in units], [f"{unit}_bn" for unit in units]]


def test_the_automatic_names_of_inception_resnet_v2_follow_its_tables():
    units = list(STEM)
    for (_, mixed, entry, block, branches, _), depth in zip(inception_resnet_v2.STAGES, (10, 20, 10), strict=True):
        units += convolutions_of(entry, mixed)
        units += [unit for n in range(1, depth + 1) for unit in convolutions_of(branches, f"{block}_{n}")]
    expected = [[f"{unit}_conv" for unit in units], [f"{unit}_bn" for unit in units]]
    assert automatic_names("inception_resnet_v2", 203) == expected


def test_the_automatic_names_of_xception_are_its_shortcuts():
    model = xception.xception_tiny()
    shortcuts = [name for name in (layer.name for layer in model.layers) if "_shortcut_" in name]
    assert [name.replace("_conv", "_bn") for name in shortcuts if name.endswith("_conv")] == [
        name for name in shortcuts if name.endswith("_bn")
    ]
    assert automatic_names("xception", 4)[0] == [f"block{block}_shortcut_conv" for block in (2, 3, 4, 13)]


# behaviour

RESIDUAL = ("xception", "inception_resnet_v2", "nasnet")


@cache
def tiny(family):
    build = TINY[family]
    drop_path = 0.3 if family in RESIDUAL else None
    return build(input_shape=(None, None, 4), classes=3, taps=build.strides, drop_path=drop_path)


@pytest.mark.parametrize("family", TINY)
def test_tiny_members_take_sizes_that_no_stride_divides(family):
    least, strides = TINY[family].least, TINY[family].strides
    for size in (least, least + 34):
        output = tiny(family)([np.random.default_rng(0).normal(size=(2, size, size + 1, 4))])
        np.testing.assert_allclose(np.sum(output["predictions"], axis=1), 1, rtol=1e-5)
        for tap in strides:
            nominal = size / int(tap[1:])
            assert nominal - 5 < output[tap].shape[1] <= np.ceil(nominal)  # less the borders of "valid" convolutions


@pytest.mark.parametrize("family", RESIDUAL)
def test_drop_path_rises_to_the_rate_asked_for(family):
    rates = [layer.rate for layer in tiny(family).layers if layer.name.endswith("drop_path")]
    assert max(rates) == pytest.approx(0.3)
    assert min(rates) > 0  # the first block is never dropped, and has no such layer


@pytest.mark.parametrize("family", sorted(set(TINY) - set(RESIDUAL)))
def test_drop_path_is_refused_where_there_is_no_residual_block(family):
    with pytest.raises(ConfigError, match=r"no residual blocks: 'drop_path' must be 0 or None, not 0\.3"):
        TINY[family](drop_path=0.3)


# blocks


def test_branches_fork_pool_and_shrink():
    def unit(x, filters, kernel, *, strides, padding, name):
        return keras.layers.Conv2D(filters, kernel, strides=strides, padding=padding, name=name)(x)

    x = keras.Input((11, 12, 3))
    table = {
        "a": [(2, 1), {"row": [(3, (1, 3))], "column": [(4, (3, 1))]}],
        "b": [("avg", 3), (5, 5)],
    }
    model = keras.Model(x, blocks.parallel_branches(x, table, unit=unit, name="mixed"))
    assert model.output.shape == (None, 11, 12, 12)
    names = {layer.name for layer in model.layers if layer.weights}
    assert names == {"mixed_a_1", "mixed_a_row_1", "mixed_a_column_1", "mixed_b_2"}
    halved = blocks.parallel_branches(x, {"c": [(2, 3, 2)], "d": [("max", 3, 2)]}, unit=unit, name="less")
    assert halved.shape == (None, 5, 5, 5)  # "valid" positions


def test_a_pooling_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="'avg' or 'max'; received 'mean'"):
        blocks.parallel_branches(keras.Input((8, 8, 3)), {"a": [("mean", 3)]}, unit=print, name="mixed")


def test_a_dense_block_keeps_its_input_and_grows():
    x = keras.Input((6, 6, 3))
    model = keras.Model(x, blocks.dense_block(x, 2, 4, name="dense"))
    values = images(6)
    output = outputs_of(model, values)
    assert output.shape == (2, 6, 6, 3 + 2 * 4)
    np.testing.assert_array_equal(output[..., :3], values)
    by_hand = sum(4 * c + c * 16 + 4 * 16 + 9 * 16 * 4 for c in (3, 7))  # norm, 1x1, norm, 3x3
    assert model.count_params() == by_hand


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_nasnet_pools_over_a_border_of_zeros(kind, size):
    x = keras.Input((None, None, 3))
    padded = keras.layers.ZeroPadding2D(2)(x)
    model = keras.Model(x, nasnet.OPERATIONS[kind](padded, 0, 2, name="pool"))
    values = images(size)
    zeros = np.pad(values, ((0, 0), (size % 2, 1), (size % 2, 1), (0, 0)))  # the far side alone at even sizes
    windows = np.lib.stride_tricks.sliding_window_view(zeros, (3, 3), axis=(1, 2))[:, ::2, ::2]
    expected = (windows.mean if kind == "avg" else windows.max)(axis=(-2, -1))
    np.testing.assert_allclose(outputs_of(model, values), expected, atol=1e-6)
