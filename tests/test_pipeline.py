"""A schema and a model together: rows in, answers in their own units out."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from tests.flat_fixtures import ROWS, SCHEMA, flats, hard_rows, pipeline_of
from zoo.columns import Schema
from zoo.costs import CostMatrix
from zoo.errors import ConfigError, DataError, DataWarning, ZooError
from zoo.pipeline import Pipeline
from zoo.training import Optimiser, Recipe, fit, heads_for

NO_DROPOUT = {"entity_embedding_tiny": {"dropout": 0.0, "embedding_dropout": 0.0}}


@pytest.fixture(scope="module")
def pipeline():
    return pipeline_of()


def test_answers_are_in_the_units_of_the_target(pipeline):
    rows = hard_rows()
    answers = pipeline.predictions(rows)
    raw = pipeline.model.predict_on_batch(SCHEMA.encode(rows, targets=False).inputs)
    np.testing.assert_allclose(answers["price"], np.exp(raw["price"][:, 0]), rtol=1e-5)
    assert answers["price"].shape == answers["ok"].shape == (ROWS,)
    np.testing.assert_allclose(answers["kind"].sum(axis=1), 1, rtol=1e-5)
    low, high = flats()["price"].min(), flats()["price"].max()
    assert low / 10 < answers["price"].min() < answers["price"].max() < high * 10


def test_predictions_are_rows_with_the_index_of_the_table(pipeline):
    rows = flats(2).set_index(np.arange(ROWS)[::-1] * 3).drop(columns=["price", "ok", "kind"])
    found = pipeline.predict(rows)
    assert list(found.columns) == ["price", "ok", "ok=no", "ok=yes", "kind", "kind=x", "kind=y", "kind=z"]
    assert list(found.index) == list(rows.index)
    assert ((found["ok=yes"] >= 0.5) == (found["ok"] == "yes")).all()
    shares = found[["kind=x", "kind=y", "kind=z"]]
    assert (shares.idxmax(axis=1).str[-1] == found["kind"]).all()


def test_a_probability_takes_no_name_of_another_target_or_of_a_column_of_the_rows(pipeline):
    found = pipeline.predict(flats().assign(**{"ok=yes": "mine", "kind=x": "mine", "kind=x_2": "mine"}))
    assert list(found.columns) == ["price", "ok", "ok=no", "ok=yes_2", "kind", "kind=x_3", "kind=y", "kind=z"]
    named = Pipeline(replace(SCHEMA, outputs=_renamed(SCHEMA, "price", "ok=yes")), pipeline.model).predict(flats())
    assert list(named.columns)[:4] == ["ok=yes", "ok", "ok=no", "ok=yes_2"]


def test_rows_with_nearly_nothing_that_training_had_are_refused_unless_asked_for(pipeline):
    rows = flats().assign(**{"work class": "never seen"})
    with pytest.raises(DataError, match=r"'work class' of the rows are none that training had.*allow_unseen=True"):
        pipeline.predict(rows)
    with pytest.warns(DataWarning, match="'work class'"):
        assert len(pipeline.predict(rows, allow_unseen=True)) == len(rows)
    with pytest.warns(DataWarning, match="'work class'"):
        pipeline.predict(rows.iloc[:5])


def _renamed(schema, name, new):
    return tuple(replace(column, name=new) if column.name == name else column for column in schema.outputs)


def test_a_threshold_decides_on_the_label(pipeline):
    other = Pipeline(SCHEMA, pipeline.model, thresholds={"ok": 1.0})
    assert set(other.predict(flats())["ok"]) == {"no"}
    with pytest.raises(ConfigError, match="must be a number from 0 to 1"):
        Pipeline(SCHEMA, pipeline.model, thresholds={"ok": 2})
    with pytest.raises(ZooError, match="binary output of 'thresholds' 'kind'"):
        Pipeline(SCHEMA, pipeline.model, thresholds={"kind": 0.5})


COSTS = {"ok": CostMatrix.of_mistakes(("no", "yes"), false_positive=99, false_negative=1)}


def test_costs_decide_on_the_label_of_two_classes_and_of_more(pipeline):
    dear = {true: {said: 0 if said == true else 100 if said == "x" else 1 for said in "xyz"} for true in "xyz"}
    decided = Pipeline(SCHEMA, pipeline.model, costs={**COSTS, "kind": CostMatrix(dear)}).predict(flats())
    assert ((decided["ok=yes"] > 0.99) == (decided["ok"] == "yes")).all()
    shares = decided[["kind=x", "kind=y", "kind=z"]].to_numpy()
    table = np.array([[dear[true][said] for said in "xyz"] for true in "xyz"])
    assert decided["kind"].tolist() == [list("xyz")[place] for place in (shares @ table).argmin(axis=1)]
    assert decided["ok"].tolist() != pipeline.predict(flats())["ok"].tolist()


def test_costs_that_do_not_fit_are_told(pipeline):
    with pytest.raises(ZooError, match="output of classes of 'costs' 'price'"):
        Pipeline(SCHEMA, pipeline.model, costs={"price": COSTS["ok"]})
    with pytest.raises(ZooError, match="label of the cost matrix 'no'"):
        Pipeline(SCHEMA, pipeline.model, costs={"kind": COSTS["ok"]})
    with pytest.raises(ConfigError, match="'ok' is decided twice"):
        Pipeline(SCHEMA, pipeline.model, costs=COSTS, thresholds={"ok": 0.5})


def test_a_row_is_answered_alone_as_in_a_table(pipeline):
    rows = hard_rows()
    together = pipeline.predictions(rows)
    for place in (0, 6, 22, ROWS - 1):
        for name, values in pipeline.predictions(rows.iloc[[place]]).items():
            np.testing.assert_allclose(values[0], together[name][place], rtol=1e-4, atol=1e-6)


def test_more_rows_than_a_batch_are_answered_in_order(pipeline):
    rows = pd.concat([flats()] * 60, ignore_index=True)
    answers, once = pipeline.predictions(rows), pipeline.predictions(flats())
    assert len(rows) > 4096
    np.testing.assert_allclose(answers["price"], np.tile(once["price"], 60), rtol=1e-5)


def test_a_file_of_rows_is_answered_in_parts(pipeline, tmp_path):
    hard_rows().to_csv(tmp_path / "rows.csv", index=False)
    outcome = pipeline.predict_file(tmp_path / "rows.csv", tmp_path / "answers.csv", chunk_rows=16, keep=[])
    assert (outcome.rows, outcome.failed) == (ROWS, 0)
    found, expected = pd.read_csv(tmp_path / "answers.csv"), pipeline.predict(hard_rows())
    rules = {"ok_decided_by": "threshold 0.5", "kind_decided_by": "likeliest label"}
    assert set(found.columns) == {*expected.columns, *rules, "error"}
    assert {name: found[name].unique().tolist() for name in rules} == {name: [rule] for name, rule in rules.items()}
    assert found["ok"].tolist() == expected["ok"].tolist()
    np.testing.assert_allclose(found["price"], expected["price"], rtol=1e-4)


def test_answers_do_not_replace_the_rows_that_they_are_for(pipeline, tmp_path):
    rows = tmp_path / "rows.csv"
    flats().to_csv(rows, index=False)
    before = rows.read_bytes()
    (tmp_path / "same.csv").hardlink_to(rows)
    for to in (rows, str(rows), tmp_path / "same.csv"):
        with pytest.raises(ConfigError, match="holds the rows themselves"):
            pipeline.predict_file(rows, to)
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        pipeline.predict_file(tmp_path / "nowhere.csv", rows)
    assert rows.read_bytes() == before


def test_rows_that_do_not_fit_are_told(pipeline):
    with pytest.raises(DataError, match="is empty"):
        pipeline.predict(flats().iloc[:0])
    with pytest.raises(DataError, match=r"lacks 'area'.*Did you mean 'Area'"):
        pipeline.predict(flats().rename(columns={"area": "Area"}))
    with pytest.raises(DataError, match="'area' must be numbers; row 1 holds 'large'"):
        pipeline.predict(flats().assign(area="large"))


def test_an_answer_that_float32_does_not_have_is_told():
    schema = Schema.fit({"x": [0.0, 1e-4], "y": ["a", "b"]}, {"y": "binary"})
    model = zoo.create_model("softmax_regression", **schema.model_config())
    for variable in model.weights:
        variable.assign(np.full(variable.shape, np.nan if len(variable.shape) == 1 else 1.0))
    with pytest.raises(DataError, match="no finite prediction 'y' for row 1"):
        Pipeline(schema, model).predict({"x": [0.0]})
    linear = Schema.fit({"x": [0.0, 1e-4], "y": [0.0, 1.0]}, {"y": "regression"})
    pipeline = Pipeline(linear, zoo.create_model("linear_regression", **linear.model_config()))
    with pytest.raises(DataError, match="no finite prediction 'y' for row 2"):
        pipeline.predict({"x": [0.0, 3e38]})


def test_a_model_that_does_not_fit_the_schema_is_refused():
    with pytest.raises(DataError, match=r"inputs are numbers \(batch, 3\); those of the schema are day"):
        Pipeline(SCHEMA, zoo.create_model("linear_regression", numbers=3))
    config = SCHEMA.model_config() | {"outputs": {"price": {"kind": "regression"}}}
    with pytest.raises(
        DataError, match=r"outputs are price \(batch, 1\); those of the schema are kind \(batch, 3\), ok"
    ):
        Pipeline(SCHEMA, zoo.create_model("mlp_tiny", **config))


@pytest.mark.parametrize("builder", ["mlp_tiny", "entity_embedding_tiny", "softmax_regression"])
def test_a_model_for_fewer_values_of_a_category_is_refused(builder):
    config = Schema.fit(flats(), {"kind": "classification"}, types={"store": "category"}, ignore=["price", "ok"])
    model = zoo.create_model(builder, **config.model_config())
    assert set(Pipeline(config, model).predict(flats())["kind"]) <= set("xyz")
    more = flats().assign(store=range(ROWS))
    wider = Schema.fit(more, {"kind": "classification"}, types={"store": "category"}, ignore=["price", "ok"])
    with pytest.raises(DataError, match=r"built for 10 ids of 'store'; the schema has 72 of 'store'"):
        Pipeline(wider, model)


@pytest.mark.parametrize("builder", ["mlp_tiny", "entity_embedding_tiny"])
def test_a_network_learns_from_rows_with_gaps(builder):
    """The price is a sum over area, store and whether the area is known, so that all three must reach the network."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"area": random.normal(50, 20, 1500), "store": random.integers(0, 5, 1500)})
    known = random.random(1500) > 0.3
    frame["price"] = np.where(known, 3 * frame["area"], 400) + 100 * frame["store"]
    frame.loc[~known, "area"] = np.nan
    schema = Schema.fit(frame[:1000], {"price": "regression"}, types={"store": "category"})
    keras.utils.set_random_seed(0)
    model = zoo.create_model(builder, **schema.model_config(), **{"units": (32,)} | NO_DROPOUT.get(builder, {}))
    recipe = Recipe(heads_for(schema.targets), optimiser=Optimiser(learning_rate=0.02), epochs=20, batch_size=50)
    fit(model, schema.encode(frame[:1000]), schema.encode(frame[1000:1200]), recipe)
    error = np.abs(Pipeline(schema, model).predictions(frame[1200:])["price"] - frame["price"][1200:])
    assert error.mean() < 0.1 * np.abs(frame["price"] - frame["price"].median()).mean()
