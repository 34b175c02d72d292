"""Rare labels and costs of mistakes as arguments of a training: per output, from Python and from the command line."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from tests.pipelines import tiny_profile
from zoo.cli.main import main
from zoo.costs import CostMatrix
from zoo.errors import ConfigError, DataError, UnknownNameError, ZooError
from zoo.pipeline.description import description
from zoo.pipeline.thresholds import with_threshold
from zoo.samples import Target
from zoo.tasks import load_pipeline, read_costs, read_plans, train
from zoo.tasks.imbalance_and_costs import apply_imbalance_and_costs
from zoo.tasks.verbs import heads_of
from zoo.training import Head, Imbalance, Recipe

COSTS = {"costs": {"paid": {"paid": 0, "late": 1}, "late": {"paid": 30, "late": 0}}, "unit": "EUR"}
MATRIX = CostMatrix(COSTS["costs"], "EUR")


@pytest.fixture
def debtors(tmp_path):
    """600 debtors, of whom one in ten is late; the number says something about it."""
    random = np.random.default_rng(0)
    late = random.random(600) < 0.1
    frame = pd.DataFrame({"x": random.normal(size=600) + 1.5 * late, "state": np.where(late, "late", "paid")})
    frame.to_csv(tmp_path / "debtors.csv", index=False)
    return tmp_path / "debtors.csv"


def labels(frame):
    return frame[["x"]].assign(state=["paid", "late"] * (len(frame) // 2))


def test_a_command_meets_rare_labels_and_decides_by_costs(debtors, tmp_path, capsys):
    (tmp_path / "costs.json").write_text(json.dumps(COSTS))
    common = ["train", "mlp_tiny", "--data", str(debtors), "--target", "state", "--epochs", "2", "--out"]
    told = ["--imbalance", "class_weights", "--costs", str(tmp_path / "costs.json")]
    assert main([*common, str(tmp_path / "run"), *told]) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    head = config["recipe"]["heads"]["state"]
    assert head["imbalance"]["method"] == "class_weights"
    assert head["costs"]["costs"] == COSTS["costs"]
    costs = json.loads((tmp_path / "run" / "costs.json").read_text())
    assert costs["unit"] == "EUR"
    assert {row["who"] for row in costs["decisions"]} == {"nobody's", "model", "linear", "trees"}
    shown = capsys.readouterr().out
    assert "The model decides by the cheapest expected label" in shown
    assert "0.968" in shown, "the threshold of 'paid', 30/31"
    assert "all 'paid'" in shown
    assert (tmp_path / "run" / "costs.png").stat().st_size > 10_000
    trained = load_pipeline(tmp_path / "run")
    assert trained.costs["state"] == MATRIX
    answers = trained.predict(pd.read_csv(debtors))
    assert ((answers["state=late"] > 1 / 31) == (answers["state"] == "late")).all()
    assert abs(answers["state=late"].mean() - 0.1) < 0.05  # calibrated: the weights alone would say a half


def test_a_wrong_field_is_told_before_the_data_is_looked_for(tmp_path):
    for changes, words in (
        ({"on_nonfinite": "skipp"}, "did you mean 'skip'"),
        ({"balance": "statc"}, "did you mean 'static'"),
        ({"epochs": 0}, "'epochs' must be a whole number"),
        ({"epoch": 1}, "did you mean 'epochs'"),
    ):
        with pytest.raises(ZooError, match=words):
            train("mlp_tiny", "nowhere.csv", folder=tmp_path / "run", data_options={"targets": "y"}, **changes)


RECIPE = Recipe(
    {
        "state": Head(Target("binary", ("paid", "late"))),
        "kind": Head(Target("classification", tuple("abc"))),
        "sum": Head(Target("regression")),
    }
)
WRONG = {
    "which output": ({"imbalance": "smote"}, ConfigError, "those of the recipe are state, kind: name one"),
    "another output": ({"imbalance": {"stat": "smote"}}, UnknownNameError, "did you mean 'state'"),
    "a number": ({"imbalance": {"sum": "smote"}}, ConfigError, "no classes; 'imbalance' is for classes"),
    "another method": ({"imbalance": {"state": "smot"}}, UnknownNameError, "did you mean 'smote'"),
    "other labels": ({"costs": {"kind": MATRIX}}, UnknownNameError, "label of the cost matrix 'paid'"),
}


@pytest.mark.parametrize(("given", "error", "words"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_the_outputs_is_told(given, error, words):
    with pytest.raises(error, match=words):
        apply_imbalance_and_costs(RECIPE, **given)


def test_each_output_has_its_own():
    heads = apply_imbalance_and_costs(
        RECIPE, {"state": "focal", "kind": Imbalance(ignore="c")}, {"state": MATRIX}
    ).heads
    assert heads["state"].plan.method == "focal"
    assert heads["state"].costs == MATRIX
    assert heads["kind"].plan.ignore == ("c",)
    assert heads["sum"] == RECIPE.heads["sum"]


def test_costs_are_read_for_one_output_or_for_several(tmp_path):
    file = tmp_path / "costs.json"
    file.write_text(json.dumps(COSTS))
    assert read_costs(file) == MATRIX
    file.write_text(json.dumps({"state": COSTS}))
    assert read_costs(file) == {"state": MATRIX}


PLAIN = {"paid": {"late": 1}, "late": {"paid": 30}}
SQUARE = {"labels": ["paid", "late"], "costs": [[0, 1], [30, 0]]}


@pytest.mark.parametrize(("given", "unit"), [(PLAIN, ""), (SQUARE, ""), ({"costs": PLAIN, "unit": "EUR"}, "EUR"),
                                             ({**SQUARE, "unit": "EUR"}, "EUR")])  # fmt: skip
def test_costs_are_plain_maps_or_square_lists_in_python_and_in_a_file(tmp_path, given, unit):
    expected = CostMatrix(COSTS["costs"], unit)
    (tmp_path / "costs.json").write_text(json.dumps(given))
    assert read_costs(tmp_path / "costs.json") == expected
    for costs in ({"state": given}, {"state": expected}):
        assert apply_imbalance_and_costs(RECIPE, costs=costs).heads["state"].costs == expected
    alone = Recipe({"state": RECIPE.heads["state"]})
    assert apply_imbalance_and_costs(alone, costs=given).heads["state"].costs == expected


def test_a_pipe_is_no_file_of_costs(tmp_path):
    os.mkfifo(tmp_path / "costs.json")
    with pytest.raises(DataError, match="is no JSON file of costs: it is no plain file"):
        read_costs(tmp_path / "costs.json")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (None, DataError, "is no JSON file of costs"),
        ("{", DataError, "is no JSON file of costs"),
        ("[1]", DataError, "is no JSON object of costs"),
        ('{"state": 3}', ConfigError, "A cost matrix is"),
        ('{"costs": {}, "units": "EUR"}', UnknownNameError, "did you mean 'unit'"),
        ('{"costs": {"a": 1, "b": 2}}', ConfigError, "Row 'a' of a cost matrix"),
        ('{"costs": [[0, 1], [1, 0]]}', ConfigError, "a list needs its labels"),
        ('{"labels": ["a", "b"], "costs": [[0, 1]]}', ConfigError, "2 rows of as many"),
        ('{"a": {"b": 1}}', ConfigError, "a row for each of two labels or more"),
        ('{"a": {"b": 1}, "b": {"c": 1}}', UnknownNameError, "decision in row 'b'"),
        ('{"costs": []}', ConfigError, "a list needs its labels"),
    ],
)
def test_a_file_that_holds_no_costs_is_told(tmp_path, text, error, words):
    if text is not None:
        (tmp_path / "costs.json").write_text(text)
    with pytest.raises(error, match=words):
        read_costs(tmp_path / "costs.json")


@pytest.mark.parametrize("given", [["smote", "focal"], ["state=smote", "state=focal"], ["state=smote", "focal"]])
def test_methods_for_several_outputs_are_named(given):
    with pytest.raises(ConfigError, match="each is OUTPUT=METHOD, once"):
        read_plans(given)


def test_costs_and_metrics_of_a_model_of_texts_are_in_its_file(tmp_path):
    costs = CostMatrix.of_mistakes(("woman", "man"), false_positive=1, false_negative=2, unit="EUR")
    targets = {"age": Target("regression", unit="years"), "gender": Target("binary", ("woman", "man"))}
    trained, heads = tiny_profile(targets, metrics={"age": ("rmse",)}, costs={"gender": costs})
    for name in ("model.h5", "model.keras"):
        trained.save(tmp_path / name)
        assert heads_of(load_pipeline(tmp_path / name)) == heads
    other = with_threshold(trained, 0.9)
    assert (other.thresholds, other.costs) == ({"gender": 0.9}, {})
    assert "gender (binary), decided by costs, threshold 0.3333" in description(trained)
    assert "gender (binary), decided by threshold 0.9" in description(other)
    other.save(tmp_path / "other.keras")
    assert load_pipeline(tmp_path / "other.keras").thresholds == {"gender": 0.9}
    with pytest.raises(ConfigError, match=r"A threshold decides two labels.*predicts age \(regression\)"):
        with_threshold(tiny_profile({"age": Target("regression")})[0], 0.5)
