"""Weights by address: what fits is loaded whole, what does not is refused and leaves the model as it was."""

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import zoo
from tests.tensors import outputs_of
from zoo.errors import UnknownNameError, WeightsError

RANDOM = np.random.default_rng(0)


def two_branches(first="left", second="right"):
    """first(x) - second(x): two layers of one shape, in the order given, which a loader by position mixes up."""
    x = keras.Input((3,), name="x")
    return keras.Model([x], layers.Subtract()([layers.Dense(3, name=first)(x), layers.Dense(3, name=second)(x)]))


def rich_model():
    """Layers with layers inside, with weights that are not trained, and one model applied twice."""
    inner_input = keras.Input((4,))
    inner = keras.Model(inner_input, layers.Dense(4, name="dense")(inner_input), name="inner")
    x = y = keras.Input((None, 4), name="x")
    x = layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both_ways")(
        layers.MultiHeadAttention(2, 2, name="heads")(x, x)
    )
    x = layers.Dropout(0.5, name="dropout")(layers.BatchNormalization(name="norm")(x))
    return keras.Model([y], inner(inner(layers.Dense(4, name="dense")(x))))


def scramble(model):
    for variable in model.weights:
        variable.assign(RANDOM.uniform(0.1, 1.0, size=variable.shape))
    return model


def spoilt(path, change):
    with h5py.File(path, "a") as file:
        change(file)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "weights.h5"
    zoo.save_weights(scramble(zoo.create_model("sequential_twin")), path, metadata={"entry": "sequential_twin"})
    return path


def refused(path, sentence, model=None):
    """`path` is refused with this sentence, and the model is as it was."""
    model = model or zoo.create_model("sequential_twin")
    before = model.get_weights()
    with pytest.raises(WeightsError, match=sentence):
        zoo.load_weights(model, path)
    for array, earlier in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, earlier)


def test_layers_are_matched_by_name_not_by_position(tmp_path):
    model, swapped = scramble(two_branches("left", "right")), two_branches("right", "left")
    x = RANDOM.normal(size=(2, 3)).astype("float32")
    zoo.save_weights(model, tmp_path / "weights.h5")
    report = zoo.load_weights(swapped, tmp_path / "weights.h5")
    assert set(report.matched) == {"left/kernel", "left/bias", "right/kernel", "right/bias"}
    assert report.reinitialised == report.unused == ()
    difference = outputs_of(model, [x])
    np.testing.assert_array_equal(swapped([x]), -difference)
    swapped.set_weights(model.get_weights())  # what a loader by position does
    assert np.abs(np.asarray(swapped([x])) + difference).max() > 1e-2


def test_nested_models_inner_layers_and_moving_averages_return_exactly(tmp_path):
    model, other = scramble(rich_model()), rich_model()
    zoo.save_weights(model, tmp_path / "weights.h5")
    report = zoo.load_weights(other, tmp_path / "weights.h5")
    assert {"inner/dense/kernel", "dense/kernel", "norm/moving_variance", "heads/query/kernel"} <= set(report.matched)
    assert len(report.matched) == len(model.weights)
    for array, original in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(array, original)


def test_half_precision_halves_the_file_and_returns_to_the_type_of_the_model(tmp_path):
    model, other = scramble(zoo.create_model("author_profile_small")), zoo.create_model("author_profile_small")
    zoo.save_weights(model, tmp_path / "whole.h5")
    zoo.save_weights(model, tmp_path / "half.h5", dtype="float16")
    zoo.load_weights(other, tmp_path / "half.h5")
    assert (tmp_path / "half.h5").stat().st_size < 0.55 * (tmp_path / "whole.h5").stat().st_size
    assert {variable.dtype for variable in other.weights} == {"float32"}
    for array, original in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(array, original, rtol=2**-11)


def test_metadata_returns_as_it_was_saved(tmp_path):
    metadata = {"entry": "x", "config": {"groups": [1, 2]}, "vocabulary": ["größe", "词"] * 50_000}
    zoo.save_weights(two_branches(), tmp_path / "weights.h5", metadata=metadata)
    assert zoo.read_metadata(tmp_path / "weights.h5") == metadata


@pytest.mark.parametrize("metadata", [{"score": float("nan")}, {"model": two_branches}])
def test_metadata_that_is_not_json_is_refused_and_leaves_no_file(tmp_path, metadata):
    with pytest.raises(WeightsError, match="plain JSON values"):
        zoo.save_weights(two_branches(), tmp_path / "weights.h5", metadata=metadata)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("value", "dtype"), [(np.nan, None), (np.inf, None), (1e6, "float16")])
