"""`zoo convert`: official files of Keras, torchvision and timm become our own, which say what they hold."""

import keras
import numpy as np
import pytest

import zoo
from zoo.cli.main import main
from zoo.errors import WeightsError
from zoo.pretrained import pretrained

IMAGE = np.random.default_rng(0).uniform(-1, 1, (1, 224, 224, 3)).astype("float32")


def answer(model):
    """What the model says of the image, as arrays."""
    return keras.tree.map_structure(keras.ops.convert_to_numpy, model(IMAGE))


def random_weights(model):
    """Values of every kind of weight that let a signal through: official ones start with zeros and ones."""
    random = np.random.default_rng(1)
    for weight in model.weights:
        fan_in = max(np.prod(weight.shape[:-1]), 1)
        values = random.normal(0, fan_in**-0.5, weight.shape)
        if "gamma" in weight.path or "variance" in weight.path:
            values = random.uniform(0.8, 1.2, weight.shape)
        weight.assign(values)
    return model


@pytest.fixture(scope="module")
def official():
    return random_weights(keras.applications.MobileNet(alpha=0.25, weights=None))


def saved(model, path):
    """Official files have the layout of Keras 2, in which this Keras writes only whole models."""
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)
    return str(path)


@pytest.mark.parametrize(("name", "options"), [("legacy.h5", []), ("model.weights.h5", ["--by-order"])])
def test_a_file_of_keras_becomes_our_own(official, tmp_path, name, options, capsys):
    file, out = saved(official, tmp_path / name), tmp_path / "ours.h5"
    assert main(["convert", file, "--to", "mobilenet_025.imagenet", "--out", str(out), *options]) == 0
    assert f"{out}: " in capsys.readouterr().out
    model = zoo.create_model("mobilenet_025", weights=out)
    ours = answer(model)["predictions"]
    assert np.abs(ours - answer(official)).max() < 1e-6
    assert np.ptp(np.log(ours)) > 0.1  # not the flat answer that any weights would give
    kept = zoo.read_metadata(out)
    row = pretrained("mobilenet_025.imagenet")
    assert kept["entry"] == "mobilenet_025"
    assert kept["source"] == {"weights": "mobilenet_025.imagenet", "file": name}
    assert kept["labels"] == "imagenet"
    assert kept["preprocessing"] == row.preprocessing.as_json()


def test_a_file_without_a_top_makes_a_model_without_one(official, tmp_path):
    base = keras.applications.MobileNet(alpha=0.25, weights=None, include_top=False, input_shape=(224, 224, 3))
    for layer in base.layers[1:]:  # after the input
        layer.set_weights(official.get_layer(layer.name).get_weights())
    saved(base, tmp_path / "notop.h5")
    out = tmp_path / "ours.h5"
    assert main(["convert", f"{tmp_path}/notop.h5", "--to", "mobilenet_025.imagenet_notop", "--out", f"{out}"]) == 0
    model = zoo.create_model("mobilenet_025", weights=out)
    assert model.output_names == ["features"]
    assert np.abs(answer(model)["features"] - answer(base)).max() < 1e-5


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_of_torchvision_becomes_our_own(torchvision, tmp_path, suffix):
    torch = pytest.importorskip("torch")
    theirs = torchvision.squeezenet1_1(weights=None).eval()
    file, out = tmp_path / f"theirs{suffix}", tmp_path / "ours.h5"
    if suffix == ".pth":
        torch.save(theirs.state_dict(), file)
    else:
        pytest.importorskip("safetensors.torch").save_file(theirs.state_dict(), file)
    assert main(["convert", str(file), "--to", "squeezenet_1_1.imagenet", "--out", str(out)]) == 0
    with torch.no_grad():
        expected = theirs(torch.tensor(IMAGE.transpose(0, 3, 1, 2))).softmax(-1).numpy()
    ours = answer(zoo.create_model("squeezenet_1_1", weights=out))["predictions"]
    assert np.abs(np.log(ours) - np.log(expected)).max() < 1e-4
    assert np.ptp(np.log(ours)) > 0.1


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("mobilenet_025.imagenett", "did you mean"),
        ("mobilenet_050.imagenet", "but (3, 3, 3, 16) in the model"),
        ("squeezenet_1_1.imagenet", "holds the weights of another model"),
        ("mobilenet_025.imagenet_notop", "conv_preds"),
    ],
)
def test_a_file_of_other_weights_is_refused_and_leaves_nothing(official, tmp_path, to, sentence, capsys):
    saved(official, tmp_path / "official.h5")
    out = tmp_path / "out"
    assert main(["convert", str(tmp_path / "official.h5"), "--to", to, "--out", str(out / "ours.h5")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert sentence in told
    assert not out.exists() or not list(out.iterdir())


def test_other_numbers_of_classes_are_not_taken_for_the_official_weights(tmp_path, capsys):
    other = keras.applications.MobileNet(alpha=0.25, weights=None, classes=37)
    saved(other, tmp_path / "pets.h5")
    out = tmp_path / "ours.h5"
    assert main(["convert", f"{tmp_path}/pets.h5", "--to", "mobilenet_025.imagenet", "--out", f"{out}"]) == 2
    assert "37" in capsys.readouterr().err
    assert not out.exists()


def test_the_source_is_never_replaced(official, tmp_path):
    from zoo.conversion import convert

    path = tmp_path / "official.h5"
    saved(official, path)
    before = path.read_bytes()
    with pytest.raises(WeightsError, match="would replace"):
        convert(path, "mobilenet_025.imagenet", path)
    assert path.read_bytes() == before
