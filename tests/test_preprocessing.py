"""An image reaches the weights as it did in training: equal to keras.applications and to timm."""

import importlib
import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.pictures.preprocessing import GREY, Preprocessing
from zoo.pretrained.labels import FILES, classes

MOBILENET = Preprocessing(224, 0.875, "bilinear", "rgb", 1 / 127.5, (1, 1, 1), (1, 1, 1))
CAFFE = Preprocessing(224, 0.875, "bilinear", "bgr", 1, (103.939, 116.779, 123.68), (1, 1, 1))
TORCH = Preprocessing(224, 0.875, "bicubic", "rgb", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.integers(0, 256, (224, 224, 3), dtype=np.uint8)


def row_of(tag):
    from zoo.pretrained import pretrained

    return pretrained(tag).preprocessing


@pytest.mark.parametrize(
    ("module", "tag"),
    [
        ("vgg16", "vgg16.imagenet"),
        ("vgg19", "vgg19.imagenet_notop"),
        ("resnet", "resnet50.imagenet"),
        ("resnet_v2", "resnet101_v2.imagenet"),
        ("mobilenet", "mobilenet_025.imagenet"),
        ("mobilenet_v2", "mobilenet_v2.imagenet"),
        ("inception_v3", "inception_v3.imagenet"),
        ("inception_resnet_v2", "inception_resnet_v2.imagenet"),
        ("xception", "xception.imagenet"),
        ("densenet", "densenet121.imagenet"),
        ("nasnet", "nasnet_mobile.imagenet"),
    ],
)
def test_pixels_become_what_keras_makes_of_them(module, tag):
    official = importlib.import_module(f"keras.applications.{module}").preprocess_input
    image = NOISE[:100, :90]  # any size, when it is only normalised
    expected = official(image.astype("float32")[None])
    for given in (image, image.astype("float32"), Image.fromarray(image)):
        found = zoo.preprocess(given, tag, resize=False)
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-5


BLOCK = {"kernel_size": 3, "input_filters": 8, "output_filters": 8, "expand_ratio": 1, "se_ratio": 0.25, "strides": 1}
SMALL = {"weights": None, "include_top": False, "input_shape": (64, 64, 3)}


def small_official_model(tag):
    """The official model of these weights with few layers: what it does to pixels does not depend on them."""
    name = tag.partition(".")[0]
    if name.startswith("efficientnet_v2"):
        from keras.src.applications.efficientnet_v2 import EfficientNetV2

        blocks = [{**BLOCK, "num_repeat": 1, "conv_type": 0}]
        return EfficientNetV2(0.1, 0.1, 64, blocks_args=blocks, name=name.replace("_v2_", "v2-"), **SMALL)
    if name.startswith("convnext"):
        from keras.src.applications.convnext import ConvNeXt

        return ConvNeXt([1, 1, 1, 1], [8, 8, 8, 8], name=name, **SMALL)
    return keras.applications.MobileNetV3Small(**SMALL)


@pytest.mark.parametrize(
    "tag",
    [
        *(f"efficientnet_v2_{variant}.imagenet" for variant in ("b0", "b3", "s", "m", "l")),
        "mobilenet_v3_large.imagenet",
        "convnext_xlarge.imagenet_notop",
    ],
)
def test_pixels_become_what_the_first_layers_of_keras_make_of_them(tag):
    hidden = []
    for layer in small_official_model(tag).layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.ZeroPadding2D) or layer.name.endswith("_stem"):
            break
        hidden.append(layer)
    hidden = hidden[1:]  # after the input
    image = NOISE[:64, :64]
    expected = image.astype("float32")[None]
    for layer in hidden:
        expected = layer(expected)
    assert hidden
    assert np.abs(zoo.preprocess(image, tag, resize=False) - keras.ops.convert_to_numpy(expected)).max() < 1e-5


