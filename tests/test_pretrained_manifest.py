"""The official sets of ImageNet weights: the manifest says what the publishers say, recomputed where it can be."""

import importlib
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import pytest

import zoo
from tools import imagenet_manifest, keras_downloads
from zoo.artifacts import artifacts, fetch
from zoo.catalogue import ENTRIES
from zoo.errors import ArtifactError, ConfigError, UnknownNameError
from zoo.pretrained import Pretrained, pretrained, pretrained_sets
from zoo.pretrained.sets import read_sets

ROOT = Path(__file__).resolve().parents[1]
IMAGES = {name: entry for name, entry in ENTRIES.items() if entry.task == "image-classification"}
SETS = pretrained_sets()
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3)).astype("float32")


def test_the_file_is_what_its_generator_reads_from_the_installed_keras():
    assert (ROOT / "weights" / "imagenet.json").read_text(encoding="utf-8") == imagenet_manifest.manifest()


def test_every_set_has_one_file_and_every_file_one_set():
    files = [item.name for item in artifacts("weights") if ".imagenet" in item.name]
    assert sorted(item.name for item in SETS) == sorted(files)
    assert all(item.artifact.name == item.name for item in SETS)


def test_the_catalogue_lists_exactly_these_sets():
    assert {f"{name}.{tag}" for name, entry in IMAGES.items() for tag in entry.weights} == {i.name for i in SETS}
    assert set(zoo.list_models(weights="imagenet")) == {item.arch for item in SETS if item.tag == "imagenet"}


@pytest.mark.parametrize("item", SETS, ids=lambda item: item.name)
def test_a_set_is_sound(item: Pretrained):
    entry = IMAGES[item.arch]
    assert item.with_top is not item.tag.endswith("_notop")
    assert (item.classes, item.labels) == ((1000, "imagenet") if item.with_top else (None, None))
    assert item.parameters == (entry.parameters if item.with_top else None)
    for score in (item.top1, item.top5):
        assert score is None or (item.with_top and 40 < score < 100)
    assert (item.scores_source is None) is (item.top1 is None)
    assert item.top5 is None or item.top5 > item.top1
    assert item.preprocessing_source
    assert item.artifact.licence != "not stated"
    if item.tag == "imagenet" and item.top1:
        assert f"top-1 {item.top1:.1f} %" in str(entry)


@pytest.mark.parametrize("item", SETS, ids=lambda item: item.name)
def test_nothing_is_claimed_of_a_file_that_we_have_not_read(item: Pretrained):
    file = item.artifact
    if item.opened:
        assert file.size
        assert file.sha256
    else:
        assert (file.size, item.golden) == (None, None)
    if file.checksum is None:
        assert "no hash" in file.note
    if file.sha256_prefix:
        assert file.file.endswith(f"-{file.sha256_prefix}.pth")
        assert all(url.endswith(f"/{file.file}") for url in file.urls)


def test_a_file_without_a_hash_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(ArtifactError, match=r"'mobilenet_v2.imagenet' has no published hash.*download it from https"):
        fetch(pretrained("mobilenet_v2.imagenet").artifact, folder=tmp_path)


@pytest.mark.parametrize("name", [item.name for item in SETS if item.opened])
def test_the_files_that_we_have_read_are_the_right_ones(name, tmp_path):
    item = pretrained(name).artifact
    if item.mirror and not os.environ.get("ZOO_MIRROR"):
        pytest.skip("ZOO_MIRROR is not set")
    if item.package:
        pytest.importorskip(item.package.partition("/")[0])
    assert fetch(item, folder=tmp_path, progress=False).stat().st_size == item.size


@pytest.mark.parametrize("item", [item for item in SETS if item.opened], ids=lambda item: item.name)
def test_golden_answers_are_those_of_this_very_file(item: Pretrained):
    golden = json.loads(item.golden_path.read_text(encoding="utf-8"))
    assert (golden["weights"], golden["sha256"]) == (item.name, item.artifact.sha256)
    assert len(golden["values"]) == (item.classes or 512)
    assert np.ptp(golden["values"]) > 5  # flat answers would hide scrambled weights


class Noted(keras_downloads.Anything):
    """Stands in for keras.layers, but makes the layers of preprocessing, in order."""

    def __init__(self):
        self.made = []

    def __getattr__(self, name):
        if name not in ("Rescaling", "Normalization"):
            return keras_downloads.Anything()

        def make(*arguments, **options):
            if name == "Normalization" and "mean" not in options:
                # EfficientNet's files hold the numbers: the mean, and as the variance the deviations, not squared
                # (tensorflow/tensorflow, issue 49930); the next layer makes up for it
                options |= {"mean": MEAN, "variance": STD}
            self.made.append(getattr(keras.layers, name)(*arguments, **options))
            return keras_downloads.Anything()

        return make


def official_numbers(arch: str) -> np.ndarray:
    """PIXELS as the official Keras model takes them: `preprocess_input`, then its own layers of preprocessing."""
    home = importlib.import_module(keras_downloads.SOURCES + keras_downloads.KERAS[arch][0])
    noted = Noted()
    with mock.patch.dict(keras_downloads.STAND_INS, layers=noted):
        keras_downloads.official_file(arch, with_top=True)
    values = home.preprocess_input(PIXELS.copy())
    for layer in noted.made:
        values = layer(values)
    return np.asarray(values)


