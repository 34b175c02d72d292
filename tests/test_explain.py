"""Explanations: equal to their formulas, through every structure, equal on all backends, and told where impossible."""

import json
from math import factorial
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from tests.explain_models import SIDE, STRUCTURES, sample_of, with_weights
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.explain import METHODS
from zoo.explain.heat_maps import grad_cam_plus_plus
from zoo.tracing.gradients import GradientFunction

pytestmark = pytest.mark.backends
GOLDEN = Path(__file__).parent / "golden" / "explanations.json"
FEW = {"smoothgrad": {"samples": 4}, "integrated-gradients": {"steps": 8}, "rise": {"masks": 16, "cells": 3},
       "occlusion": {"window": 4}}  # fmt: skip


@pytest.fixture(scope="module")
def by_hand(flat_model, flat_image):
    """Values of the last maps, and the gradients of the logit of label 1 being those of a mean and a dense layer."""
    front = keras.Model(flat_model.input, flat_model.get_layer("conv2").output)
    values = keras.ops.convert_to_numpy(front(flat_image[None]))[0]
    kernel = flat_model.get_layer("label").get_weights()[0]
    return values, np.broadcast_to(kernel[:, 1] / 16, values.shape)  # a mean over 16 places


def enlarged(map_):
    return keras.ops.convert_to_numpy(keras.ops.image.resize(map_[..., None].astype("float32"), (SIDE, SIDE)))[..., 0]


def test_heat_maps_are_their_formulas(flat_model, flat_image, by_hand):
    values, gradients = by_hand
    weights = gradients.mean(axis=(0, 1))
    square, cube = gradients**2, gradients**3
    alpha = square / (2 * square + values.sum(axis=(0, 1)) * cube)
    plus = (alpha * np.maximum(gradients, 0)).sum(axis=(0, 1))
    expected = {
        "activation": values.mean(axis=-1),
        "grad-cam": np.maximum(values @ weights, 0),
        "grad-cam++": np.maximum(values @ plus, 0),
        "layer-cam": np.maximum((values * np.maximum(gradients, 0)).sum(axis=-1), 0),
    }
    for method, map_ in expected.items():
        found = zoo.explain(flat_model, flat_image, method=method, label=1)
        assert found.settings["layer"] == "conv2"
        np.testing.assert_allclose(found.values, enlarged(map_), rtol=1e-4, atol=1e-6, err_msg=method)


def test_the_size_of_the_gradients_does_not_matter(by_hand):
    values, gradients = by_hand
    large, small = (grad_cam_plus_plus(np.abs(values) * 1e-6, gradients * scale) / scale for scale in (1, 1e-6))
    np.testing.assert_allclose(small, large, rtol=1e-3)


def test_gradients_are_those_of_differences_and_integrate_to_the_score(flat_model, flat_image):
    logits = keras.Model(flat_model.input, flat_model.get_layer("label").output)
    logits.layers[-1].activation = keras.activations.linear
    try:
        score = GradientFunction(logits, lambda outputs: outputs["label"][:, 1], by=["image"])
        plain = score({"image": flat_image[None]})
        ends = score({"image": np.stack([np.zeros_like(flat_image), flat_image])}).scores
    finally:
        logits.layers[-1].activation = keras.activations.softmax
    found = zoo.explain(flat_model, flat_image, method="saliency", label=1)
    np.testing.assert_allclose(found.values, np.abs(plain.gradients[0][0]).max(axis=-1), rtol=1e-4)
    found = zoo.explain(flat_model, flat_image, method="integrated-gradients", label=1, steps=512)
    assert found.values.sum() == pytest.approx(ends[1] - ends[0], rel=2e-3)
    assert found.faithfulness["completeness_gap"] < 2e-3


def test_occlusion_is_what_the_score_loses(flat_model, flat_image):
    found = zoo.explain(flat_model, flat_image, method="occlusion", label=2, window=4, stride=4, fill=0.5)
    expected = np.zeros((SIDE, SIDE))
    whole = keras.ops.convert_to_numpy(flat_model(flat_image[None]))[0, 2]
    for top in (0, 4):
        for left in (0, 4):
            hidden = flat_image.copy()
            hidden[top : top + 4, left : left + 4] = 0.5
            lost = whole - keras.ops.convert_to_numpy(flat_model(hidden[None]))[0, 2]
            expected[top : top + 4, left : left + 4] = lost
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
    assert found.score == pytest.approx(whole, abs=1e-6)


def test_gradients_of_a_logit_and_methods_without_gradients_are_named_alone(flat_model, flat_image):
    for method in ("saliency", "activation"):
        assert zoo.explain(flat_model, flat_image, method=method).summary.endswith(f"({method}).")


