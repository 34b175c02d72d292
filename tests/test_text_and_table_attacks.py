"""Attacks on texts and counterfactuals of tables, on models whose decision is known beforehand."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.columns import Schema, TextColumn
from zoo.columns.outputs import OutputColumn
from zoo.costs import CostMatrix
from zoo.errors import ZooError
from zoo.pipeline import Pipeline
from zoo.robustness import counterfactual
from zoo.robustness.words import changed_words
from zoo.samples import Target

MOOD = Target("classification", ("bad", "good"))
WORDS = ("dress", "lovely", "pretty", "terrible", "horrible", "this")


@pytest.fixture(scope="module")
def mood():
    """Good where lovely or pretty words outweigh terrible ones; an unknown word says nothing."""
    ids = keras.Input((None,), dtype="int32", name="review")
    x = keras.layers.Embedding(8, 2, name="words")(ids)
    x = keras.layers.GlobalAveragePooling1D(name="mean")(x)
    model = keras.Model([ids], {"mood": keras.layers.Dense(2, activation="softmax", name="mood")(x)})
    table = np.zeros((8, 2), np.float32)
    table[2:] = [[0, 1], [1, 0.1], [0.9, 0.2], [-1, 0.1], [-0.9, 0.2], [0.05, 1]]
    model.get_layer("words").set_weights([table])
    model.get_layer("mood").set_weights([np.array([[-9, 9], [0, 0]], np.float32), np.array([0.01, 0], np.float32)])
    column = TextColumn(name="review", input="review", vocabulary=WORDS, words=10)
    schema = Schema((column,), (OutputColumn("mood", MOOD, "mood"),), None, 6)
    return Pipeline(schema, model)


def test_a_typo_in_the_word_that_decides_changes_the_prediction(mood):
    given = {"review": ["lovely dress", "terrible dress"]}
    found = zoo.attack(mood, given, ["good", "bad"], method="typos", strength=1)
    assert list(found.accuracy.values()) == [1, 0.5]
    (flip,) = found.flips
    assert (flip.row, flip.before[0], flip.after[0]) == (0, "good", "bad")
    word, rest = flip.changed.split()
    assert changed_words(flip.original, flip.changed) == f"lovely → {word}"
    assert (word[0], word[-1], rest) == ("l", "y", "dress")  # the first and the last letter stay


def test_more_words_are_changed_where_more_decide(mood):
    given = {"review": ["lovely pretty dress"]}
    found = zoo.attack(mood, given, ["good"], method="typos", strength=[1, 2])
    assert list(found.accuracy.values()) == [1, 1, 0]


def test_synonyms_are_the_near_words_of_the_embedding(mood):
    found = zoo.attack(mood, {"review": ["this lovely dress"]}, ["good"], method="synonyms", strength=3)
    assert found.accuracy[3.0] == 1  # "pretty" is the only near word, and as good
    assert "need not mean the same" in found.notes[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"strength": 1.5}, "a whole number of words"),
        ({"strength": 0}, "at least 1"),
        ({"labels": ["god"]}, "did you mean 'good'"),
        ({"column": "text"}, "Unknown text of 'column'"),
        ({"method": "pgd"}, "of texts 'typos' and 'synonyms' are"),
        ({"method": "counterfactual"}, "No column can be changed"),
    ],
)
def test_what_does_not_fit_a_text_is_told(mood, changes, told):
    given = {"samples": {"review": ["this lovely dress"]}, "labels": ["good"], "method": "typos", **changes}
    with pytest.raises(ZooError, match=told):
        zoo.attack(mood, **given)


@pytest.fixture(scope="module")
def credit():
    """Paid where income / 1000 + 20 (owns a house) is above 50; the age says nothing."""
    frame = pd.DataFrame(
        {
            "income": [10e3, 30e3, 50e3, 90e3] * 5,
            "home": ["own", "rent"] * 10,
            "age": [20.0, 40.0, 60.0, 80.0, 30.0] * 4,
            "paid": ["yes", "no"] * 10,
        }
    )
    schema = Schema.fit(frame, {"paid": "binary"}, scaling=None)
    numbers, ids = keras.Input((2,), name="numbers"), keras.Input((), dtype="int32", name="home")
    given = [numbers, ids]
    names = [column.name for column in schema.of("number")]
    weights = np.array([[0.001 if name == "income" else 0.0] for name in names], np.float32)
    house = keras.layers.Embedding(4, 1, name="homes")(ids)
    income = keras.layers.Dense(1, use_bias=False, name="income")(numbers)
    both = keras.layers.Concatenate(name="both")([income, house])
    model = keras.Model(given, {"paid": keras.layers.Dense(1, activation="sigmoid", name="paid")(both)})
    model.get_layer("income").set_weights([weights])
    model.get_layer("homes").set_weights([np.array([[0], [0], [20], [0]], np.float32)])
    model.get_layer("paid").set_weights([np.array([[1], [1]], np.float32), np.array([-50.0], np.float32)])
    return schema, model


def test_the_least_change_is_found(credit):
    pipeline = made(credit)
    row = {"income": [40e3], "home": ["rent"], "age": [30.0]}
    found = counterfactual(pipeline, row)
    assert set(found.changes) == {"income"}
    assert found.changes["income"][1] == pytest.approx(50e3, rel=0.02)
    assert found.cost == pytest.approx(10e3 / pipeline.schema.column("income").deviation, rel=0.1)
    assert (found.before[0], found.after[0]) == ("no", "yes")
    assert set(counterfactual(pipeline, row, allowed=["home", "age"]).changes) == {"home"}
    assert counterfactual(pipeline, row, allowed=["age"]) is None


def test_an_attack_on_rows_counts_changed_columns(credit):
    rows = {"income": [40e3, 10e3], "home": ["rent", "rent"], "age": [30.0, 30.0]}
    found = zoo.attack(made(credit), rows, ["no", "no"], method="counterfactual", allowed=["home"], strength=1)
    assert list(found.accuracy.values()) == [1, 0.5]
    assert found.flips[0].changed == {"home": "own"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"allowed": ["incom"]}, "did you mean 'income'"),
        ({"allowed": []}, "none is allowed"),
        ({"target": "no"}, "predicted to be 'no' already"),
        ({"target": "maybe"}, "Unknown class of 'target'"),
    ],
)
def test_what_does_not_fit_a_row_is_told(credit, changes, told):
    with pytest.raises(ZooError, match=told):
        counterfactual(made(credit), {"income": [40e3], "home": ["rent"], "age": [30.0]}, **changes)


def made(credit):
    return Pipeline(*credit)


def test_a_prediction_changes_where_the_decision_does(credit, mood):
    """At a threshold of .99999 or by costs a prediction is another than the likeliest label."""
    row = {"income": [40e3], "home": ["own"], "age": [30.0]}  # one half at an income of 30,000
    strict = replace(made(credit), thresholds={"paid": 0.99999})
    found = counterfactual(strict, row, allowed=["income"])
    assert (found.before[0], found.after[0]) == ("no", "yes")
    assert found.changes["income"][1] == pytest.approx(30e3 + 1e3 * np.log(0.99999 / 1e-5), rel=0.02)
    attacked = zoo.attack(strict, row, ["no"], method="counterfactual", allowed=["income"], strength=1)
    assert list(attacked.accuracy.values()) == [1, 0]
    table = CostMatrix({"bad": {"bad": 0, "good": 1e12}, "good": {"bad": 1, "good": 0}})
    dear = replace(mood, costs={"mood": table})  # nothing is called good
    texts = {"review": ["lovely dress"]}
    assert zoo.attack(dear, texts, ["bad"], method="typos", strength=1).accuracy == {0.0: 1, 1.0: 1}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"steps": 3}, "Unknown option of 'typos' 'steps'"),
        ({"strength": []}, "needs at least one strength"),
        ({"method": "counterfactual", "column": "review"}, "Unknown option of 'counterfactual' 'column'"),
    ],
)
def test_options_of_other_attacks_are_refused(mood, changes, told):
    with pytest.raises(ZooError, match=told):
        zoo.attack(mood, {"review": ["lovely dress"]}, ["good"], **{"method": "typos", **changes})


def test_the_class_to_reach_is_one(credit):
    with pytest.raises(ZooError, match="by number below 2; received -1"):
        counterfactual(made(credit), {"income": [40e3], "home": ["rent"], "age": [30.0]}, target=-1)


def test_every_category_is_tried_and_whole_columns_stay_whole():
    """Only the last of forty towns, or a yes, changes the prediction."""
    frame = pd.DataFrame({"town": [f"t{number:02}" for number in range(40)] * 2, "flag": [0.0, 1.0] * 40})
    schema = Schema.fit(frame.assign(paid=["yes", "no"] * 40), {"paid": "binary"}, scaling=None,
                        types={"flag": "number"}, max_cardinality=100)  # fmt: skip
    numbers, ids = keras.Input((1,), name="numbers"), keras.Input((), dtype="int32", name="town")
    towns = keras.layers.Embedding(len(schema.column("town").vocabulary) + 2, 1, name="towns")(ids)
    both = keras.layers.Concatenate()([numbers, towns])
    model = keras.Model([numbers, ids], {"paid": keras.layers.Dense(1, activation="sigmoid", name="paid")(both)})
    table = np.zeros_like(model.get_layer("towns").get_weights()[0])
    table[int(schema.encode({"town": ["t39"], "flag": [0.0]}, targets=False).inputs["town"][0])] = 9
    model.get_layer("towns").set_weights([table])
    model.get_layer("paid").set_weights([np.array([[9.0], [1.0]], np.float32), np.array([-0.3], np.float32)])
    row = {"town": ["t00"], "flag": [0.0]}
    assert counterfactual(Pipeline(schema, model), row, allowed=["town"]).changes == {"town": ("t00", "t39")}
    assert counterfactual(Pipeline(schema, model), row, allowed=["flag"]).changes == {"flag": (0.0, 1.0)}


def test_labels_that_stand_in_a_file_are_read(credit, tmp_path):
    rows = pd.DataFrame({"income": [40e3, 10e3], "home": ["rent", "rent"], "age": [30.0, 30.0]})
    options = {"method": "counterfactual", "allowed": ["home"], "strength": 1}
    for told, accuracy in (({}, 1), ({"paid": ["no", "yes"]}, 0.5)):
        rows.assign(**told).to_csv(tmp_path / "rows.csv", index=False)
        found = zoo.attack(made(credit), str(tmp_path / "rows.csv"), **options)
        assert found.accuracy[0.0] == accuracy
        assert bool(found.notes) == (not told)