def test_numbers_that_a_file_cannot_give_back_are_refused_and_leave_the_old_file(saved, value, dtype):
    before = saved.read_bytes()
    model = zoo.create_model("sequential_twin")
    model.get_layer("dense1").bias.assign(np.full(32, value))
    with pytest.raises(WeightsError, match="dense1/bias holds numbers"):
        zoo.save_weights(model, saved, dtype=dtype)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_layer_that_is_named_keeps_its_fresh_weights(saved):
    model = zoo.create_model("sequential_twin", categories=3)
    refused(saved, r"category/bias is \(10,\) in .* but \(3,\) in the model\.", model)
    fresh = model.get_layer("category").get_weights()
    report = zoo.load_weights(model, saved, reinitialise=["category"])
    assert report.reinitialised == ("category/kernel", "category/bias")
    assert set(report.unused) == {"category/kernel", "category/bias"}
    for array, earlier in zip(model.get_layer("category").get_weights(), fresh, strict=True):
        np.testing.assert_array_equal(array, earlier)
    with pytest.raises(UnknownNameError, match="did you mean 'category'"):
        zoo.load_weights(model, saved, reinitialise=["categry"])


def test_a_shape_that_differs_late_in_the_file_leaves_the_earlier_layers_alone(saved):
    refused(saved, r"dense1/kernel is \(64, 32\) in .* but \(8, 32\)", zoo.create_model("sequential_twin", features=8))


def test_weights_of_another_model_are_refused(saved):
    refused(saved, "weights of another model", two_branches())


def test_a_missing_and_an_unknown_layer_are_named(saved):
    spoilt(saved, lambda file: file.move("layers/dense2", "layers/dense_2"))
    refused(saved, "dense2/bias, dense2/kernel of the model not in the file; dense_2/bias, dense_2/kernel of the file")


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    refused(tmp_path / "none.h5", "There is no file of weights at .*none.h5")
    refused(tmp_path, "There is no file of weights")
    (tmp_path / "text.h5").write_text("weights")
    (tmp_path / "empty.h5").write_bytes(b"")
    refused(tmp_path / "text.h5", "not an HDF5 file")
    refused(tmp_path / "empty.h5", "not an HDF5 file")
    two_branches().save_weights(tmp_path / "keras.weights.h5")
    refused(tmp_path / "keras.weights.h5", "not one written by zoo.save_weights")


def test_a_file_cut_short_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for tenth in range(10):
        saved.write_bytes(whole[: len(whole) * tenth // 10])
        refused(saved, "cut short|not an HDF5 file")
    saved.write_bytes(whole[:-1])
    refused(saved, "cut short")


def link(target):
    def change(file):
        del file["layers/dense1/kernel"]
        file["layers/dense1/kernel"] = target

    return change


def replace(address, **dataset):
    def change(file):
        del file[address]
        file.create_dataset(address, **dataset)

    return change


def circle(file):
    file["layers/dense1/again"] = file["layers"]


def spoil_all(file):
    """A file as the first were, without check sums, with a number that is none."""
    file.visititems(lambda name, item: item.attrs.pop("crc32", None) and None)
    file["layers/dense1/bias"][3] = np.nan


def virtual(file):
    layout = h5py.VirtualLayout(shape=(64, 32), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "data", shape=(64, 32))
    del file["layers/dense1/kernel"]
    file.create_virtual_dataset("layers/dense1/kernel", layout)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (link(h5py.ExternalLink("other.h5", "kernel")), "only a link"),
        (link(h5py.SoftLink("/layers/dense2/kernel")), "only a link"),
        (circle, "several links"),
        (virtual, "not an array of numbers"),
        (replace("layers/dense1/kernel", shape=(64, 32), dtype="f4", external=[("/etc/hostname", 0, 8192)]), "array"),
        (replace("layers/dense1/kernel", data=["a"]), "not an array of numbers"),
        (
            replace("layers/dense1/kernel", shape=(10**9, 10**6), dtype="f4", chunks=(1000, 1000)),
            r"\(1000000000, 1000000\)",
        ),
        (replace("layers/dense1/bias", data=np.zeros(32)), "dense1/bias has no check sum, though others have"),
        (lambda file: file["layers/dense1/bias"].attrs.update(crc32="text"), "dense1/bias has no check sum"),
        (spoil_all, "dense1/bias in .* holds NaN"),
        (lambda file: file.attrs.update(version=2), "has version 2; this zoo reads 1"),
        (lambda file: file.attrs.update(format="keras-functional-zoo weights"), "not one written by zoo.save_weights"),
        (lambda file: file.__delitem__("layers"), "no 'layers' of its own"),
    ],
)
def test_a_file_that_was_tampered_with_is_refused(saved, change, sentence):
    spoilt(saved, change)
    refused(saved, sentence)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (replace("metadata", data=np.frombuffer(b"[1]", np.uint8)), "not a JSON object"),
        (replace("metadata", data=np.frombuffer(b"{", np.uint8)), "damaged"),
        (replace("metadata", data=np.zeros(3)), "does not say what it holds"),
        (replace("metadata", shape=(10**12,), dtype="u1", chunks=(10**6,)), "does not say what it holds"),
        (lambda file: file.__delitem__("metadata"), "no 'metadata' of its own"),
    ],
)
def test_metadata_that_was_tampered_with_is_refused(saved, change, sentence):
    spoilt(saved, change)
    with pytest.raises(WeightsError, match=sentence):
        zoo.read_metadata(saved)
