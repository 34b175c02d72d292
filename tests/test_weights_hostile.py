"""Files made to break a reader, and names that mean nothing: one short sentence each, and the model is as it was."""

import struct
import zipfile
from contextlib import suppress

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import zoo
from tests.test_weights_refused import legacy, network, refused, replace, safetensors
from zoo.errors import WeightsError, ZooError
from zoo.weights.arrays import same_but_ones
from zoo.weights.names import Names, names_for
from zoo.weights.readers.net import LONGEST, printable


def archived(path):
    """A file of Keras 3, whole."""
    network().save_weights(f"{path}.weights.h5")
    return path.with_name(f"{path.name}.weights.h5")


def test_a_text_whose_type_was_damaged_into_a_sequence_is_not_read(tmp_path):
    """Read as a sequence, the memory beyond the text would be taken for texts, and the process would crash."""
    path = archived(tmp_path / "f")
    text = bytes.fromhex("19010100 10000000")  # HDF5's type 9, of variable length: 1, a text, of 1, UTF-8; 16 bytes
    content = path.read_bytes()
    assert content.count(text) >= 2  # layers
    path.write_bytes(content.replace(text, bytes.fromhex("19ff0100 10000000")))
    refused(path, "its 'name' is no text")
    damaged = legacy(tmp_path / "legacy")
    with h5py.File(damaged, "a") as file:
        file.attrs["layer_names"] = np.arange(3)
    refused(damaged, "its 'layer_names' is no text")


def convolution(height, width):
    image = keras.Input((12, 12, 12))
    return keras.Model(image, layers.Conv2D(12, (height, width), name="c")(image))


def test_a_kernel_of_another_orientation_is_refused(tmp_path):
    zoo.save_weights(convolution(1, 7), tmp_path / "f")
    refused(tmp_path / "f", r"c/kernel is \(1, 7, 12, 12\) in .* but \(7, 1, 12, 12\)", convolution(7, 1))


@pytest.mark.parametrize(
    ("theirs", "ours", "same"),
    [
        ((1, 1, 64, 10), (64, 10), True),
        ((64, 10), (1, 1, 64, 10), True),
        ((8, 1, 1), (1, 1, 8, 1), True),
        ((8,), (1, 1, 8, 1), True),
        ((1, 7, 12, 12), (7, 1, 12, 12), False),
        ((8, 1), (1, 8), False),
        ((3, 3, 1, 8), (3, 3, 8, 1), False),
    ],
)
def test_ones_may_lead_and_stand_nowhere_else(theirs, ours, same):
    assert same_but_ones(theirs, ours) is same


@pytest.mark.parametrize("kind", [">f4", ">f8", "longdouble", "<f2", "i1"])
def test_any_real_type_in_any_byte_order_becomes_the_type_of_the_variable(tmp_path, kind):
    model = network()
    for address in ("a/a/bias:0", "b/b/bias:0"):
        size = 4 if address[0] == "a" else 3
        replace(legacy(tmp_path / "f") if size == 4 else tmp_path / "f", address, data=np.arange(size).astype(kind))
    zoo.load_weights(model, tmp_path / "f")
    np.testing.assert_array_equal(np.asarray(model.get_layer("a").bias), np.arange(4, dtype="f4"))
    assert model.get_layer("a").bias.dtype == "float32"


def test_a_number_too_large_for_the_variable_is_refused_before_anything_is_changed(tmp_path):
    refused(replace(legacy(tmp_path / "f"), "b/b/bias:0", data=np.full(3, 1e300)), "b/bias .* too large for float32")


def test_an_array_of_another_size_is_refused_before_a_table_reads_it(tmp_path):
    def never(array):
        raise AssertionError("read")

    path = replace(legacy(tmp_path / "f"), "a/a/kernel:0", shape=(10**5, 10**5), dtype="f4", chunks=(1000, 1000))
    refused(path, r"a/kernel is \(100000, 100000\)", names=Names(adapt={"a/kernel": never}))


@pytest.mark.parametrize("shape", [[2**47] * 60_000, [1] * 9])
def test_a_safetensors_array_of_many_axes_is_refused_at_once(tmp_path, shape):
    header = {"a.bias": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}}
    refused(safetensors(tmp_path / "f", header, bytes(4)), "it claims the shape")


def test_a_safetensors_header_of_too_many_names_is_refused(tmp_path):
    header = {f"{number}.b": {} for number in range(100_001)}
    refused(safetensors(tmp_path / "f", header), "at most 100,000 names")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def state(torch, **changed):
    return {"a.weight": torch.ones(4, 4), "a.bias": torch.ones(4), "b.weight": torch.ones(3, 4),
            "b.bias": torch.ones(3)} | {name.replace("_", "."): each for name, each in changed.items()}  # fmt: skip


@pytest.mark.parametrize("kind", ["complex", "sparse", "float8", "meta", "quantised"])
def test_a_pytorch_tensor_that_is_no_dense_array_of_real_numbers_is_refused(tmp_path, torch, kind):
    ones = torch.ones(4, 4)
    tensor = {
        "complex": lambda: ones.to(torch.complex64),
        "sparse": ones.to_sparse,
        "float8": lambda: ones.to(torch.float8_e4m3fn),
        "meta": lambda: ones.to("meta"),
        "quantised": lambda: torch.quantize_per_tensor(ones, 0.1, 0, torch.qint8),
    }[kind]()
    torch.save(state(torch, a_weight=tensor), tmp_path / "f")
    refused(tmp_path / "f", "'a.weight' in a form that is not read here|damaged or cut short|more in it than weights")