@pytest.mark.parametrize("variant", ["b0", "b4", "b7"])
def test_efficientnet_sees_the_mean_and_deviation_that_are_in_its_files(variant):
    """The official layers: 1/255; (x - mean) / sqrt(variance), both from the file, the variance wrongly the
    deviation; 1 / sqrt(deviation), which mends it (keras/src/applications/efficientnet.py)."""
    from keras.src.applications.efficientnet import IMAGENET_STDDEV_RGB

    deviation = np.array(IMAGENET_STDDEV_RGB)
    expected = (NOISE / 255 - TORCH.mean) / np.sqrt(deviation) * (1 / np.sqrt(deviation))
    assert np.abs(zoo.preprocess(NOISE, f"efficientnet_{variant}.imagenet", resize=False)[0] - expected).max() < 1e-5


@pytest.fixture(scope="module")
def create_transform(timm):
    return pytest.importorskip("timm.data").create_transform


@pytest.mark.parametrize("shape", [(300, 451), (640, 427), (151, 99), (224, 224), (257, 256)])
@pytest.mark.parametrize(
    "row",
    [
        TORCH,
        MOBILENET,
        replace(TORCH, size=299, interpolation="bilinear"),
        replace(TORCH, crop=224 / 232),
        replace(TORCH, size=300, crop=0.904),
        replace(TORCH, crop=1.0, interpolation="nearest"),
    ],
)
def test_a_photo_is_resized_and_cropped_as_timm_does_it(create_transform, row, shape):
    photo = Image.fromarray(RANDOM.integers(0, 256, (*shape, 3), dtype=np.uint8))
    in_torch = {name: np.array(getattr(row, name)) / (255 * row.scale) for name in ("mean", "std")}
    theirs = create_transform((3, row.size, row.size), crop_pct=row.crop, interpolation=row.interpolation, **in_torch)(
        photo
    )
    found = zoo.preprocess(photo, row)
    assert found.shape == (1, row.size, row.size, 3)
    assert np.abs(found[0] - theirs.permute(1, 2, 0).numpy()).max() < 1e-5
    assert (zoo.preprocess(np.asarray(photo), row) == found).all()  # an array is resized like the photo


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("efficientnet_lite0.imagenet_timm", "tf_efficientnet_lite0.in1k"),
        ("resnet18.imagenet", "resnet18.tv_in1k"),
        ("resnet34.imagenet", "resnet34.tv_in1k"),
        ("resnet50_v1_5.imagenet", "resnet50.tv_in1k"),
        ("resnet50_v1_5.imagenet_v2", "resnet50.tv2_in1k"),
    ],
)
def test_weights_that_timm_has_too_are_fed_as_in_timm(create_transform, tag, name):
    timm = pytest.importorskip("timm")
    config = timm.data.resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict(), use_test_size=True)
    photo = Image.fromarray(RANDOM.integers(0, 256, (300, 400, 3), dtype=np.uint8))
    theirs = create_transform(**config)(photo).permute(1, 2, 0).numpy()
    assert np.abs(zoo.preprocess(photo, tag)[0] - theirs).max() < 1e-5


def test_the_size_of_a_model_with_another_input_is_followed():
    assert zoo.preprocess(NOISE, MOBILENET, size=160).shape == (1, 160, 160, 3)
    photo = Image.fromarray(NOISE)
    assert (zoo.preprocess(photo, MOBILENET, size=160) == zoo.preprocess(photo, replace(MOBILENET, size=160))).all()


@pytest.mark.parametrize("row", [MOBILENET, CAFFE, TORCH])
def test_a_model_of_one_channel_sees_grey(row):
    found = zoo.preprocess(NOISE, row, channels=1, resize=False)
    order = GREY[::-1] if row.colour == "bgr" else GREY
    mean, std = np.dot(row.mean, order), np.dot(row.std, order)
    assert found.shape == (1, 224, 224, 1)
    assert np.allclose(found[0, ..., 0], ((NOISE @ GREY) * row.scale - mean) / std, atol=2e-5)
    grey = NOISE[..., 0]
    assert (zoo.preprocess(grey, row, channels=1) == zoo.preprocess(grey[..., None], row, channels=1)).all()