@pytest.mark.parametrize("arch", keras_downloads.KERAS)
def test_pixels_become_the_numbers_that_keras_makes(arch):
    for item in pretrained_sets(arch):
        ours = item.preprocessing.normalise(PIXELS)
        np.testing.assert_allclose(ours, official_numbers(arch), rtol=0, atol=1e-5 * max(1, np.abs(ours).max()))


def test_the_comparison_of_numbers_sees_a_wrong_scale():
    wrong = replace(pretrained("efficientnet_v2_s.imagenet").preprocessing, scale=1 / 127.5)
    assert np.abs(wrong.normalise(PIXELS) - official_numbers("efficientnet_v2_s")).max() > 1e-3


@pytest.mark.parametrize(
    "arch", [arch for arch in keras_downloads.KERAS if "mobilenet_v3" not in arch]
)  # which asks nobody
def test_sizes_are_those_for_which_keras_built_the_models(arch):
    utilities = importlib.import_module(f"{keras_downloads.SOURCES}imagenet_utils")
    with mock.patch.object(utilities, "obtain_input_shape", return_value=(96, 96, 3)) as asked:
        keras_downloads.official_file(arch, with_top=True)
    assert pretrained(f"{arch}.imagenet").preprocessing.size == asked.call_args.kwargs["default_size"]


def test_googlenet_takes_the_numbers_into_which_torchvision_turns_its_own():
    torchvision = (PIXELS / 255 - np.array(MEAN)) / np.array(STD)
    turned = torchvision * (np.array(STD) / 0.5) + (np.array(MEAN) - 0.5) / 0.5  # googlenet.py, _transform_input
    np.testing.assert_allclose(pretrained("googlenet.imagenet").preprocessing.normalise(PIXELS), turned, atol=1e-5)


@pytest.mark.parametrize("size", [240, 260, 300, 380, 456, 528, 600])
def test_efficientnet_cuts_a_margin_of_16_pixels(size):
    (item,) = [
        item
        for item in SETS
        if item.preprocessing.size == size and item.tag == "imagenet" and "_b" in item.name and "v2" not in item.name
    ]
    assert item.preprocessing.resized == size + 32


@pytest.mark.parametrize("name", ["mobilenet_025", "squeezenet_1_1", "googlenet", "resnet18", "efficientnet_lite0"])
def test_parameters_are_those_of_our_models(name):
    with keras.StatelessScope(initialize_variables=False):
        model = zoo.create_model(name)
    counted = sum(math.prod(variable.shape) for variable in model.weights)
    assert counted == ENTRIES[name].parameters


# torchvision counts trainable weights alone: num_params of torchvision.models' classes of weights
@pytest.mark.parametrize(
    ("name", "trainable"), [("googlenet", 6_624_904), ("resnet18", 11_689_512), ("squeezenet_1_1", 1_235_496)]
)
def test_trainable_parameters_are_those_that_torchvision_publishes(name, trainable):
    with keras.StatelessScope(initialize_variables=False):
        model = zoo.create_model(name)
    assert sum(math.prod(variable.shape) for variable in model.trainable_variables) == trainable


@pytest.mark.parametrize(
    ("given", "guess"),
    [
        ("xceptoin.imagenet", "xception.imagenet"),
        ("xception.imagnet", "xception.imagenet"),
        ("resnet50", "resnet50.imagenet"),
        ("mobilenet.imagenet_196", "mobilenet.imagenet_192"),
    ],
)
def test_a_misspelling_is_told_the_nearest_set(given, guess):
    with pytest.raises(UnknownNameError, match=f"did you mean '{guess}'"):
        pretrained(given)


def test_what_names_no_set_is_told():
    with pytest.raises(ConfigError, match=r"named 'model\.tag'"):
        pretrained(3)
    with pytest.raises(UnknownNameError, match="Unknown model with official weights 'caffenet'"):
        pretrained_sets("caffenet")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"labels": ...}, "has exactly the keys"),
        ({"colour": "red"}, "has exactly the keys"),
        ({"preprocessing": {"size": 3}}, "Preprocessing has exactly the fields"),
    ],
)
def test_an_unsound_set_is_told(tmp_path, change, told):
    row = json.loads((ROOT / "weights" / "imagenet.json").read_text())["sets"][0] | change
    row = {key: value for key, value in row.items() if value is not ...}
    path = tmp_path / "sets.json"
    path.write_text(json.dumps({"sets": [row]}))
    with pytest.raises((ArtifactError, ConfigError), match=told):
        read_sets(path)


@pytest.mark.parametrize("text", ["{", "[]", '{"sets": 3}', '{"sets": [3]}'])
def test_a_file_that_describes_no_sets_is_told(tmp_path, text):
    path = tmp_path / "sets.json"
    path.write_text(text)
    with pytest.raises(ArtifactError, match=r"sets\.json"):
        read_sets(path)


def test_a_set_that_is_described_twice_is_told(tmp_path):
    row = json.loads((ROOT / "weights" / "imagenet.json").read_text())["sets"][0]
    path = tmp_path / "sets.json"
    path.write_text(json.dumps({"sets": [row, row]}))
    with pytest.raises(ArtifactError, match="twice"):
        read_sets(path)