def test_guided_backpropagation_stops_what_is_below_zero_twice(flat_model, flat_image):
    """By hand at the last ReLU: the gradient that goes into conv2 is that of open units with a positive weight."""
    found = zoo.explain(flat_model, flat_image, method="guided-backpropagation", label=1)
    saliency = zoo.explain(flat_model, flat_image, method="saliency", label=1)
    assert np.abs(found.values - saliency.values).max() > 1e-3
    kernel, _ = flat_model.get_layer("label").get_weights()
    inner = flat_model.get_layer("conv1")
    first = keras.ops.convert_to_numpy(inner(flat_image[None]))
    conv2 = flat_model.get_layer("conv2")
    second = keras.ops.convert_to_numpy(conv2(first))
    back = np.maximum(np.broadcast_to(kernel[:, 1] / 16, second.shape), 0) * (second > 0)

    def pulled(layer, shape, gradient):  # back through a convolution without its activation
        x = keras.Input(shape)
        copy = keras.layers.Conv2D(layer.filters, 3, strides=layer.strides, padding="same")
        model = keras.Model(x, copy(x))
        copy.set_weights(layer.get_weights())
        function = GradientFunction(model, lambda out, g: keras.ops.sum(next(iter(out.values())) * g), by=[x.name])
        return function({x.name: np.zeros((1, *shape), "float32")}, gradient.astype("float32")).gradients[0]

    at_first = np.maximum(pulled(conv2, (SIDE, SIDE, 4), back), 0) * (first > 0)
    expected = np.abs(pulled(inner, (SIDE, SIDE, 3), at_first)[0]).max(axis=-1)
    np.testing.assert_allclose(found.values, expected, rtol=1e-3, atol=1e-6)
    for model in (STRUCTURES["sequence_output"](), with_attention()):
        with pytest.raises(ConfigError, match="Guided backpropagation is defined for ReLU networks alone"):
            zoo.explain(model, sample_of(model), method="guided-backpropagation")


def test_guided_backpropagation_asks_nothing_of_layers_beside_the_way(flat_model, flat_image):
    """Tanh of another input, and of another output, do not bear on what the picture says."""
    numbers = keras.Input((4,), name="numbers")
    pooled = flat_model.get_layer("conv2").output
    mixed = keras.layers.Concatenate()([keras.layers.Flatten()(pooled), keras.layers.Dense(3, "tanh")(numbers)])
    outputs = {"price": keras.layers.Dense(1, name="price")(mixed), "size": keras.layers.Dense(1, "tanh")(mixed)}
    model = keras.Model([flat_model.input, numbers], outputs, name="joined")
    sample = {"image": flat_image, "numbers": np.ones(4, "float32")}
    found = zoo.explain(model, sample, method="guided-backpropagation", output="price")
    kernel = model.get_layer("price").get_weights()[0]
    alone = keras.layers.Dense(1)
    same = keras.Model(flat_model.input, alone(keras.layers.Flatten()(pooled)))
    alone.set_weights([kernel[:-3], np.zeros(1)])
    expected = zoo.explain(same, flat_image, method="guided-backpropagation")
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4, atol=1e-6)
    with pytest.raises(ConfigError, match="Guided backpropagation is defined for ReLU networks alone"):
        zoo.explain(model, sample, method="guided-backpropagation", output="size", input="image")


def with_attention():
    """Curved, by a layer whose name begins as `Add`."""
    x = keras.Input((SIDE, SIDE, 3), name="image")
    flat = keras.layers.Reshape((16, 4))(keras.layers.Conv2D(4, 3, 2, padding="same", activation="relu")(x))
    mixed = keras.layers.AdditiveAttention()([flat, flat])
    return keras.Model(x, keras.layers.Dense(3, name="label")(keras.layers.Flatten()(mixed)))


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structure_is_explained(name):
    """Integrated gradients add up to the score's change only where every call on the way is followed."""
    model = with_weights(STRUCTURES[name]())
    sample = sample_of(model)
    for each in (each for each in model.inputs if len(each.shape) == 4):
        whole = zoo.explain(model, sample, input=each.name, method="integrated-gradients", steps=32)
        corners = name == "flat"  # its ReLUs; the others are smooth
        assert whole.faithfulness["completeness_gap"] < (0.01 if corners else 1e-3)
        assert np.abs(whole.values).max() > 0
        map_ = zoo.explain(model, sample, input=each.name, method="layer-cam")
        assert map_.values.shape == (SIDE, SIDE)
        assert (map_.values >= 0).all()


def test_calls_of_a_shared_encoder_are_apart():
    model = with_weights(STRUCTURES["siamese"]())
    sample = sample_of(model)
    maps = {}
    for side, call in (("left", 1), ("right", 2)):
        found = zoo.explain(model, sample, input=side, method="activation")
        assert found.settings["layer"] == ("encoder/conv2" if call == 1 else "encoder/conv2#2")
        front = model.get_layer("encoder").get_layer("conv2")
        inner = keras.Model(model.get_layer("encoder").input, front.output)
        expected = keras.ops.convert_to_numpy(inner(sample[side][None]))[0].mean(axis=-1)
        np.testing.assert_allclose(found.values, enlarged(expected), rtol=1e-4, atol=1e-6)
        named = zoo.explain(model, sample, input=side, method="activation", layer=f"conv2#{call}")
        np.testing.assert_allclose(named.values, found.values)
        maps[side] = found.values
    assert np.abs(maps["left"] - maps["right"]).max() > 1e-3