@pytest.mark.parametrize("row", [MOBILENET, CAFFE, TORCH])
def test_a_model_of_more_channels_sees_the_colours_in_turn(row):
    colours = zoo.preprocess(NOISE, row)
    found = zoo.preprocess(NOISE, row, channels=7)
    assert (found == colours[..., [0, 1, 2, 0, 1, 2, 0]]).all()
    assert (zoo.preprocess(NOISE, row, channels=2) == colours[..., :2]).all()


def test_an_array_with_the_channels_of_the_model_is_taken_as_it_is():
    image = RANDOM.integers(0, 256, (224, 224, 4), dtype=np.uint8)
    found = zoo.preprocess(image, CAFFE, channels=4, resize=False)[0]
    assert np.allclose(found[..., :3], zoo.preprocess(image[..., :3], CAFFE, resize=False)[0])
    assert np.allclose(found[..., 3], image[..., 3] - np.float32(103.939))
    assert np.allclose(
        zoo.preprocess(image, CAFFE, channels=4)[0, ..., 3], zoo.preprocess(image[..., 3], CAFFE)[0, ..., 0], atol=1e-5
    )


def test_grey_is_repeated_and_transparency_laid_on_white():
    grey = NOISE[..., 0]
    assert (zoo.preprocess(grey, TORCH) == zoo.preprocess(np.stack([grey] * 3, -1), TORCH)).all()
    clear = np.dstack([NOISE, np.zeros((224, 224), dtype=np.uint8)])
    assert (zoo.preprocess(clear, TORCH) == zoo.preprocess(np.full_like(NOISE, 255), TORCH)).all()
    opaque = np.dstack([NOISE, np.full((224, 224), 255, dtype=np.uint8)])
    assert (zoo.preprocess(opaque, TORCH) == zoo.preprocess(NOISE, TORCH)).all()
    assert (zoo.preprocess(opaque.astype("float32"), TORCH) == zoo.preprocess(NOISE.astype("float32"), TORCH)).all()


def test_floats_are_resized_like_bytes_without_their_rounding():
    photo = RANDOM.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    levels = replace(MOBILENET, scale=1, mean=(0, 0, 0))
    bytes_, floats = zoo.preprocess(photo, levels), zoo.preprocess(photo.astype("float64"), levels)
    assert 0 < np.abs(bytes_ - floats).max() < 1.01  # half a level in each of two directions
    assert (zoo.preprocess(photo.astype("int64"), levels) == bytes_).all()


def test_bicubic_floats_stay_within_the_range_of_pixels():
    chequered = np.kron(np.indices((9, 9)).sum(0) % 2, np.ones((5, 5))) * 255.0
    found = zoo.preprocess(chequered, replace(MOBILENET, interpolation="bicubic", scale=1, mean=(0, 0, 0)))
    assert (found.min(), found.max()) == (0, 255)


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (NOISE / 255, "these are at most 1: multiply them by 255"),
        (NOISE.astype("int32") - 10, "numbers from 0 to 255; received -10 to 245"),
        (NOISE.astype("uint16") * 257, "numbers from 0 to 255; received 0 to 65535"),
        (np.full((20, 20), np.nan), "numbers from 0 to 255; received nan to nan"),
        (NOISE[None], r"received an array of shape \(1, 224, 224, 3\)"),
        (np.zeros((20, 20, 5), dtype="uint8"), r"or the model's 3, .*received an array of shape \(20, 20, 5\)"),
        (np.zeros((0, 20, 3)), r"received an array of shape \(0, 20, 3\)"),
        (np.zeros((20, 20), dtype=complex), "received an array of complex128"),
        (None, "received None"),
        ([["a", "b"]], "received an array of <U1"),
    ],
)
def test_what_is_no_image_is_refused(image, sentence):
    with pytest.raises(DataError, match=sentence):
        zoo.preprocess(image, MOBILENET)


