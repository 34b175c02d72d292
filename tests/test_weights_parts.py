"""Files in which the model is a part: under a prefix, as the base of a larger model, in shards, beside code."""

import json
import os
import struct

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.cli.main import main
from zoo.errors import WeightsError
from zoo.weights.names import Names, underscores

RANDOM = np.random.default_rng(0)
SHAPES = {"h.weight": (8, 4), "h.bias": (8,), "a.weight": (1, 8), "a.bias": (1,)}
STATE = {name: RANDOM.normal(size=shape).astype("f4") for name, shape in SHAPES.items()}


def flat(first="h", last="a"):
    x = keras.Input((4,), name="x")
    return keras.Model([x], {"a": layers.Dense(1, name=last)(layers.Dense(8, name=first)(x))})


def safetensors(path, arrays):
    header, blob = {}, b""
    for name, array in arrays.items():
        place = [len(blob), len(blob) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": place}
        blob += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + blob)


def npz(path, arrays):
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def holds_state(model):
    np.testing.assert_array_equal(model.get_layer("h").get_weights()[0], STATE["h.weight"].T)
    np.testing.assert_array_equal(model.get_layer("a").get_weights()[1], STATE["a.bias"])
    return True


@pytest.mark.parametrize("write", [safetensors, npz])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model.", "state_dict.model.", "module._orig_mod."])
def test_a_prefix_that_all_names_share_is_left_out(tmp_path, prefix, write):
    model = flat()
    write(tmp_path / "f", {prefix + name: array for name, array in STATE.items()})
    report = zoo.load_weights(model, tmp_path / "f")
    assert holds_state(model)
    assert len(report.matched) == 4
    assert not report.unused


def test_a_wrapper_of_single_layers_is_left_out(tmp_path):
    model = flat()
    safetensors(tmp_path / "f", {name.replace("h.", "h._orig_mod."): array for name, array in STATE.items()})
    zoo.load_weights(model, tmp_path / "f")
    assert holds_state(model)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "optimizer": {"state": {0: {}}}, "epoch": 3},
        lambda state: {"model_state_dict": {f"module.{name}": each for name, each in state.items()}},
        lambda state: {"checkpoint": {"state_dict": {"net": state}}},
        lambda state: {"state_dict": {f"model.{name}": each for name, each in state.items()}},
    ],
)
def test_a_checkpoint_of_pytorch_is_unwrapped(tmp_path, wrap):
    torch = pytest.importorskip("torch")
    torch.save(wrap({name: torch.from_numpy(array) for name, array in STATE.items()}), tmp_path / "f.pth")
    model = flat()
    zoo.load_weights(model, tmp_path / "f.pth")
    assert holds_state(model)


def test_two_state_dictionaries_are_told_apart_by_nobody(tmp_path):
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(array) for name, array in STATE.items()}
    torch.save({"first": state, "second": state}, tmp_path / "f.pth")
    with pytest.raises(WeightsError, match="2 state dictionaries, 'first', 'second'"):
        zoo.load_weights(flat(), tmp_path / "f.pth")


def test_of_two_whole_models_one_is_named(tmp_path):
    arrays = {f"{who}.{name}": array for who in ("student", "teacher") for name, array in STATE.items()}
    arrays |= {name: -array for name, array in arrays.items() if name.startswith("teacher")}
    safetensors(tmp_path / "f", arrays)
    model = flat()
    with pytest.raises(WeightsError, match="holds the model 2 times, as 'student' and 'teacher'"):
        zoo.load_weights(model, tmp_path / "f")
    report = zoo.load_weights(model, tmp_path / "f", leave=["teacher"])
    assert holds_state(model)
    assert "teacher.h/weight" in report.unused


def test_npz_arrays_that_are_no_numbers_or_have_no_names_are_refused(tmp_path):
    npz(tmp_path / "objects", {"h.weight": np.array([{}], dtype=object)})
    npz(tmp_path / "nameless", {f"arr_{place}": array for place, array in enumerate(STATE.values())})
    for file, sentence in {"objects": "no array of numbers", "nameless": "arrays without names"}.items():
        with pytest.raises(WeightsError, match=sentence):
            zoo.load_weights(flat(), tmp_path / file)


def guide(base, *, classes=19, prepare=(), hidden=0):
    """The model of Keras' guide to transfer learning."""
    x = image = keras.Input((32, 32, 3))
    for layer in prepare:
        x = layer(x)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x["features"] if isinstance(x, dict) else x)
    x = layers.Dense(hidden)(x) if hidden else x
    return keras.Model(image, layers.Dense(classes, activation="softmax")(layers.Dropout(0.2)(x)))


