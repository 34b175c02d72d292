"""Files that are not what they should be: one sentence each, and the model is as it was."""

import pickle
import struct
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.errors import WeightsError
from zoo.weights.names import Names

TERABYTES = (10**6, 10**6)


def network(*, first="a", units=3, more=()):
    x = keras.Input((4,), name="x")
    y = layers.Dense(units, name="b")(layers.Dense(4, name=first)(x))
    for name in more:
        y = layers.Dense(units, name=name)(y)
    return keras.Model([x], {"y": y})


def refused(path, sentence, model=None, **options):
    model = model or network()
    before = model.get_weights()
    with pytest.raises(WeightsError, match=sentence) as caught:
        zoo.load_weights(model, path, **options)
    assert len(str(caught.value)) < 700
    for array, earlier in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, earlier)
    assert zoo.load_report(model) is None


def legacy(path, *, names=("kernel:0", "bias:0"), first="a", units=3):
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [first.encode(), b"b"]
        for layer, width in ((first, 4), ("b", units)):
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{name}".encode() for name in names]
            for name, shape in zip(names, [(4, width), (width,)], strict=False):
                group[f"{layer}/{name}"] = np.ones(shape, "f4")
    return path


def safetensors(path, header, content=b""):
    text = header if isinstance(header, bytes) else __import__("json").dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return path


def replace(path, address, **dataset):
    with h5py.File(path, "a") as file:
        del file[address]
        file.create_dataset(address, **dataset)
    return path


def test_what_the_layers_do_not_explain_is_named(tmp_path):
    refused(
        legacy(tmp_path / "1", first="renamed"), "a/bias, a/kernel of the model not in .*renamed/bias, renamed/kern"
    )
    refused(legacy(tmp_path / "2"), "c/bias, c/kernel of the model not in the file", network(more="c"))
    refused(legacy(tmp_path / "3", units=5), r"b/bias is \(5,\) in .* but \(3,\) in the model")
    refused(legacy(tmp_path / "4", names=("kernel:0",)), "a/bias, b/bias of the model not in the file")
    refused(legacy(tmp_path / "5", names=("kernel:0", "scale:0")), "a/scale, b/scale of the file not in the model")
    refused(legacy(tmp_path / "6"), "weights of another model", network_of_others())
    both = Names(rename=lambda file, ours: {"a": "b"})
    refused(legacy(tmp_path / "7"), "has both a/kernel and b/kernel for b/kernel", names=both)


def network_of_others():
    x = keras.Input((4,), name="x")
    return keras.Model([x], layers.Dense(2, name="other")(x))


def test_a_flipped_byte_in_our_file_is_noticed(tmp_path):
    model = network()
    zoo.save_weights(model, tmp_path / "f")
    content = bytearray((tmp_path / "f").read_bytes())
    place = bytes(content).index(np.asarray(model.get_layer("a").kernel).tobytes())
    content[place + 17] ^= 1
    (tmp_path / "f").write_bytes(content)
    refused(tmp_path / "f", "damaged: the numbers of a/kernel are not those that were saved")


def test_a_legacy_file_cut_short_or_with_links_or_terabytes_is_refused(tmp_path):
    whole = legacy(tmp_path / "f").read_bytes()
    for part in range(1, 8):
        (tmp_path / "cut").write_bytes(whole[: len(whole) * part // 8])
        refused(tmp_path / "cut", "cut short")
    refused(
        replace(legacy(tmp_path / "1"), "a/a/kernel:0", shape=TERABYTES, dtype="f4", chunks=(1000, 1000)),
        r"a/kernel is \(1000000, 1000000\) in .* but \(4, 4\)",
    )
    for target in (h5py.ExternalLink("other.h5", "x"), h5py.SoftLink("/b/b/bias:0")):
        with h5py.File(legacy(tmp_path / "2"), "a") as file:
            del file["a/a/bias:0"]
            file["a/a/bias:0"] = target
        refused(tmp_path / "2", "only a link")
    refused(replace(legacy(tmp_path / "3"), "a/a/bias:0", data=["text"]), "not an array of numbers")
    refused(replace(legacy(tmp_path / "4"), "a/a/bias:0", data=np.full(4, np.nan, "f4")), "a/bias in .* holds NaN")


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    (tmp_path / "text.safetensors").write_text("These are not weights but words.")
    refused(
        tmp_path / "text.safetensors", "is not an HDF5 file, nor safetensors, a PyTorch file, a .keras or .npz archive"
    )
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["pictures"] = np.zeros(3)
    refused(tmp_path / "other.h5", "is an HDF5 file, but not one written by zoo.save_weights or by Keras")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("readme", "words")
    refused(tmp_path / "other.zip", "neither a .keras model nor a PyTorch file")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "other.zip").read_bytes()[:-9])
    refused(tmp_path / "cut.zip", "damaged or cut short")


