"""Files of other libraries: every layout, recognised by its content, fills our graph with the same numbers."""

import importlib.util
import json
import struct

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.legacy.saving import legacy_h5_format

import zoo
from zoo.errors import WeightsError
from zoo.weights.names import Names, names_for, underscores
from zoo.weights.readers import opened

RANDOM = np.random.default_rng(0)


def network(names=("c1", "norm", "inner", "depth", "rows", "d")):
    """Convolutions, a nested model, a frozen layer, layers inside a layer."""
    convolution, norm, nested, depth, rows, dense = names
    image = keras.Input((6, 6, 3), name="image")
    x = layers.Conv2D(4, 3, name=convolution)(image)
    x = layers.BatchNormalization(name=norm)(x)
    inside = keras.Input((4, 4, 4))
    y = layers.Conv2D(4, 1, name="inside_conv")(inside)
    x = keras.Model(inside, layers.BatchNormalization(name="inside_norm")(y), name=nested)(x)
    x = layers.Dropout(0.2, name="drop")(layers.DepthwiseConv2D(3, name=depth)(x))
    x = layers.Reshape((4, 4))(x)
    x = layers.Bidirectional(layers.LSTM(2, name="lstm"), name=rows)(x)
    return keras.Model([image], {"d": layers.Dense(2, name=dense)(x)})


def scramble(model):
    for variable in model.weights:
        variable.assign(RANDOM.uniform(0.1, 1.0, size=variable.shape))
    return model


@pytest.fixture(scope="module")
def original():
    return scramble(network())


def frozen(model):
    """Legacy files list the weights that are trained first: a frozen base has another order."""
    model.get_layer("inner").trainable = False
    return model


def legacy(model, path):
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def chunked(model, path):
    """The list of names cut in two, as Keras does where it is too long for one attribute."""
    legacy(model, path)
    with h5py.File(path, "a") as file:
        names = list(file.attrs.pop("layer_names"))
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:3], names[3:]


def whole_h5(model, path):
    model.save(path.with_suffix(".h5"))
    path.with_suffix(".h5").rename(path)


def weights_h5(model, path):
    model.save_weights(path.with_suffix(".weights.h5"))
    path.with_suffix(".weights.h5").rename(path)


def archive(model, path):
    model.save(path.with_suffix(".keras"))
    path.with_suffix(".keras").rename(path)


def without_names(file):
    file.visititems(lambda name, item: item.attrs.pop("name", None) and None)


@pytest.mark.parametrize("write", [legacy, chunked, whole_h5, weights_h5, archive, zoo.save_weights])
def test_every_layout_fills_a_frozen_model_with_the_same_numbers(tmp_path, original, write):
    write(original, tmp_path / "weights.data")  # the suffix says nothing
    other = frozen(network())
    report = zoo.load_weights(other, tmp_path / "weights.data")
    assert len(report.matched) == len(other.weights)
    assert report.inflated == report.reinitialised == report.notes == ()
    expected = {variable.path: np.asarray(variable) for variable in original.weights}
    assert len(expected) == len(other.weights)
    for variable in other.weights:
        np.testing.assert_array_equal(np.asarray(variable), expected[variable.path])
    assert zoo.load_report(other) is report


def test_keras_files_without_names_are_matched_by_order_only_where_asked(tmp_path, original):
    path = tmp_path / "old.weights.h5"
    original.save_weights(path)
    with h5py.File(path, "a") as file:
        without_names(file)
    other = network()
    with pytest.raises(WeightsError, match="does not hold the names of its layers"):
        zoo.load_weights(other, path)
    report = zoo.load_weights(other, path, by_order=True)
    assert "class and order" in report.notes[0]
    np.testing.assert_array_equal(other.get_weights()[0], original.get_weights()[0])


def test_an_archive_without_names_takes_them_from_its_own_description(tmp_path, original):
    import zipfile

    original.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        contents = {name: file.read(name) for name in file.namelist()}
    (tmp_path / "inner.h5").write_bytes(contents["model.weights.h5"])
    with h5py.File(tmp_path / "inner.h5", "a") as file:
        for place in ("conv2d", "batch_normalization", "functional", "depthwise_conv2d", "dense"):
            file[f"layers/{place}/vars"].attrs.pop("name")
    contents["model.weights.h5"] = (tmp_path / "inner.h5").read_bytes()
    with zipfile.ZipFile(tmp_path / "older.keras", "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
    other = network()
    zoo.load_weights(other, tmp_path / "older.keras")
    np.testing.assert_array_equal(other.get_layer("d").get_weights()[0], original.get_layer("d").get_weights()[0])


def test_names_of_keras_1_and_of_a_second_instance_are_understood(tmp_path):
    kernel, bias = np.ones((3, 2), "f4"), np.full(2, 3, "f4")
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["layer_names"] = [b"a/b", b"second"]
        for layer, names in (("a/b", ["a/b_W_1:0", "a/b_b_1:0"]), ("second", ["second_3/kernel:0", "second_3/bias:0"])):
            group = file.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in names]
            group[names[0]], group[names[1]] = (kernel, bias) if layer == "a/b" else (kernel[:2], bias)
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(2, name="second")(layers.Dense(2, name="first")(x)))
    zoo.load_weights(model, tmp_path / "old.h5", names=Names(rename=lambda file, ours: {"a/b": "first"}))
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
    np.testing.assert_array_equal(model.get_weights()[3], bias)


def safetensors(path, arrays, *, tail=b"", **changed):
    """A file in the public format; `changed` replaces claims of the header."""
    header, blob = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, array) in arrays.items():
        content = array.tobytes()
        place = [len(blob), len(blob) + len(content)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": place} | changed.get(name, {})
        blob += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + blob + tail)