def test_shapley_values_are_the_mean_over_all_orders():
    from itertools import permutations

    model = with_weights(STRUCTURES["joint"]())
    sample = sample_of(model)
    found = zoo.explain(model, sample, input="numbers")

    def worth(columns):
        numbers = np.where(np.isin(np.arange(4), columns), sample["numbers"], 0).astype("float32")
        arrays = {name: values[None] for name, values in {**sample, "numbers": numbers}.items()}
        return float(keras.ops.convert_to_numpy(model(arrays)["price"])[0, 0])

    known = {mask: worth([c for c in range(4) if mask >> c & 1]) for mask in range(16)}
    expected = np.zeros(4)
    for order in permutations(range(4)):
        mask = 0
        for column in order:
            expected[column] += (known[mask | 1 << column] - known[mask]) / factorial(4)
            mask |= 1 << column
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    sampled = zoo.explain(model, sample, input="numbers", orders=8)
    assert sampled.values.sum() == pytest.approx(known[15] - known[0], abs=1e-5)  # whatever the orders
    senses = zoo.explain(model, sample, input="senses")
    assert list(senses.parts) == ["image", "numbers", "words"]


def test_words_are_left_out_and_embeddings_integrate():
    model = with_weights(STRUCTURES["joint"]())
    sample = sample_of(model)
    found = zoo.explain(model, sample, input="words", method="integrated-gradients", steps=16)
    assert found.settings["layers"] == ["embedding"]
    assert found.faithfulness["completeness_gap"] < 1e-3
    kernel = model.get_layer("price").get_weights()[0][-5:, 0]
    table = model.get_layer("embedding").get_weights()[0]
    np.testing.assert_allclose(found.values, table[sample["words"]] @ kernel / 6, rtol=1e-3, atol=1e-5)
    left_out = zoo.explain(model, sample, input="words", method="occlusion")
    assert len(left_out.values) == 6


def methods_of_the_flat_model():
    return [name for name, method in METHODS.items() if "picture" in method.runs]


def test_all_backends_give_what_is_kept(flat_model, flat_image):
    kept = json.loads(GOLDEN.read_text())
    assert kept.keys() == set(methods_of_the_flat_model())
    for method, values in kept.items():
        found = zoo.explain(flat_model, flat_image, method=method, label=1, **FEW.get(method, {}))
        scale = np.abs(values).max()
        np.testing.assert_allclose(found.values, values, atol=1e-4 * scale, err_msg=method)


def test_what_cannot_be_explained_is_told(flat_model, flat_image):
    with pytest.raises(UnknownNameError, match="Unknown method 'gradcam'; did you mean 'grad-cam'"):
        zoo.explain(flat_model, flat_image, method="gradcam")
    with pytest.raises(UnknownNameError, match="Unknown label of 'label' '7'"):
        zoo.explain(flat_model, flat_image, label=7)
    with pytest.raises(UnknownNameError, match="Unknown option of occlusion 'windw'; did you mean 'window'"):
        zoo.explain(flat_model, flat_image, method="occlusion", windw=3)
    with pytest.raises(ConfigError, match="'window' must be a number of pixels from 1 to 8; received 9"):
        zoo.explain(flat_model, flat_image, method="occlusion", window=9)
    with pytest.raises(ConfigError, match="'shapley' does not explain a picture; these do: activation, grad-cam"):
        zoo.explain(flat_model, flat_image, method="shapley")
    with pytest.raises(DataError, match=r"takes one sample of shape \(8, 8, 3\); received an array of shape \(8, 8\)"):
        zoo.explain(flat_model, flat_image[..., 0])
    with pytest.raises(ConfigError, match=r"'label' gives .* a heat map needs a layer of maps"):
        zoo.explain(flat_model, flat_image, layer="label")


if __name__ == "__main__":  # python -m tests.test_explain: what all backends must give from now on
    model = with_weights(STRUCTURES["flat"]())
    explained = {name: zoo.explain(model, sample_of(model)["image"], method=name, label=1, **FEW.get(name, {}))
                 for name in methods_of_the_flat_model()}  # fmt: skip
    GOLDEN.write_text(json.dumps({name: np.round(each.values, 7).tolist() for name, each in explained.items()}) + "\n")


def test_a_last_layer_that_is_called_before_keeps_its_softmax_there():
    x, head = keras.Input((4,), name="x"), keras.layers.Dense(4, activation="softmax", name="head")
    steps, lstm = keras.Input((5, 3), name="steps"), keras.layers.LSTM(1, activation="sigmoid", name="lstm")
    for inputs, end in ((x, head(head(x))), (steps, lstm(steps))):
        model = with_weights(keras.Model(inputs, end))
        sample = np.random.default_rng(2).normal(size=inputs.shape[1:]).astype("float32")
        found = zoo.explain(model, sample, method="integrated-gradients")
        said, without = model.predict(np.stack([sample, 0 * sample]), verbose=0)
        place = int(found.label or 0)
        assert found.settings.get("of") == ("probability" if found.label else None)
        assert ("(integrated-gradients of the probability, not its logit)." in found.summary) == bool(found.label)
        np.testing.assert_allclose(found.values.sum(), said[place] - without[place], rtol=1e-3, atol=1e-6)
