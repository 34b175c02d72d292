"""What measures explanations, on models whose truth is known; explanations of rows and texts; the command."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from tests.explain_models import STRUCTURES, sample_of, with_weights
from zoo.cli.main import main
from zoo.columns import Schema
from zoo.errors import ConfigError
from zoo.explain import methods
from zoo.explain.checks import (
    imputed,
    infidelity,
    order_of,
    points_at,
    rank_correlation,
    removal_values,
    road,
    shuffle_weights,
)
from zoo.explain.compare import compare
from zoo.explain.explain import find_subject
from zoo.explain.methods import Found, Method
from zoo.explain.planted import PATTERNS, planted
from zoo.pipeline import Pipeline

TEXT = "I love my husband and our kids. The stock market was awful!"


@pytest.fixture(scope="module")
def linear():
    """price = 2 * a - 3 * b + c."""
    x = keras.Input((3,), name="numbers")
    dense = keras.layers.Dense(1, name="price")
    model = keras.Model(x, dense(x), name="linear")
    dense.set_weights([np.array([[2.0], [-3.0], [1.0]]), np.zeros(1)])
    return model


def test_the_values_of_a_linear_model_are_known_and_faithful(linear):
    row = np.array([1.0, 2.0, -1.0])
    for method in ("shapley", "integrated-gradients"):
        found = zoo.explain(linear, row, method=method, check=True)
        np.testing.assert_allclose(found.values, [2, -6, -1], atol=1e-5)
        assert found.faithfulness["infidelity"] < 1e-6
        assert found.summary.startswith("linear gives 'price' = -5; raised by 'numbers[0] = 1'; lowered by 'numbers[1]")
    subject = find_subject(linear, row)
    true, wrong = Found(np.array([2.0, -6, -1])), Found(np.array([-2.0, 6, 1]))
    assert infidelity(subject, wrong)["infidelity"] == pytest.approx(1)
    right, reverse = removal_values(subject, true), removal_values(subject, wrong)
    assert right["deletion"] == pytest.approx((-5 - 7 - 6 + 0) / 4)  # a, then c, then b are taken away
    assert right["insertion"] == pytest.approx((0 + 2 + 1 - 5) / 4)
    assert reverse["deletion"] > right["deletion"]


@pytest.fixture(scope="module")
def reader():
    """A network whose score is the brightness of the upper left quarter."""
    x = keras.Input((16, 16, 1), name="image")
    dense = keras.layers.Dense(1, use_bias=False, name="bright")
    model = keras.Model(x, dense(keras.layers.Flatten()(x)), name="reader")
    kernel = np.zeros((16, 16))
    kernel[:8, :8] = 1 / 64
    dense.set_weights([kernel.reshape(-1, 1)])
    return model


def test_removal_and_road_tell_the_right_map_from_others(reader):
    image = np.random.default_rng(0).random((16, 16, 1)).astype("float32")
    image[:8, :8] += 1
    subject = find_subject(reader, image)
    right = zoo.explain(reader, image, method="integrated-gradients").values
    assert points_at(right, (0, 0, 8, 8))
    for wrong in (right[::-1], right[:, ::-1], np.random.default_rng(1).random((16, 16))):
        assert removal_values(subject, Found(right))["deletion"] < removal_values(subject, Found(wrong))["deletion"]
        assert removal_values(subject, Found(right))["insertion"] > removal_values(subject, Found(wrong))["insertion"]
        assert road(subject, right) > road(subject, wrong)


def test_hidden_pixels_are_made_of_their_neighbours():
    slope = np.tile(np.linspace(0, 1, 9)[None, :, None], (9, 1, 1)).astype("float32")
    hidden = np.zeros((9, 9), bool)
    hidden[3:6, 3:6] = True
    np.testing.assert_allclose(imputed(slope, hidden, noise=0), slope, atol=1e-3)


def test_a_large_hole_is_filled_as_well():
    slope = np.tile(np.linspace(0, 1, 150)[None, :, None], (131, 1, 2)).astype("float32")
    hidden = np.zeros((131, 150), bool)
    hidden[25:105, 30:115] = True
    found = imputed(slope, hidden, noise=0)
    assert np.abs(found - slope)[hidden].mean() < 0.005
    np.testing.assert_array_equal(found[~hidden], slope[~hidden])


def test_equal_values_go_in_a_random_order_that_is_always_the_same():
    groups = order_of(np.zeros((40, 40)))
    assert abs(groups[0].mean() - 800) < 150
    np.testing.assert_array_equal(groups[0], order_of(np.zeros((40, 40)))[0])
    assert order_of(np.array([0.0, 3, 0, 2]), 4)[:2] == [1, 3]


def test_frozen_weights_and_statistics_are_shuffled_too():
    model = with_weights(STRUCTURES["flat"]())
    x = keras.layers.BatchNormalization(name="norm")(model.output)
    model = keras.Model(model.input, x)
    norm = model.get_layer("norm")
    norm.moving_variance.assign(np.array([1.0, 2, 3]))
    model.trainable = False
    before = {each.path: np.array(each) for each in model.weights}
    shuffle_weights(model, 1)
    for each in model.weights:
        np.testing.assert_array_equal(np.sort(np.ravel(each)), np.sort(np.ravel(before[each.path])))
        assert len(each.shape) == 1 or not np.array_equal(np.array(each), before[each.path])
    assert not np.array_equal(np.array(norm.moving_variance), [1, 2, 3])


def test_a_map_that_survives_random_weights_is_refused(monkeypatch):
    model = with_weights(STRUCTURES["flat"]())
    image = sample_of(model)["image"]
    edges = Method({"picture": lambda subject: Found(np.abs(np.gradient(subject.value[0].mean(axis=-1))[0]))})
    monkeypatch.setitem(methods.METHODS, "edges", edges)
    with pytest.raises(ConfigError, match=r"'edges' is nearly the same \(rank correlation 1.00\) where the weights of"):
        zoo.explain(model, image, method="edges", check=True)
    before = model.get_weights()
    rows = compare(find_subject(model, image), masks=16, cells=3, samples=2, steps=8, window=4)
    assert rows[-1].refused
    assert "edges" in [row.method for row in rows if row.refused]
    ranks = [row.rank for row in rows if not row.refused]
    assert "occlusion" in [row.method for row in rows if not row.refused]
    assert ranks == sorted(ranks)
    assert all(row.rank is None for row in rows if row.refused)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_ranks_share_ties():
    assert rank_correlation(np.array([1.0, 1, 2]), np.array([5.0, 5, 9])) == pytest.approx(1)
    assert rank_correlation(np.ones(3), np.arange(3.0)) == 0


def test_planted_patterns_lie_in_their_boxes_and_decide():
    found = planted(40, seed=0)
    assert set(found.labels) == set(range(len(PATTERNS)))
    for picture, (top, left, bottom, right) in zip(found.pictures, found.boxes, strict=True):
        inside = picture[top:bottom, left:right].mean(axis=-1)
        assert np.abs(np.diff(inside, axis=0)).mean() + np.abs(np.diff(inside, axis=1)).mean() > 0.2


@pytest.fixture(scope="module")
def pipeline():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"age": random.integers(18, 80, 60), "job": random.choice(["clerk", "nurse"], 60)})
    frame["since"] = pd.date_range("2020-01-01", periods=60).astype(str)
    frame["note"] = random.choice(["good day", "bad night"], 60)
    frame["member"] = random.choice(["no", "yes"], 60)
    told = {"types": {"note": "text", "since": "date"}, "options": {"note": {"optional": True}}}
    schema = Schema.fit(frame, {"member": "binary"}, **told)
    model = zoo.create_model("joint", **{"pictures": {}, **schema.model_config()})
    return Pipeline(schema, with_weights(model)), frame


def test_a_row_is_explained_by_columns_by_words_and_by_senses(pipeline):
    trained, frame = pipeline
    row = frame.drop(columns="member").iloc[[3]]
    said = trained.predict(row)
    whole = zoo.explain(trained, row)
    assert set(whole.parts) == {"table", "note"}
    assert whole.label == said["member"].iloc[0]
    assert whole.score == pytest.approx(said[f"member={whole.label}"].iloc[0], abs=1e-6)
    table = zoo.explain(trained, row, input="table", background=frame.iloc[:5])
    assert set(table.parts) == {"age", "job", "since"}
    label = "yes" if whole.label == "no" else "no"
    against = zoo.explain(trained, row, input="table", background=frame.iloc[:5], label=label)
    np.testing.assert_allclose(against.values, -table.values, atol=1e-6)
    words = zoo.explain(trained, row, input="note")
    without = row.assign(note=row["note"].str.replace(words.parts[0], "", n=1))
    lost = whole.score - trained.predict(without)[f"member={whole.label}"].iloc[0]
    assert words.values[0] == pytest.approx(lost, abs=1e-6)


def test_the_command_explains_a_text_and_writes_what_it_found(tmp_path, capsys):
    out = tmp_path / "why.json"
    assert main(["explain", "author_profile_small.posts", TEXT, "--output", "gender", "--out", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("author_profile_small gives 'gender' = 'woman' with 9")
    found = json.loads(out.read_text())
    assert found["parts"][found["values"].index(max(found["values"]))] == "husband"
    for name in ("why.png", "why.svg"):
        assert main(["explain", "author_profile_small.posts", TEXT, "--method", "sentence-occlusion", "--out",
                     str(tmp_path / name)]) == 0  # fmt: skip
        assert (tmp_path / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--out", "why.gif"], "Unknown ending of --out '.gif'"),
        (["--method", "oclusion"], "Unknown method 'oclusion'; did you mean 'occlusion'"),
        (["--output", "gendr"], "Unknown output 'gendr'; did you mean 'gender'"),
        (["--output", "gender", "--label", "womn"], "Unknown label of 'gender' 'womn'; did you mean 'woman'"),
        (["--method", "grad-cam"], "'grad-cam' does not explain a text; these do:"),
        (["--compare", "--method", "occlusion"], "--compare tries every method that suits"),
    ],
)
def test_a_mistake_is_one_sentence(options, sentence, capsys):
    assert main(["explain", "author_profile_small.posts", TEXT, *options]) == 2
    assert sentence in capsys.readouterr().err