def test_a_pytorch_tensor_that_is_negated_when_read_is_loaded_so(tmp_path, torch):
    torch.save(state(torch, a_bias=torch._neg_view(torch.ones(4))), tmp_path / "f")
    model = network()
    zoo.load_weights(model, tmp_path / "f")
    np.testing.assert_array_equal(np.asarray(model.get_layer("a").bias), -np.ones(4))


def test_a_flipped_byte_in_a_pytorch_file_is_noticed(tmp_path, torch):
    torch.save(state(torch, a_weight=torch.full((4, 4), 1.2345)), tmp_path / "f")
    content = bytearray((tmp_path / "f").read_bytes())
    content[bytes(content).index(np.full(16, 1.2345, "f4").tobytes()) + 5] ^= 1
    (tmp_path / "f").write_bytes(content)
    refused(tmp_path / "f", "does not have its check sum")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_packed_in_a_rare_way_is_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "f", "w", method) as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", "weights")
    refused(tmp_path / "f", "neither stored nor deflated")


def test_a_damaged_or_encrypted_member_of_an_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "f", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", "{}" + " " * 500)
        file.writestr("model.weights.h5", "weights")
    content = bytearray((tmp_path / "f").read_bytes())
    start = 30 + len("config.json")
    (tmp_path / "damaged").write_bytes(content[:start] + b"\xff" * 4 + content[start + 4 :])
    refused(tmp_path / "damaged", "damaged or cut short")
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "encrypted").write_bytes(content)
    refused(tmp_path / "encrypted", "encrypted")


@pytest.mark.parametrize(
    ("family", "layer"),
    [
        ("vgg", "features.3.squeeze"),
        ("vgg", f"features.{'9' * 5000}"),
        ("efficientnet.timm", "blocks.1.9999999.conv_dw"),
        ("efficientnet.timm", f"blocks.{'9' * 5000}.0.conv_dw"),
        ("efficientnet.port", f"_blocks.{'9' * 5000}._bn1"),
        ("squeezenet.keras", f"fire{'9' * 5000}/squeeze1x1"),
        ("xception", f"conv2d_{'9' * 5000}"),
    ],
)
def test_foreign_names_pass_through_a_table_or_are_told(family, layer):
    names = names_for(family, ["features.0", "conv2d_1"])
    with suppress(WeightsError):
        assert layer not in names.rename([layer], ["block1a_dwconv"])


def test_a_legacy_file_with_an_array_in_no_list_is_refused(tmp_path):
    with h5py.File(legacy(tmp_path / "f"), "a") as file:
        file["c/kernel"] = np.ones(3)
    refused(tmp_path / "f", "holds c/kernel, which belongs to no layer that it lists")


def test_a_legacy_files_own_weights_are_not_looked_for_in_another_file(tmp_path):
    with h5py.File(legacy(tmp_path / "f"), "a") as file:
        file["top_level_model_weights"] = h5py.ExternalLink("other.h5", "x")
    refused(tmp_path / "f", "only a link")


def test_a_files_own_words_are_quoted_short_and_printable(tmp_path):
    header = {"\x1b[2J" + "x" * 3_000_000 + ".weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    with pytest.raises(WeightsError) as caught:
        zoo.load_weights(network(), safetensors(tmp_path / "f", header, bytes(4)))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < LONGEST + 10
    assert printable("größe 词") == "größe 词"


def test_a_safetensors_file_shorter_than_its_first_number_is_refused(tmp_path):
    for content in (b"", b"1234", struct.pack("<Q", 2), struct.pack("<Q", 2) + b"{"):
        (tmp_path / "f").write_bytes(content)
        refused(tmp_path / "f", "damaged or cut short|is not an HDF5 file")


@pytest.mark.parametrize("weights", [3, True, b"x", ["a"], np.zeros(3), "x" * 5000, "a\0b.h5", ""])
def test_weights_that_are_no_tag_and_no_path_are_refused_in_one_short_sentence(weights):
    with pytest.raises(ZooError) as caught:
        zoo.create_model("mobilenet_tiny", weights=weights)
    assert len(str(caught.value)) < 900
    with pytest.raises(WeightsError):
        zoo.load_weights(network(), weights)


def test_a_name_with_an_empty_tag_and_a_top_that_is_neither_true_nor_false_are_refused():
    with pytest.raises(ZooError, match=r"after the dot of 'mobilenet_tiny\.'"):
        zoo.create_model("mobilenet_tiny.")
    for value in (0, None, np.bool_(False)):
        with pytest.raises(ZooError, match="'include_top' must be True or False"):
            zoo.create_model("mobilenet_tiny", include_top=value)


def test_without_the_top_a_set_that_cannot_be_fetched_is_not_taken(monkeypatch):
    from types import SimpleNamespace

    from zoo import create
    from zoo.catalogue import describe

    def row(checksum):
        return SimpleNamespace(artifact=SimpleNamespace(checksum=checksum))

    monkeypatch.setattr(create, "fetch", lambda artifact: artifact)
    for checksum in (None, "1234"):
        rows = {"imagenet": row("abcd"), "imagenet_notop": row(checksum)}
        monkeypatch.setattr(create, "_official", lambda entry, rows=rows: rows)
        entry = describe("mobilenet_025")
        expected = rows["imagenet_notop" if checksum else "imagenet"].artifact
        assert create.weights_path(entry, "imagenet", include_top=False) is expected
        assert create.weights_path(entry, "imagenet") is rows["imagenet"].artifact