def bfloat16(array):
    return (array.astype("<f4").view("<u4") >> 16).astype("<u2")


def test_safetensors_are_read_in_every_precision_and_transposed_by_the_target(tmp_path):
    image = keras.Input((5, 5, 4))
    x = layers.Conv2D(6, (3, 2), name="c")(image)
    x = layers.BatchNormalization(name="n")(layers.DepthwiseConv2D(2, depth_multiplier=2, name="w")(x))
    model = keras.Model(image, layers.Dense(3, name="d")(layers.GlobalAveragePooling2D()(x)))
    shapes = {"c.weight": (6, 4, 3, 2), "c.bias": (6,), "w.weight": (12, 1, 2, 2), "w.bias": (12,)}
    shapes |= dict.fromkeys(("n.weight", "n.bias", "n.running_mean", "n.running_var"), (12,))
    shapes |= {"d.weight": (3, 12, 1, 1), "d.bias": (3,)}
    theirs = {name: RANDOM.integers(1, 100, shape).astype("<f4") for name, shape in shapes.items()}
    arrays = {name: ("F32", array) for name, array in theirs.items()}
    arrays |= {"c.weight": ("F16", theirs["c.weight"].astype("<f2")), "c.bias": ("BF16", bfloat16(theirs["c.bias"]))}
    arrays |= {"n.num_batches_tracked": ("I64", np.array(7))}
    safetensors(tmp_path / "file", arrays)
    report = zoo.load_weights(model, tmp_path / "file")
    assert report.unused == ("n/num_batches_tracked",)
    assert "counter" in report.reasons["n/num_batches_tracked"]
    get = {f"{layer.name}.{v.name}": np.asarray(v) for layer in model.layers for v in layer.weights}
    np.testing.assert_array_equal(get["c.kernel"], theirs["c.weight"].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(get["c.bias"], theirs["c.bias"])
    np.testing.assert_array_equal(get["n.moving_variance"], theirs["n.running_var"])
    np.testing.assert_array_equal(get["n.beta"], theirs["n.bias"])
    np.testing.assert_array_equal(get["d.kernel"], theirs["d.weight"][:, :, 0, 0].T)
    for channel in range(6):
        for copy in range(2):
            np.testing.assert_array_equal(
                get["w.kernel"][:, :, channel, copy], theirs["w.weight"][2 * channel + copy, 0]
            )


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("zipped", [True, False])
def test_a_pytorch_module_and_its_keras_twin_answer_alike(tmp_path, zipped):
    import torch
    from torch import nn

    torch.manual_seed(0)
    theirs = nn.Sequential()
    for name, module in {
        "c": nn.Conv2d(4, 6, 3, groups=2), "n": nn.BatchNorm2d(6), "w": nn.Conv2d(6, 12, 2, groups=6),
        "p": nn.Conv2d(12, 5, 1), "pool": nn.AdaptiveAvgPool2d(1), "f": nn.Flatten(), "d": nn.Linear(5, 3),
    }.items():  # fmt: skip
        theirs.add_module(name, module)
    for value in theirs.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.1, 1.0)
    torch.save({"state_dict": theirs.eval().state_dict()}, tmp_path / "f", _use_new_zipfile_serialization=zipped)
    image = keras.Input((7, 7, 4))
    x = layers.BatchNormalization(epsilon=1e-5, name="n")(layers.Conv2D(6, 3, groups=2, name="c")(image))
    x = layers.Conv2D(5, 1, name="p")(layers.DepthwiseConv2D(2, depth_multiplier=2, name="w")(x))
    ours = keras.Model(image, layers.Dense(3, name="d")(layers.GlobalAveragePooling2D()(x)))
    zoo.load_weights(ours, tmp_path / "f", names=Names(rename=underscores))
    images = RANDOM.normal(size=(2, 7, 7, 4)).astype("float32")
    with torch.no_grad():
        answer = theirs(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
    np.testing.assert_allclose(np.asarray(ours(images)), answer, atol=1e-4 * np.ptp(answer), rtol=1e-5)


def test_half_precision_of_keras_is_widened(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        variables = file.create_group("layers/dense/vars")
        variables.attrs["name"] = "d"
        variables["0"] = bfloat16(np.full((2, 2), 1.5)).view("V2")
        variables["0"].attrs["dtype"] = "bfloat16"
        variables["1"] = np.full(2, 0.5, "f2")
    x = keras.Input((2,))
    model = keras.Model(x, layers.Dense(2, name="d")(x))
    zoo.load_weights(model, tmp_path / "f")
    np.testing.assert_array_equal(model.get_weights()[0], np.full((2, 2), 1.5))
    np.testing.assert_array_equal(model.get_weights()[1], np.full(2, 0.5))


def test_a_table_is_chosen_by_its_signs_and_one_that_is_named_must_exist(tmp_path):
    assert names_for("squeezenet", ["fire2/squeeze1x1"]) is not names_for("squeezenet", ["features.3.squeeze"])
    assert names_for("no_such_family", ["a"]) == Names()
    with pytest.raises(ValueError, match="Unknown kind of file of resnet 'torchvison'; did you mean 'torchvision'"):
        names_for("resnet.torchvison", ["a"])


def test_the_file_is_open_no_longer_than_the_block(tmp_path, original):
    zoo.save_weights(original, tmp_path / "f")
    with opened(tmp_path / "f") as stored:
        assert stored.layers["c1"]["kernel"].shape == (3, 3, 3, 4)
    with pytest.raises((ValueError, RuntimeError)):
        stored.layers["c1"]["kernel"].read()