def test_wrong_arguments_are_refused():
    with pytest.raises(UnknownNameError, match=r"mobilenet\.imagenet"):
        zoo.preprocess(NOISE, "mobilnet.imagenet")
    with pytest.raises(ConfigError, match="'channels' must be a number above 0; received 0"):
        zoo.preprocess(NOISE, MOBILENET, channels=0)
    with pytest.raises(ConfigError, match="'size' is -3; expected a number of pixels above 0"):
        zoo.preprocess(NOISE, MOBILENET, size=-3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"crop": 0}, "'crop' is 0; expected a share above 0, at most 1"),
        ({"std": (1, 1, 0)}, "'std' is .*; expected three numbers above 0"),
        ({"mean": (1, 1)}, "'mean' is .*; expected three numbers"),
        ({"mean": (1, 1, float("nan"))}, "'mean' is .*; expected three numbers"),
        ({"scale": "1/255"}, "'scale' is '1/255'; expected a number above 0"),
        ({"colour": "brg"}, "Unknown order of colours 'brg'; did you mean"),
        ({"interpolation": "bicubik"}, "did you mean 'bicubic'"),
    ],
)
def test_preprocessing_that_makes_no_sense_is_refused(change, sentence):
    with pytest.raises((ConfigError, UnknownNameError), match=sentence):
        replace(MOBILENET, **change)


def test_preprocessing_survives_json():
    for row in (MOBILENET, CAFFE, TORCH):
        assert Preprocessing.from_json(json.loads(json.dumps(row.as_json()))) == row
    with pytest.raises(ConfigError, match="exactly the fields size, crop"):
        Preprocessing.from_json({"size": 224})


def test_the_classes_are_those_of_keras():
    names = classes("imagenet")
    assert len(names) == len({identity for identity, _ in names}) == 1000
    assert names[0] == ("n01440764", "tench")
    assert names[281] == ("n02123045", "tabby")
    assert names[999] == ("n15075141", "toilet_tissue")
    assert [identity for identity, _ in names] == sorted(identity for identity, _ in names)
    assert FILES["imagenet"].stat().st_size < 40_000


def test_the_best_classes_come_first_for_every_image():
    probabilities = np.zeros((2, 1000))
    probabilities[0, [281, 282, 285]] = 0.5, 0.2, 0.3
    probabilities[1, 999] = 1
    for given in (
        probabilities,
        {"predictions": probabilities, "s32": None},
        keras.ops.convert_to_tensor(probabilities),
    ):
        first, second = zoo.decode(given, "mobilenet.imagenet", top=3)
        assert [guess.label for guess in first] == ["tabby", "Egyptian_cat", "tiger_cat"]
        assert second[0] == ("n15075141", "toilet_tissue", 1.0)
    assert len(zoo.decode(probabilities, "mobilenet.imagenet")[0]) == 5


@pytest.mark.parametrize(
    ("predictions", "sentence"),
    [
        (np.zeros((1, 37)), r"has 1000 classes, \(images, 1000\) predictions; received \(1, 37\)"),
        (np.zeros((1, 1001)), r"received \(1, 1001\)"),
        (np.zeros(1000), r"received \(1000,\)"),
        (np.full((1, 1000), np.nan), "must be probabilities"),
        (np.linspace(-3, 9, 1000)[None], "must be probabilities"),
        ({"features": np.zeros((1, 1000))}, "have no 'predictions'; received features"),
        ("tabby", "must be an array of numbers; received 'tabby'"),
    ],
)
def test_what_are_no_predictions_is_refused(predictions, sentence):
    with pytest.raises(DataError, match=sentence):
        zoo.decode(predictions, "mobilenet.imagenet")


def test_weights_without_a_top_have_no_classes():
    with pytest.raises(ConfigError, match=r"'mobilenet\.imagenet_notop' has no classes to name"):
        zoo.decode(np.zeros((1, 1000)), "mobilenet.imagenet_notop")
    with pytest.raises(ConfigError, match="'top' must be a number from 1 to 1000; received 0"):
        zoo.decode(np.zeros((1, 1000)), "mobilenet.imagenet", top=0)


def test_a_photo_in_a_file_and_the_same_in_memory_are_one(tmp_path):
    Image.fromarray(NOISE).save(tmp_path / "noise.png")
    in_memory = zoo.preprocess(NOISE, "mobilenet.imagenet")
    assert (zoo.preprocess(tmp_path / "noise.png", "mobilenet.imagenet") == in_memory).all()
    assert (zoo.preprocess(str(tmp_path / "noise.png"), row_of("mobilenet.imagenet")) == in_memory).all()
