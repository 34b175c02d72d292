"""The catalogue and `create_model`: names, options, tags, and what a misspelling is answered."""

import importlib
import inspect
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import zoo
from tests.tensors import outputs_of
from zoo import catalogue, create
from zoo.errors import ConfigError, UnknownNameError, WeightsError, ZooError

ROOT = Path(__file__).resolve().parents[1]
OWN = [name for name, entry in catalogue.ENTRIES.items() if entry.task != "image-classification"]


def imported_by(statement):
    """Names of the modules that a fresh interpreter holds after `statement`."""
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import zoo", "import zoo; zoo.list_models(); str(zoo.describe('author_profile'))"]
)
def test_listing_imports_no_framework(statement):
    assert not imported_by(statement) & {"keras", "tensorflow", "numpy", "h5py", "jax", "torch", "requests", "rich"}


def test_models_are_listed_by_pattern_task_and_weights():
    assert zoo.list_models(for_tests=True) == sorted(catalogue.ENTRIES)
    assert zoo.list_models("author*l*") == ["author_profile", "author_profile_small", "author_profile_wide"]
    assert zoo.list_models(task="vector-classification") == ["sequential_twin"]
    assert zoo.list_models("author*", task="vector-classification") == []
    assert zoo.list_models("resnet50*", weights="imagenet") == ["resnet50", "resnet50_v1_5", "resnet50_v2"]
    assert "caffenet" in zoo.list_models(task="image-classification")
    assert "caffenet" not in zoo.list_models(weights="imagenet")


def test_members_for_tests_are_listed_when_asked_for():
    hidden = set(zoo.list_models(for_tests=True)) - set(zoo.list_models())
    assert hidden == {name for name in catalogue.ENTRIES if name.endswith(("_tiny", "_test"))} - {"convnext_tiny"}
    assert {entry.family for entry in map(zoo.describe, hidden)} >= set(catalogue.images.FAMILIES)


@pytest.mark.parametrize("name", OWN)
def test_the_catalogue_counts_the_parameters_of_our_own_models(name):
    assert zoo.create_model(name).count_params() == zoo.describe(name).parameters


@pytest.mark.parametrize(
    ("call", "guess"),
    [
        (lambda: zoo.list_models(task="autor-profiling"), "author-profiling"),
        (lambda: zoo.describe("author_profil"), "author_profile"),
        (lambda: zoo.create_model("Sequential_Twin"), "sequential_twin"),
        (lambda: zoo.create_model("author_profile_tiny", vocab_size=10), "vocabulary_size"),
        (lambda: zoo.full_config("author_profile_tiny", {"drop_out": 0.1}), "dropout"),
    ],
)
def test_a_misspelling_is_told_the_nearest_name(call, guess):
    with pytest.raises(UnknownNameError, match=f"did you mean '{guess}'"):
        call()


def test_an_unknown_option_lists_those_that_exist():
    with pytest.raises(UnknownNameError, match=r"Known: categories, features, name\."):
        zoo.create_model("sequential_twin", colour="red")


@pytest.mark.parametrize(
    ("name", "config", "sentence"),
    [
        ("author_profile_tiny", {"vocabulary_size": 0}, "'vocabulary_size' must be .* received 0"),
        ("author_profile_tiny", {"vocabulary_size": "many"}, "received 'many'"),
        ("author_profile_tiny", {"income_groups": 1}, "'income_groups' .* at least 2"),
        ("author_profile_tiny", {"stages": 8}, "'stages' must be lists"),
        ("author_profile_tiny", {"targets": 3}, "'targets' must be a list"),
        ("author_profile_tiny", {"name": "a/b"}, "cannot be built"),
        ("sequential_twin", {"features": -1}, "'features' .* received -1"),
    ],
)
def test_a_bad_value_is_a_config_error(name, config, sentence):
    with pytest.raises(ConfigError, match=sentence):
        zoo.create_model(name, **config)


@pytest.mark.parametrize("name", zoo.list_models(for_tests=True))
def test_an_entry_names_an_importable_builder_whose_options_all_have_defaults(name):
    entry = zoo.describe(name)
    module, function = entry.builder.split(":")
    builder = getattr(importlib.import_module(module), function)
    options = inspect.signature(builder).parameters
    assert entry.name == function == (options["name"].default or builder.name)
    assert all(option.kind is option.KEYWORD_ONLY for option in options.values())
    assert not any(option.default is option.empty for option in options.values())
    assert json.loads(json.dumps(zoo.full_config(name)))