def randomised(model):
    for weight in model.weights:
        if weight.dtype == "float32":
            weight.assign(RANDOM.uniform(0.5, 1.0, weight.shape) / np.prod(weight.shape[:-1] or (1,)) ** 0.5)
    return model


@pytest.fixture(scope="module")
def whole():
    normalise = layers.Normalization(mean=[0.0] * 3, variance=[1.0] * 3)
    learnt = layers.Normalization()
    learnt.adapt(RANDOM.uniform(0, 255, (4, 32, 32, 3)))
    base = keras.applications.MobileNet(alpha=0.25, weights=None, include_top=False, input_shape=(32, 32, 3))
    return guide(randomised(base), prepare=[layers.RandomFlip(), normalise, learnt])


@pytest.fixture(scope="module")
def files(whole, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    whole.save_weights(folder / "f.weights.h5")
    whole.save(folder / "f.keras")
    whole.save(folder / "f.h5")
    return folder


def output(model, image):
    return np.asarray(model(image)["predictions"])


@pytest.mark.parametrize("name", ["f.weights.h5", "f.keras", "f.h5"])
def test_base_and_head_of_a_whole_model_are_found_and_the_rest_is_told(whole, files, name):
    flat = zoo.create_model("mobilenet_025", weights=files / name, classes=19, input_shape=(32, 32, 3))
    base = next(layer for layer in whole.layers if layer.name.startswith("mobilenet"))
    image = RANDOM.uniform(-1, 1, (2, 32, 32, 3)).astype("f4")
    expected = whole.layers[-1](layers.GlobalAveragePooling2D()(base(image)))
    np.testing.assert_allclose(output(flat, image), np.asarray(expected), atol=1e-5)
    report = zoo.load_report(flat)
    assert len(report.matched) == len(flat.weights)
    assert len(report.unused) == 3
    assert all(address.startswith("normalization") for address in report.unused)
    assert any("'dense' of the file is the model's" in note or "'dense_" in note for note in report.notes)
    assert base.name in report.notes[0]


def test_a_head_of_another_number_of_classes_is_new_though_it_stands_beside_the_base(files):
    model = zoo.create_model("mobilenet_025", weights=files / "f.h5", classes=7)
    assert {address.partition("/")[0] for address in zoo.load_report(model).reinitialised} == {"conv_preds"}


def test_without_the_top_the_head_of_a_whole_model_is_left(files):
    model = zoo.create_model("mobilenet_025", weights=files / "f.h5", include_top=False)
    assert any(address.startswith("dense") for address in zoo.load_report(model).unused)


@pytest.mark.parametrize("to", ["mobilenet_025.dogs", "mobilenet_025.imagenet_dogs"])
def test_a_file_is_converted_to_a_tag_of_ones_own(files, tmp_path, to):
    out = tmp_path / "ours.h5"
    assert main(["convert", f"{files}/f.keras", "--to", to, "--out", f"{out}"]) == 0
    assert zoo.create_model("mobilenet_025", weights=out).output["predictions"].shape == (None, 19)
    assert zoo.read_metadata(out)["source"] == {"weights": to, "file": "f.keras"}
    assert "labels" not in zoo.read_metadata(out)


def test_a_tag_is_needed(files, capsys):
    assert main(["convert", f"{files}/f.keras", "--to", "mobilenet_025"]) == 2
    assert "MODEL.TAG" in capsys.readouterr().err


def tiny(name="tiny"):
    return randomised(zoo.create_model("mobilenet_v2_tiny", include_top=False, name=name))


def test_a_head_after_another_trained_layer_is_not_taken_for_the_models(tmp_path):
    width = tiny().output["features"].shape[-1]
    guide(tiny(), hidden=width).save_weights(tmp_path / "f.weights.h5")
    with pytest.raises(WeightsError, match=r"predictions/kernel of the model not in the file.* beside the model"):
        zoo.load_weights(zoo.create_model("mobilenet_v2_tiny", classes=19), tmp_path / "f.weights.h5")
    model = zoo.create_model("mobilenet_v2_tiny", classes=19, weights=tmp_path / "f.weights.h5")
    assert zoo.load_report(model).reinitialised == ("predictions/kernel", "predictions/bias")


def test_of_two_nested_bases_one_is_named(tmp_path):
    image = keras.Input((32, 32, 3))
    both = [layers.GlobalAveragePooling2D()(tiny(name)(image)["features"]) for name in ("left", "right")]
    model = keras.Model(image, layers.Dense(2)(layers.Concatenate()(both)))
    model.save_weights(tmp_path / "f.weights.h5")
    ours = zoo.create_model("mobilenet_v2_tiny", include_top=False)
    with pytest.raises(WeightsError, match="holds the model 2 times, as 'left' and 'right'"):
        zoo.load_weights(ours, tmp_path / "f.weights.h5")
    zoo.load_weights(ours, tmp_path / "f.weights.h5", leave=["left"])
    np.testing.assert_array_equal(ours.get_weights()[0], model.get_layer("right").get_weights()[0])


def test_a_flat_model_with_a_head_of_its_own_name_is_loaded(tmp_path):
    base = tiny()
    x = layers.Dense(19)(layers.GlobalAveragePooling2D()(base.output["features"]))
    keras.Model(base.inputs, x).save_weights(tmp_path / "f.weights.h5")
    model = zoo.create_model("mobilenet_v2_tiny", classes=19)
    report = zoo.load_weights(model, tmp_path / "f.weights.h5")
    assert len(report.matched) == len(model.weights)


def test_layers_of_other_names_are_not_taken_for_each_other(tmp_path):
    flat(last="b").save_weights(tmp_path / "f.weights.h5")
    with pytest.raises(WeightsError, match="a/bias, a/kernel of the model not in the file"):
        zoo.load_weights(flat(), tmp_path / "f.weights.h5")


def rebuilt():
    """Layers in layers, whose names Keras numbers anew each time."""
    x = keras.Input((5, 3), name="x")
    y = layers.Bidirectional(layers.LSTM(2, return_sequences=True), name="both")(x)
    y = layers.RNN([layers.LSTMCell(2), layers.LSTMCell(2)], return_sequences=True, name="cells")(y)
    y = layers.TimeDistributed(layers.Dense(3), name="each")(y)
    y = layers.Bidirectional(layers.RNN(layers.GRUCell(2)), name="last")(y)
    return keras.Model(x, {"a": layers.Dense(1, name="a")(y)})


@pytest.mark.parametrize("name", ["f.weights.h5", "f.keras", "f.h5", "own"])
def test_a_model_built_again_is_loaded_by_the_roles_of_its_inner_layers(tmp_path, name):
    for _ in range(5):  # so that cells are numbered from 9 to 12, of which 10 sorts before 9
        other = rebuilt()
    model = randomised(rebuilt())
    save = {"own": zoo.save_weights}.get(name, type(model).save_weights if "weights" in name else type(model).save)
    save(model, tmp_path / name)
    zoo.load_weights(other, tmp_path / name)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def automatic():
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(4)(layers.Dense(4)(x)))


