"""Builders: parameter counts by hand, outputs by name, and names that saved weights rely on."""

import json
import runpy
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from tests.tensors import outputs_of
from zoo.errors import ZooError
from zoo.models import author_profile, author_profile_small, author_profile_tiny, sequential_twin
from zoo.models.sequential_twin import sequential_stack

GOLDEN = Path(__file__).parent / "golden" / "layer_names.json"
NAMES = zoo.list_models(for_tests=True)
OTHERS = [name for name in NAMES if zoo.describe(name).task != "image-classification"]  # see test_contract


def answers(model, posts):
    return {name: np.asarray(values) for name, values in model([posts]).items()}


def test_author_profile_counts_the_parameters_of_the_reference():
    embedding = 50_000 * 256
    convolutions = (5 * 256 * 128 + 128) + (5 * 128 * 256 + 256) + 3 * (5 * 256 * 256 + 256)
    dense = 256 * 128 + 128
    heads = (128 + 1) + (128 * 10 + 10) + (128 + 1)
    assert author_profile().count_params() == embedding + convolutions + dense + heads == 14_146_316


def test_author_profile_small_fits_into_two_megabytes_at_2500_words():
    assert author_profile_small(vocabulary_size=2_500).count_params() * 4 == 1_907_248


@pytest.mark.parametrize("length", [1, 4, 26, 130])
def test_author_profile_reads_posts_of_any_length(length):
    model = author_profile_tiny()
    found = answers(model, np.random.default_rng(0).integers(1, 500, (3, length)))
    assert {name: values.shape for name, values in found.items()} == {
        "age": (3, 1),
        "income": (3, 10),
        "gender": (3, 1),
    }
    np.testing.assert_allclose(found["income"].sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize("bag", [False, True])
def test_author_profile_answers_a_post_alone_as_in_a_batch(bag):
    model = author_profile_tiny(bag=bag)
    random = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(random.normal(size=variable.shape) * 0.5)
    texts = [random.integers(1, 500, length) for length in (1, 6, 33, 90)]
    batch = np.zeros((4, 90), "int32")
    for row, text in zip(batch, texts, strict=True):
        row[: len(text)] = text
    together = answers(model, batch)
    for number, text in enumerate(texts):
        for name, values in answers(model, text[None]).items():
            np.testing.assert_allclose(values[0], together[name][number], rtol=1e-4, atol=1e-5)


def test_a_linear_output_is_deaf_to_all_but_the_bag_of_words():
    model = author_profile_tiny(bag=True, linear=("income",))
    posts = np.random.default_rng(0).integers(1, 500, (2, 30))
    before = answers(model, posts)
    for variable in model.weights:
        if not variable.path.startswith(("bag_words", "income")):
            variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    after = answers(model, posts)
    np.testing.assert_array_equal(before["income"], after["income"])
    assert np.abs(before["gender"] - after["gender"]).max() > 1e-3


@pytest.mark.parametrize("targets", [("age",), ["gender", "age"], ("age", "industry", "gender")])
def test_author_profile_has_the_outputs_that_are_asked_for(targets):
    model = author_profile_tiny(targets=targets, income_groups=4)
    assert set(model.output_names) == set(model.output) == set(targets)
    assert all(model.get_layer(name).output is model.output[name] for name in targets)
    widths = {"age": 1, "gender": 1, "industry": 4}
    assert {name: tensor.shape[-1] for name, tensor in model.output.items()} == {name: widths[name] for name in targets}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"targets": ()}, "'targets' must be a list"),
        ({"targets": "age"}, "'targets' must be a list.*received 'age'"),
        ({"targets": ("age", "gendre")}, "did you mean 'gender'"),
        ({"targets": ("age", "age")}, "must not repeat"),
        ({"linear": "income", "bag": True}, "'linear' must be a list.*received 'income'"),
        ({"linear": ("incom",), "bag": True}, "did you mean 'income'"),
        ({"linear": ("income",)}, "set bag=True"),
        ({"targets": ("income", "industry")}, "not both"),
    ],
)
def test_author_profile_tells_wrong_targets(config, sentence):
    with pytest.raises(ZooError, match=sentence):
        author_profile_tiny(**config)


def test_a_model_is_fed_by_the_name_of_its_input():
    model = author_profile_tiny()
    posts = np.array([[5, 6, 7]])
    np.testing.assert_array_equal(outputs_of(model, {"posts": posts})["age"], outputs_of(model, [posts])["age"])


def test_the_sequential_stack_and_its_functional_twin_are_the_same_model():
    stack, twin = sequential_stack(), sequential_twin()
    assert stack.count_params() == twin.count_params() == (64 * 32 + 32) + (32 * 32 + 32) + (32 * 10 + 10) == 3_466
    described = [
        [(type(layer), layer.name, [tuple(v.shape) for v in layer.weights]) for layer in model.layers if layer.weights]
        for model in (stack, twin)
    ]
    assert described[0] == described[1]
    features = np.random.default_rng(0).normal(size=(20, 64)).astype("float32")
    assert np.abs(np.asarray(stack(features)) - np.asarray(twin([features])["category"])).max() > 1e-3
    twin.set_weights(stack.get_weights())
    np.testing.assert_array_equal(stack(features), twin([features])["category"])


def test_the_example_of_the_twins_runs(capsys):
    runpy.run_module("examples.sequential_twin", run_name="__main__")
    assert "difference between their predictions for 1,000 samples: 0.0" in capsys.readouterr().out


def test_layer_names_are_those_that_saved_weights_rely_on():
    found = layer_names()
    assert found == json.loads(GOLDEN.read_text())


def layer_names():
    return {name: [layer.name for layer in zoo.create_model(name).layers if layer.weights] for name in OTHERS}


@pytest.mark.parametrize("name", OTHERS)
def test_an_entry_builds_the_model_that_the_catalogue_describes(name):
    entry, model = zoo.describe(name), zoo.create_model(name)
    assert model.name == name
    assert [tensor.name for tensor in model.inputs] == list(entry.inputs)
    assert set(model.output_names) == set(model.output) == set(entry.outputs)
    assert not model.compiled


@pytest.mark.parametrize("name", OTHERS)
def test_the_graph_does_not_depend_on_the_name(name):
    def shape_of_graph(model):
        return [(layer.name, type(layer)) for layer in model.layers if isinstance(layer, keras.Layer) and layer.weights]

    assert shape_of_graph(zoo.create_model(name, name="other")) == shape_of_graph(zoo.create_model(name))
