"""Tables through the verbs: train, evaluate and predict, as functions, commands and examples; and every wrong way."""

import importlib
import io
import json

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.cli.main import main
from zoo.errors import ConfigError
from zoo.pipeline import Pipeline
from zoo.samples import Samples
from zoo.tasks import evaluate, load_pipeline, load_table, recipe_for, tables, train
from zoo.training import Optimiser, Recipe, fit, heads_for

EXAMPLES = ("plane_fit", "older_than_five", "membership", "house_price", "credit_scoring", "income", "store_sales")


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """200 houses whose price follows from their size and place; some sizes are missing."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"size": random.uniform(50, 200, 200), "place": random.choice(["north", "south"], 200)})
    frame["price"] = 2.0 * frame["size"] + 100.0 * (frame["place"] == "south")
    frame.loc[::20, "size"] = np.nan
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run_folder(houses, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "houses"
    command = ["train", "mlp_tiny", "--data", str(houses), "--target", "price", "--epochs", "2", "--out", str(folder)]
    assert main(command) == 0
    return folder


def test_a_run_folder_of_a_table_holds_a_pipeline(run_folder):
    assert {"config.json", "model.keras", "report.png", "scores.json"} <= {file.name for file in run_folder.iterdir()}
    rows = pd.DataFrame({"place": ["south", "nowhere"], "size": [np.nan, 100.0]})
    ours = load_pipeline(run_folder).predict(rows)
    assert isinstance(load_pipeline(run_folder), Pipeline)
    pd.testing.assert_frame_equal(zoo.load_pipeline(run_folder / "model.keras").predict(rows), ours)
    assert np.isfinite(ours["price"]).all()


def test_evaluating_gives_the_scores_of_the_training(run_folder):
    before = json.loads((run_folder / "scores.json").read_text())["scores"]
    after = evaluate(run_folder).scores
    assert [row["model"] for row in after] == pytest.approx([row["model"] for row in before], rel=1e-5)
    assert {row["metric"] for row in before} == {"mae", "rmse", "r2"}
    assert all(row["majority"] is not None and row["trees"] is not None for row in before)


def test_the_command_answers_for_a_file_of_rows_as_csv(run_folder, houses, capsys):
    capsys.readouterr()
    assert main(["predict", "mlp_tiny", "--weights", str(run_folder), str(houses)]) == 0
    answers = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(answers.columns[-5:]) == ["price", "price_predicted", "price_low", "price_high", "error"]
    assert len(answers) == 200


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    """A file of postcodes that look like numbers, and a model that was trained on them as a category."""
    folder = tmp_path_factory.mktemp("codes")
    random = np.random.default_rng(0)
    codes = random.choice(["007", "012"], 200)
    frame = pd.DataFrame({"code": codes, "size": random.random(200)})
    frame["price"] = 100.0 * (codes == "007") + frame["size"]
    frame.to_csv(folder / "codes.csv", index=False)
    options = {"targets": ["price"], "types": {"code": "category"}}
    train("mlp_tiny", str(folder / "codes.csv"), folder=folder / "run", data_options=options, epochs=20)
    frame.to_csv(folder / "later.csv", index=False)
    return folder


def test_a_file_is_read_with_the_kinds_that_the_model_learnt(codes, capsys):
    capsys.readouterr()
    assert main(["predict", "mlp_tiny", "--weights", str(codes / "run"), str(codes / "later.csv")]) == 0
    answers = pd.read_csv(io.StringIO(capsys.readouterr().out))["price_predicted"]
    rows = pd.read_csv(codes / "later.csv", dtype={"code": str})
    expected, of_unseen = (
        load_pipeline(codes / "run").predict(each, allow_unseen=True)["price"] for each in (rows, rows.assign(code="7"))
    )
    np.testing.assert_allclose(answers, expected, rtol=1e-5)
    assert not np.allclose(answers, of_unseen, rtol=1e-3)


def later(codes, rows=6):
    """So few rows that they could not be split."""
    frame = pd.read_csv(codes / "later.csv", dtype={"code": str}).tail(rows).assign(size=np.linspace(0.01, 0.99, rows))
    frame.to_csv(codes / "few.csv", index=False)
    return frame


def test_a_model_is_judged_on_all_rows_of_another_file_beside_models_of_its_own_training_rows(codes):
    rows = later(codes)
    here, there = (evaluate(codes / "run", data=data) for data in (None, str(codes / "few.csv")))
    assert (here.sizes["test"], there.sizes["test"]) == (40, 6)
    errors = np.abs(load_pipeline(codes / "run").predict(rows)["price"] - rows["price"])
    assert there.scores[0]["model"] == pytest.approx(errors.mean(), rel=1e-4)
    assert there.sizes["train"] == here.sizes["train"] == 140
    assert there.baselines["price"]["trees"] == here.baselines["price"]["trees"]
    assert all(there.scores[0][kind] is not None for kind in ("majority", "linear", "trees"))


def test_without_the_training_rows_the_simple_models_are_left_out_and_that_is_said(codes, tmp_path):
    later(codes)
    moved = load_pipeline(codes / "run")
    alone = Pipeline(moved.schema, moved.model, origin={**moved.origin, "data": str(tmp_path / "gone.csv")})
    alone.save(tmp_path / "alone.keras")
    report = evaluate(tmp_path / "alone.keras", data=str(codes / "few.csv"))
    assert report.sizes == {"train": 0, "validation": 0, "test": 6}
    assert report.scores[0]["model"] is not None
    assert report.scores[0]["majority"] is None
    assert "left out: the rows that the model was trained on cannot be loaded" in report.baselines["price"]["linear"]


def test_training_starts_from_a_model_of_the_same_targets_alone(codes, tmp_path):
    options = {"targets": ["size"], "types": {"code": "category"}}
    with pytest.raises(ConfigError, match=r"The model predicts price; 'codes\.csv' has the targets size"):
        train("mlp_tiny", str(codes / "codes.csv"), folder=tmp_path, data_options=options, weights=codes / "run")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["train", "mlp_tiny", "--data", "adlt"], "did you mean 'adult'"),
        (["train", "mlp_tiny", "--data", "HOUSES"], "to be predicted"),
        (["train", "mlp_tiny", "--data", "HOUSES", "--target", "prise"], "did you mean 'price'"),
        (["train", "author_profile_tiny", "--data", "adult"], "Unknown data set of posts 'adult'"),
        (["predict", "mlp_tiny", "--weights", "RUN", "HOUSES", "HOUSES"], "one CSV, JSONL or Parquet file"),
        (["predict", "mlp", "--weights", "RUN", "HOUSES"], "holds weights of mlp_tiny"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(command, words, houses, run_folder, capsys):
    places = {"HOUSES": str(houses), "RUN": str(run_folder)}
    assert main([places.get(word, word) for word in command]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_has_help_and_refuses_options_it_does_not_know(name, capsys):
    example = importlib.import_module(f"examples.{name}")
    with pytest.raises(SystemExit) as done:
        example.main(["--help"])
    assert done.value.code == 0
    assert "--seed" in capsys.readouterr().out
    assert example.main(["--sed", "1"]) == 2
    assert "did you mean '--seed'" in capsys.readouterr().err


def test_gradient_descent_finds_the_plane_in_200_steps(tmp_path):
    trained, _ = train("linear_regression", "plane", folder=tmp_path / "run")
    slopes, height = trained.model.get_layer("y").get_weights()
    np.testing.assert_allclose(slopes[:, 0], [0.1, 0.2], atol=1e-3)
    np.testing.assert_allclose(height, [0.3], atol=1e-3)


def test_the_softmax_tells_every_year_apart(tmp_path):
    trained, report = train("softmax_regression", "older_than_five", folder=tmp_path / "run")
    assert report.scores[0]["metric"] == "accuracy"
    assert report.scores[0]["model"] == 1.0
    assert (
        trained.predict({"year": range(11), "one": 1.0})["age"].tolist() == ["younger"] * 5 + ["five"] + ["older"] * 5
    )


def test_every_setting_fits_its_table_and_makes_its_model():
    """All but the real tables, whose files may be elsewhere."""
    for entry, data in tables.SETTINGS:
        if data not in ("plane", "older_than_five", "membership"):
            continue
        table = load_table(data).dataset()
        recipe = recipe_for(table, entry, data=data, options={})
        model = zoo.create_model(entry, **recipe.config)
        assert set(model.output) == set(table.targets)
        assert recipe.refit == (data == "membership")


def test_a_logarithm_in_a_range_starts_at_the_prior_and_is_judged_as_a_percentage():
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"x": random.random(100), "sales": np.exp(random.normal(8.0, 0.5, 100))})
    schema = zoo.columns.Schema.fit(rows, {"sales": "regression"}, log=("sales",), ranges={"sales": (1.0, 1e5)})
    samples = schema.encode(rows)
    heads = heads_for(schema.targets, metrics={"sales": ("exp_rmspe",)})
    model = zoo.create_model("mlp_tiny", **schema.model_config())
    model.get_layer("sales_scores").kernel.assign(keras.ops.zeros((4, 1)))
    still = Recipe(heads, epochs=1, optimiser=Optimiser("sgd", learning_rate=0.0, schedule="constant"))
    run = fit(model, samples, samples, still)
    inputs = {name: values[:3] for name, values in samples.inputs.items()}
    np.testing.assert_allclose(
        model.predict_on_batch(inputs)["sales"][:, 0], samples.targets["sales"].mean(), rtol=1e-4
    )
    assert 0.3 < run.history[0]["val_sales_exp_rmspe"] < 1.5


def test_joined_samples_are_those_of_both_and_of_the_same_columns():
    one = Samples({"x": np.zeros((2, 1))}, {"y": np.array([1, 2])}, {"g": np.array(["a", "b"])}, {"x": ("t", "u")})
    both = one.joined(one)
    assert len(both) == 4
    assert both.targets["y"].tolist() == [1, 2, 1, 2]
    assert both.raw == {"x": ["t", "u", "t", "u"]}
    with pytest.raises(zoo.errors.DataError, match="cannot be joined"):
        one.joined(Samples({"x": np.zeros((2, 1))}))


def test_a_tiny_member_is_trained_as_its_family_at_its_own_size():
    whole, tiny = (tables.settings_of(name, "membership") for name in ("mlp", "mlp_tiny"))
    assert tiny.training == whole.training
    assert (whole.pieces, tiny.pieces) == (16, 0)
    assert "units" in whole.config
    assert "units" not in tiny.config