@pytest.mark.parametrize("name", ["f.weights.h5", "f.keras", "f.h5"])
def test_automatic_names_are_matched_by_order_only_where_asked_and_the_report_says_so(tmp_path, name):
    model, other = randomised(automatic()), automatic()
    (model.save_weights if "weights" in name else model.save)(tmp_path / name)
    with pytest.raises(WeightsError):
        zoo.load_weights(other, tmp_path / name)
    report = zoo.load_weights(other, tmp_path / name, by_order=True)
    assert "by class and order" in report.notes[0]
    np.testing.assert_array_equal(other.get_weights()[2], model.get_weights()[2])
    assert not zoo.load_weights(model, tmp_path / name, by_order=True).notes  # its names fit


def test_only_files_of_keras_have_an_order(tmp_path):
    safetensors(tmp_path / "f", STATE)
    with pytest.raises(WeightsError, match="by_order=True is for files of Keras"):
        zoo.load_weights(flat("other"), tmp_path / "f", by_order=True)


def test_a_loaded_normalisation_normalises(tmp_path):
    def network():
        x, layer = keras.Input((3,), name="x"), layers.Normalization(name="n")
        return keras.Model(x, layer(x)), layer

    model, layer = network()
    layer.adapt(RANDOM.uniform(5, 50, (100, 3)))
    zoo.save_weights(model, tmp_path / "f")
    other, _ = network()
    zoo.load_weights(other, tmp_path / "f")
    values = RANDOM.uniform(5, 50, (4, 3)).astype("f4")
    np.testing.assert_allclose(np.asarray(other(values)), np.asarray(model(values)), rtol=1e-5)