@pytest.mark.parametrize("name", zoo.list_models(for_tests=True))
def test_a_description_is_readable_and_plain_data(name):
    entry = zoo.describe(name)
    assert json.loads(json.dumps(entry.as_json()))["task"] == entry.task
    assert all(text in str(entry) for text in (entry.name, entry.summary, entry.source, *entry.inputs, *entry.outputs))


@pytest.fixture
def tiny_with_tag(monkeypatch, tmp_path):
    """author_profile_tiny with weights of 60 words under the tag "posts", in a temporary folder; gives the model."""
    tag = catalogue.Weights(file="author_profile_tiny.posts.h5", data="made-up posts", scores={"age": "MAE 3 years"})
    entry = replace(catalogue.ENTRIES["author_profile_tiny"], weights={"posts": tag})
    monkeypatch.setitem(catalogue.ENTRIES, entry.name, entry)
    monkeypatch.setattr(create, "tracked_folder", lambda: tmp_path)
    config = zoo.full_config(entry.name, {"vocabulary_size": 60, "targets": ("age", "industry")})
    model = zoo.create_model(entry.name, **config)
    zoo.save_weights(model, tmp_path / tag.file, metadata={"entry": entry.name, "config": config})
    return model


@pytest.mark.parametrize(("name", "weights"), [("author_profile_tiny", "posts"), ("author_profile_tiny.posts", None)])
def test_a_tag_brings_the_options_its_weights_were_made_for(tiny_with_tag, name, weights):
    model = zoo.create_model(name, weights=weights)
    posts = np.array([[5, 6, 59, 0]])
    assert set(model.output) == {"age", "industry"}
    np.testing.assert_array_equal(
        outputs_of(model, [posts])["industry"], outputs_of(tiny_with_tag, [posts])["industry"]
    )


def test_a_tag_is_listed_and_described(tiny_with_tag):
    assert zoo.list_models("*_tiny", weights="posts", for_tests=True) == ["author_profile_tiny"]
    assert "trained on made-up posts; age MAE 3 years" in str(zoo.describe("author_profile_tiny"))
    with pytest.raises(UnknownNameError, match="did you mean 'posts'"):
        zoo.list_models(weights="pots")


@pytest.mark.parametrize(
    ("name", "config", "sentence"),
    [
        ("author_profile_tiny", {"weights": "pots"}, "did you mean 'posts'"),
        ("author_profile_tiny.pots", {}, "did you mean 'posts'"),
        ("author_profile_tiny.posts", {"weights": "posts"}, "Two sets of weights"),
        ("author_profile_tiny", {"weights": "nowhere.h5"}, "no file of weights at nowhere.h5"),
        (
            "author_profile_tiny",
            {"weights": "posts", "vocabulary_size": 70},
            r"embeddings is \(60, 8\) in .* but \(70, 8\) in the model: the file was made for vocabulary_size=60\.",
        ),
        (
            "author_profile_tiny",
            {"weights": "posts", "income_groups": 5},
            "the file was made for income_groups=10",
        ),
        (
            "author_profile_tiny",
            {"weights": "posts", "targets": ("age", "gender")},
            "gender/bias, gender/kernel of the model not in the file; industry/bias, industry/kernel of the file",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(tiny_with_tag, name, config, sentence):
    with pytest.raises(ZooError, match=sentence):
        zoo.create_model(name, **config)


def test_weights_of_another_entry_are_refused(tiny_with_tag, tmp_path):
    with pytest.raises(WeightsError, match="holds weights of author_profile_tiny, not of author_profile_small"):
        zoo.create_model("author_profile_small", weights=tmp_path / "author_profile_tiny.posts.h5")


def test_options_in_a_file_that_the_builder_does_not_have_are_refused(tmp_path):
    path = tmp_path / "weights.h5"
    zoo.save_weights(zoo.create_model("sequential_twin"), path, metadata={"config": {"depth": 9}})
    with pytest.raises(WeightsError, match="names options that sequential_twin does not have"):
        zoo.create_model("sequential_twin", weights=path)
