"""Every model of the catalogue keeps the contract: small ones are run, of large ones the structure is looked at.

`python -m tests.test_contract` freezes the names of all models' layers anew: they are public, so look at what changed.
"""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from tests import test_models
from zoo import catalogue
from zoo.models.image_builder import ImageBuilder, average_top
from zoo.testing import CHECKS, ContractError, Subject, check_model, fingerprint_of, weighted_layers

GOLDEN = Path(__file__).parent / "golden" / "image_layers.json"
FROZEN = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
MOST_NAMED = 200_000  # weights; of larger models a fingerprint stands for the names
IMAGES = zoo.list_models(task="image-classification", for_tests=True)
OTHERS = {"linear_regression", "sequential_twin", "softmax_regression"}
ON_ALL_BACKENDS = {
    "author_profile_tiny",
    "entity_embedding_tiny",
    "linear_regression",
    "memory_network_tiny",
    "vgg_tiny",
}
SMALL = {name for name, entry in catalogue.ENTRIES.items() if entry.for_tests} | OTHERS


def marked(name):
    """Few models for every backend, of all kinds: each costs most of a minute where every shape is compiled."""
    return pytest.param(name, marks=pytest.mark.backends) if name in ON_ALL_BACKENDS else name


@pytest.mark.parametrize("name", map(marked, zoo.list_models(for_tests=True)))
def test_every_model_keeps_the_contract(name):
    small = name in SMALL
    asked = check_model(name, runs=small, **FROZEN.get(name, {}))
    expected = [c for c in CHECKS if (small or not c.runs) and (name in IMAGES or not c.images)]
    assert {check.about for check in expected} <= set(asked)
    keras.utils.clear_session(free_memory=False)


def test_names_are_frozen_for_every_image_model():
    assert set(FROZEN) == set(IMAGES)
    assert GOLDEN.stat().st_size < 300_000


# --- what breaks the contract is found


def plain(graph, x, *, prefix="stage"):
    for stage in range(1, 6):
        x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name=f"{prefix}{stage}_conv")(x)
        x = graph.tap(2**stage, x)
    return x


def automatic_names(graph, x):
    return plain(graph, layers.Conv2D(4, 1)(x))


def wrong_stride(graph, x):
    x = plain(graph, x)
    graph.tap(8, graph.tapped["s16"])
    return x


def silent_layer(graph, x):
    x = plain(graph, x)
    return layers.Add()([x, layers.Conv2D(4, 1, name="silent")(x * 0.0)])


def without_an_input(graph, x):
    return plain(graph, x * 0.0)


def depends_on_the_batch(graph, x):
    return layers.Lambda(lambda y: y - keras.ops.mean(y, axis=0), name="lambda")(plain(graph, x))


def overflows(graph, x):
    return plain(graph, x * 1e38 * 1e38)


def depends_on_the_size(graph, x):
    return plain(graph, x, prefix=f"stage{graph.size[0]}_")


def relu_top(graph, x):
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.Dense(graph.classes, activation="relu", name="predictions")(x)


def forgets_classes(graph, x):
    return layers.Dense(1000, activation="softmax", name="predictions")(layers.GlobalAveragePooling2D()(x))


def check_throw_away(monkeypatch, features=plain, top=average_top, **options):
    builder = ImageBuilder("throw_away", features, top=top, size=32, **{"dropout": 0.1, **options})
    monkeypatch.setattr("zoo.models.image_builder.throw_away", builder, raising=False)
    entry = replace(catalogue.describe("vgg_tiny"), name="throw_away", builder="zoo.models.image_builder:throw_away")
    monkeypatch.setitem(catalogue.ENTRIES, "throw_away", entry)
    return check_model("throw_away")


def test_a_model_that_a_user_adds_is_asked_everything(monkeypatch):
    assert check_throw_away(monkeypatch) == [check.about for check in CHECKS]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"features": automatic_names}, "names of layers with weights depend on the name, the options or a counter"),
        ({"features": depends_on_the_size}, "names of layers with weights depend on .* stage32_1_conv"),
        ({"features": wrong_stride}, "s8 goes from 6 to 10 as the image grows by 64"),
        ({"features": silent_layer}, "1 weights have none: silent/kernel"),
        ({"features": without_an_input}, "predictions is the same for every input"),
        ({"features": depends_on_the_batch}, "answered alone as in a batch.*Lambda"),
        ({"features": overflows}, "predictions is not finite"),
        ({"top": forgets_classes}, "for 7 classes the outputs are"),
        ({"top": relu_top}, "predictions are not probabilities|the probabilities add up"),
        ({"strides": ("s2", "s64")}, "KeyError: 's64'"),
        ({"least": 0}, r"'input_shape': \(1, 1, 3\)} is taken"),
    ],
)
def test_a_broken_model_is_told_what_is_broken(monkeypatch, broken, sentence):
    with pytest.raises(ContractError, match="(?s)" + sentence):
        check_throw_away(monkeypatch, **broken)


def test_changed_names_and_shapes_are_told():
    with pytest.raises(ContractError, match="not those frozen: block9_conv1"):
        check_model("vgg_tiny", layers=[*FROZEN["vgg_tiny"]["layers"], "block9_conv1"], runs=False)
    with pytest.raises(ContractError, match=r"the fingerprint is .*, not 0123"):
        check_model("vgg_tiny", fingerprint="0123", runs=False)
    wide = zoo.create_model("vgg_tiny", classes=7)
    assert fingerprint_of(wide) != FROZEN["vgg_tiny"]["fingerprint"]


def test_a_count_that_is_not_the_published_one_is_told(monkeypatch):
    other = [replace(item, name="vgg_tiny.imagenet", parameters=1) for item in zoo_sets("vgg16")]
    monkeypatch.setattr("zoo.testing.any_model.pretrained_sets", lambda: other)
    with pytest.raises(ContractError, match="1 are published"):
        check_model("vgg_tiny", runs=False)


def zoo_sets(name):
    from zoo.pretrained.sets import pretrained_sets

    return pretrained_sets(name)


def test_outlines_hold_no_values_and_leave_later_models_alone():
    outline = Subject("vgg_tiny").outline()
    model = zoo.create_model("vgg_tiny")
    assert all(variable._value is None for variable in outline.weights)
    assert all(np.isfinite(array).all() for array in model.get_weights())


def freeze():
    """Write the names of the layers of all image models, and those of the others for `test_models`."""
    found = {}
    for name in IMAGES:
        model = Subject(name).outline()
        found[name] = {"fingerprint": fingerprint_of(model)}
        if model.count_params() <= MOST_NAMED:
            found[name]["layers"] = sorted(weighted_layers(model))
        keras.utils.clear_session()
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(found[name])}" for name in found)
    GOLDEN.write_text("{\n" + lines + "\n}\n")
    test_models.GOLDEN.write_text(json.dumps(test_models.layer_names(), indent=2) + "\n")


if __name__ == "__main__":
    freeze()