def test_the_weights_of_an_archive_with_code_are_read_and_the_code_is_not_run(tmp_path):
    x = keras.Input((4,), name="x")
    y = layers.Lambda(lambda y: y * 1.0)(x)
    model = keras.Model([x], {"a": layers.Dense(1, name="a")(layers.Dense(8, name="h")(y))})
    model.save(tmp_path / "f.keras")
    other = flat()
    report = zoo.load_weights(other, tmp_path / "f.keras")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    assert "holds code (Lambda" in report.notes[0]


def test_the_weights_of_a_class_of_its_own_are_read_by_layer_name(tmp_path):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.rest = layers.Dense(8, name="h"), [layers.Dense(1, name="a")]

        def call(self, x):
            return self.rest[0](self.first(x))

    model, other = Own(), flat()
    model(np.zeros((1, 4), "f4"))
    model.save_weights(tmp_path / "f.weights.h5")
    zoo.load_weights(other, tmp_path / "f.weights.h5")
    np.testing.assert_array_equal(other.get_weights()[2], model.get_weights()[2])


@pytest.fixture
def sharded(tmp_path):
    model = randomised(flat())
    model.save_weights(tmp_path / "f.weights.json", max_shard_size=150 / 2**30)
    assert len(list(tmp_path.glob("*.h5"))) > 1
    return model, tmp_path / "f.weights.json"


def test_shards_of_keras_are_read_as_one_file(sharded):
    model, path = sharded
    other = flat()
    report = zoo.load_weights(other, path)
    assert report.layout == "a .weights.h5 file of Keras, in 2 parts"
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["../f_00000.weights.h5", "/etc/passwd", "..", "", 3, "a\\b", "\0"])
def test_a_shard_is_a_file_beside_the_list(sharded, name):
    _, path = sharded
    path.write_text(json.dumps({"weight_map": {"/layers/dense/vars": name}}))
    with pytest.raises(WeightsError, match=r"no plain name of a file|no such file"):
        zoo.load_weights(flat(), path)


def test_a_missing_or_repeated_or_nested_shard_is_named(sharded):
    _, path = sharded
    listed = json.loads(path.read_text())
    path.with_name("copy.h5").write_bytes(path.with_name("f_00000.weights.h5").read_bytes())
    path.with_name("twice.json").write_text(json.dumps({"weight_map": {"a": ["f_00000.weights.h5", "copy.h5"]}}))
    path.with_name("itself.json").write_text(json.dumps({"weight_map": {"a": "itself.json"}}))
    path.with_name("none.json").write_text(json.dumps({"weights": 1}))
    path.with_name("f_00001.weights.h5").unlink()
    path.write_text(json.dumps(listed))
    told = {"f.weights.json": "lists 'f_00001.weights.h5', and there is no such file", "twice.json": "two of its files",
            "itself.json": "itself a list", "none.json": "has no 'weight_map'"}  # fmt: skip
    for name, sentence in told.items():
        with pytest.raises(WeightsError, match=sentence):
            zoo.load_weights(flat(), path.with_name(name))


def test_a_pickle_in_an_npz_archive_is_not_opened(tmp_path):
    np.savez(tmp_path / "f.npz", **{"h.weight": np.array([os.getcwd], dtype=object)})  # a pickle of a function
    (tmp_path / "f.npz").rename(tmp_path / "f")
    with pytest.raises(WeightsError, match="no array of numbers"):
        zoo.load_weights(flat(), tmp_path / "f")


def test_names_tables_see_the_names_without_their_prefix(tmp_path):
    safetensors(tmp_path / "f", {f"model.{name.replace('h.', 'h.x.')}": array for name, array in STATE.items()})
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"a": layers.Dense(1, name="a")(layers.Dense(8, name="h_x")(x))})
    zoo.load_weights(model, tmp_path / "f", names=Names(rename=underscores))
    np.testing.assert_array_equal(model.get_layer("h_x").get_weights()[1], STATE["h.bias"])


def test_a_layer_of_many_names_in_hdf5_is_no_prefix_of_the_model(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        for number in range(3):
            group = file.create_group(f"layers/dense_{number}/vars")
            group.attrs["name"] = f"part{number}/x"
            group["0"] = np.ones((4, 8), "f4")
    with pytest.raises(WeightsError, match=r"of the model not in the file|no address in common"):
        zoo.load_weights(flat(), tmp_path / "f")