class Trap:
    """Unpickling it would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("suffix", ["h5", "safetensors", "pth", "keras"])
def test_a_pickle_in_disguise_is_not_opened(tmp_path, suffix):
    pytest.importorskip("torch")
    import torch

    (tmp_path / f"plain.{suffix}").write_bytes(pickle.dumps({"a.weight": Trap(str(tmp_path / "sprung"))}))
    refused(tmp_path / f"plain.{suffix}", "Python pickle, which can run any program")
    for zipped in (True, False):
        path = tmp_path / f"torch{zipped}.{suffix}"
        torch.save({"a.weight": Trap(str(tmp_path / "sprung"))}, path, _use_new_zipfile_serialization=zipped)
        refused(path, "pickle with more in it than weights")
    assert not (tmp_path / "sprung").exists()


def test_a_pytorch_file_needs_pytorch_and_a_state_dictionary(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    torch.save({"a.weight": torch.ones(2), "epoch": 3}, tmp_path / "f")
    refused(tmp_path / "f", "does not hold a state dictionary")
    (tmp_path / "cut").write_bytes((tmp_path / "f").read_bytes()[:-40])
    refused(tmp_path / "cut", "damaged or cut short")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ValueError, match="needs the package 'torch'"):
        zoo.load_weights(network(), tmp_path / "f")


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    for name in ("model.weights.h5", "archive/data.pkl"):
        with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("config.json", "{}")
            file.writestr(name, bytes(2**24))
        refused(tmp_path / "bomb", "is a zip bomb")


def test_an_archive_without_a_model_or_without_weights_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "none.keras", "w") as file:
        file.writestr("model.weights.h5", b"")
    refused(tmp_path / "none.keras", "without a readable 'config.json'")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", b"words")
    refused(tmp_path / "empty.keras", "damaged or cut short")


def claim(dtype="F32", shape=(4,), place=(0, 16)):
    return {"a.bias": {"dtype": dtype, "shape": list(shape), "data_offsets": list(place)}}


@pytest.mark.parametrize(
    ("header", "content", "sentence"),
    [
        (claim(shape=TERABYTES, place=(0, 4 * 10**12)), bytes(16), "does not fit its place"),
        (claim(), bytes(15), "does not fit its place"),
        (claim(), bytes(17), "its arrays take 16 bytes, and 17 follow"),
        (claim(place=(1, 17)), bytes(17), "overlap or leave gaps"),
        (claim(shape=(-4,)), bytes(16), r"claims the shape \[-4\]"),
        (claim(shape=(4, 2)), bytes(16), "does not fit its place"),
        (claim(dtype="F4"), bytes(16), "a type that is not read here: 'F4'"),
        ({"a": claim()["a.bias"]}, bytes(16), "belongs to no layer"),
        ({"a.bias": 3}, b"", "a type that is not read here: None"),
        (b"{ no json", b"", "its header is not JSON"),
    ],
)
def test_a_safetensors_file_that_claims_what_it_does_not_hold_is_refused(tmp_path, header, content, sentence):
    refused(safetensors(tmp_path / "f", header, content), sentence)


def test_a_safetensors_header_longer_than_the_file_is_refused(tmp_path):
    (tmp_path / "f").write_bytes(struct.pack("<Q", 2**62) + b"{}" + bytes(20))
    refused(tmp_path / "f", "its header claims")
