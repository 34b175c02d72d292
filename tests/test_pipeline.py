"""A schema and a model in one file: the same answers on TensorFlow, JAX and ONNX Runtime, and no code out of a file."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.errors import ConfigError, DataError, MissingExtraError, WeightsError, ZooError
from zoo.pipeline import Pipeline
from zoo.tables import Schema
from zoo.training import Optimiser, Recipe, fit, heads_for

ROOT = Path(__file__).resolve().parents[1]
ROWS = 70
NO_DROPOUT = {"entity_embedding_tiny": {"dropout": 0.0, "embedding_dropout": 0.0}}
NEEDS_TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports and compares TensorFlow")


def flats(seed=0):
    """Numbers with gaps, categories with gaps, a date, and a target of each kind."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "area": random.normal(50, 20, ROWS).round(1),
            "floor": random.integers(0, 6, ROWS),
            "work class": random.choice(["a", "b", "c", None], ROWS),
            "store": random.integers(1, 9, ROWS),
            "day": pd.to_datetime("2015-01-01") + pd.to_timedelta(random.integers(0, 500, ROWS), "D"),
            "price": np.exp(random.normal(5, 1, ROWS)),
            "ok": random.choice(["no", "yes"], ROWS),
            "kind": random.choice(list("xyz"), ROWS),
        }
    )
    frame.loc[::7, "area"] = np.nan
    return frame


SCHEMA = Schema.fit(
    flats(),
    {"price": "regression", "ok": "binary", "kind": "classification"},
    types={"store": "category"},
    log=["price"],
    ranges={"price": "training"},
)


def hard_rows():
    """Rows with gaps where training had none, and values that it had not."""
    frame = flats(1).astype({"floor": "float64"})
    frame.loc[:10, "floor"] = np.nan
    frame.loc[5:15, "work class"] = "never seen"
    frame.loc[3:8, "store"] = 99
    frame.loc[20:25, "day"] = pd.NaT
    return frame


def pipeline_of(name="entity_embedding_tiny", **options):
    """A pipeline with random weights that tell rows apart."""
    model = zoo.create_model(name, **SCHEMA.model_config(), **options)
    random = np.random.default_rng(3)
    for variable in model.weights:
        positive = np.abs(random.normal(size=variable.shape)) * 0.3 + 0.1
        variable.assign(random.normal(size=variable.shape) * 0.3 if len(variable.shape) > 1 else positive)
    return Pipeline(SCHEMA, model)


@pytest.fixture(scope="module")
def pipeline():
    return pipeline_of()


def same(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert np.isfinite(values).all()
        assert np.ptp(values) > 1e-3
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-5, err_msg=name)


def test_answers_are_in_the_units_of_the_target(pipeline):
    rows = hard_rows()
    answers = pipeline.answers(rows)
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


def test_a_threshold_decides_on_the_label(pipeline):
    other = Pipeline(SCHEMA, pipeline.model, thresholds={"ok": 1.0})
    assert set(other.predict(flats())["ok"]) == {"no"}
    with pytest.raises(ConfigError, match="must be a number from 0 to 1"):
        Pipeline(SCHEMA, pipeline.model, thresholds={"ok": 2})
    with pytest.raises(ZooError, match="binary output of 'thresholds' 'kind'"):
        Pipeline(SCHEMA, pipeline.model, thresholds={"kind": 0.5})


def test_a_row_is_answered_alone_as_in_a_table(pipeline):
    rows = hard_rows()
    together = pipeline.answers(rows)
    for place in (0, 6, 22, ROWS - 1):
        for name, values in pipeline.answers(rows.iloc[[place]]).items():
            np.testing.assert_allclose(values[0], together[name][place], rtol=1e-4, atol=1e-6)


def test_more_rows_than_a_batch_are_answered_in_order(pipeline):
    rows = pd.concat([flats()] * 60, ignore_index=True)
    answers, once = pipeline.answers(rows), pipeline.answers(flats())
    assert len(rows) > 4096
    np.testing.assert_allclose(answers["price"], np.tile(once["price"], 60), rtol=1e-5)


def test_a_file_gives_the_same_pipeline(pipeline, tmp_path):
    saved = Pipeline(SCHEMA, pipeline.model, {"ok": 0.25}, {"seed": 7, "data": "flats"})
    saved.save(tmp_path / "flats.keras")
    loaded = zoo.load_pipeline(tmp_path / "flats.keras")
    assert (loaded.schema, loaded.thresholds, loaded.origin) == (SCHEMA, {"ok": 0.25}, {"seed": 7, "data": "flats"})
    same(loaded.answers(hard_rows()), pipeline.answers(hard_rows()))
    assert [file.name for file in tmp_path.iterdir()] == ["flats.keras"]


def test_texts_that_are_no_unicode_come_back_too(tmp_path):
    frame = {"town": pd.Series(["Ulm", "\udcfc"], dtype=object), "price": [1.0, 2.0]}
    schema = Schema.fit(frame, {"price": "regression"})
    Pipeline(schema, zoo.create_model("mlp_tiny", **schema.model_config())).save(tmp_path / "towns.keras")
    assert zoo.load_pipeline(tmp_path / "towns.keras").schema == schema


def test_keras_alone_opens_the_file_as_a_model(pipeline, tmp_path):
    pipeline.save(tmp_path / "flats.keras")
    model = keras.saving.load_model(tmp_path / "flats.keras", safe_mode=True)
    inputs = SCHEMA.encode(flats(), targets=False).inputs
    same(model.predict_on_batch(inputs), pipeline.model.predict_on_batch(inputs))


ON_JAX = """
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import zoo

folder = Path(sys.argv[1])
rows = pd.read_pickle(folder / "rows.pkl")
for path in folder.glob("*.keras"):
    np.savez(folder / f"{path.stem}.npz", **zoo.load_pipeline(path).answers(rows))
import keras

assert keras.backend.backend() == "jax"
"""


@NEEDS_TENSORFLOW
def test_answers_are_the_same_on_jax(tmp_path):
    pytest.importorskip("jax")
    hard_rows().to_pickle(tmp_path / "rows.pkl")
    made = {name: pipeline_of(name) for name in ("mlp_tiny", "entity_embedding_tiny")}
    for name, each in made.items():
        each.save(tmp_path / f"{name}.keras")
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", ON_JAX, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    for name, each in made.items():
        with np.load(tmp_path / f"{name}.npz") as found:
            same(dict(found), each.answers(hard_rows()))


ON_ONNX = """
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import zoo

folder = Path(sys.argv[1])
answers = zoo.load_pipeline(folder / "flats.onnx").answers(pd.read_pickle(folder / "rows.pkl"))
np.savez(folder / "answers.npz", **answers)
assert not {"keras", "tensorflow", "jax", "torch", "onnx"} & set(sys.modules), "needs no framework"
"""


@NEEDS_TENSORFLOW
@pytest.mark.parametrize("name", ["mlp_tiny", "entity_embedding_tiny"])
def test_answers_are_the_same_in_an_onnx_export_without_any_framework(tmp_path, name):
    for package in ("onnx", "onnxruntime", "tf2onnx"):
        pytest.importorskip(package)
    hard_rows().to_pickle(tmp_path / "rows.pkl")
    made = pipeline_of(name)
    made.export_onnx(tmp_path / "flats.onnx")
    run = subprocess.run(
        [sys.executable, "-c", ON_ONNX, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(tmp_path / "answers.npz") as found:
        same(dict(found), made.answers(hard_rows()))
    loaded = zoo.load_pipeline(tmp_path / "flats.onnx")
    assert loaded.schema == SCHEMA
    for refused in (loaded.save, loaded.export_onnx):
        with pytest.raises(ConfigError, match=r"read from an ONNX file|must end in"):
            refused(tmp_path / "again.keras")


def test_a_file_of_rows_is_answered_in_parts(pipeline, tmp_path):
    hard_rows().to_csv(tmp_path / "rows.csv", index=False)
    assert pipeline.predict_file(tmp_path / "rows.csv", tmp_path / "answers.csv", chunk_rows=16) == ROWS
    found, expected = pd.read_csv(tmp_path / "answers.csv"), pipeline.predict(hard_rows())
    assert list(found.columns) == list(expected.columns)
    assert found["ok"].tolist() == expected["ok"].tolist()
    np.testing.assert_allclose(found["price"], expected["price"], rtol=1e-4)


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
    with pytest.raises(DataError, match="no finite answer 'y' for row 1"):
        Pipeline(schema, model).predict({"x": [0.0]})
    linear = Schema.fit({"x": [0.0, 1e-4], "y": [0.0, 1.0]}, {"y": "regression"})
    pipeline = Pipeline(linear, zoo.create_model("linear_regression", **linear.model_config()))
    with pytest.raises(DataError, match="no finite answer 'y' for row 2"):
        pipeline.predict({"x": [0.0, 3e38]})


def test_a_model_that_does_not_fit_the_schema_is_refused():
    with pytest.raises(DataError, match=r"inputs are numbers \(batch, 3\); those of the schema are day"):
        Pipeline(SCHEMA, zoo.create_model("linear_regression", numbers=3))
    config = SCHEMA.model_config() | {"outputs": {"price": {"kind": "regression"}}}
    with pytest.raises(
        DataError, match=r"outputs are price \(batch, 1\); those of the schema are kind \(batch, 3\), ok"
    ):
        Pipeline(SCHEMA, zoo.create_model("mlp_tiny", **config))


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
    error = np.abs(Pipeline(schema, model).answers(frame[1200:])["price"] - frame["price"][1200:])
    assert error.mean() < 0.1 * np.abs(frame["price"] - frame["price"].median()).mean()


# --- files that nobody vouches for


def changed(path, source, **members):
    """A copy of an archive with other members; None leaves one out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in {*old.namelist(), *members}:
            content = members.get(name, old.read(name) if name in old.namelist() else None)
            if content is not None:
                new.writestr(name, content)
    return path


def with_layer(source, **config):
    """config.json with its last layer's fields replaced."""
    with zipfile.ZipFile(source) as archive:
        model = json.loads(archive.read("config.json"))
    model["config"]["layers"][-1] |= config
    return json.dumps(model)


def test_a_file_with_code_is_refused_and_not_run(pipeline, tmp_path):
    pipeline.save(tmp_path / "sound.keras")
    x = keras.Input((2,), name="numbers")
    y = keras.layers.Lambda(lambda value: value[:, :1] * 2, name="target")(x)
    keras.Model([x], {"target": y}).save(tmp_path / "lambda.keras")
    with zipfile.ZipFile(tmp_path / "sound.keras") as archive:
        schema = archive.read("zoo_pipeline.json")
    path = changed(tmp_path / "other.keras", tmp_path / "lambda.keras", **{"zoo_pipeline.json": schema})
    with pytest.raises(WeightsError, match=r"needs code that Keras does not have.*Lambda"):
        zoo.load_pipeline(path)
    foreign = with_layer(tmp_path / "sound.keras", module="os", class_name="system")
    path = changed(tmp_path / "foreign.keras", tmp_path / "sound.keras", **{"config.json": foreign})
    with pytest.raises(WeightsError, match=r"needs code that Keras does not have and that is not run: .*os\.system"):
        zoo.load_pipeline(path)


def test_a_file_without_a_schema_is_refused(pipeline, tmp_path):
    pipeline.model.save(tmp_path / "model.keras")
    with pytest.raises(WeightsError, match="does not hold the schema of its table"):
        zoo.load_pipeline(tmp_path / "model.keras")


@pytest.mark.parametrize(
    "members",
    [
        {"zoo_pipeline.json": "{"},
        {"zoo_pipeline.json": "[]"},
        {"zoo_pipeline.json": "{}"},
        {"zoo_pipeline.json": '{"schema": {"version": 1}, "thresholds": {}, "origin": {}}'},
        {"zoo_pipeline.json": b"\xff"},
        {"config.json": "{}"},
        {"config.json": None},
        {"config.json": "[" * 100_000},
        {"model.weights.h5": None},
        {"model.weights.h5": b"none"},
    ],
    ids=range(10),
)
def test_a_damaged_file_is_told_in_one_sentence(pipeline, tmp_path, members):
    pipeline.save(tmp_path / "sound.keras")
    path = changed(tmp_path / "bad.keras", tmp_path / "sound.keras", **members)
    with pytest.raises(ZooError) as caught:
        zoo.load_pipeline(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.keras", b"no zip", "is no zip archive"),
        ("x.h5", b"", "Unknown format of a pipeline '.h5'"),
        ("x.onnx", b"no graph", "is damaged"),
        ("nowhere.keras", None, "There is no file of a pipeline"),
    ],
)
def test_a_file_that_is_no_pipeline_is_told(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ZooError, match=sentence):
        zoo.load_pipeline(tmp_path / name)


def test_a_wrong_name_or_origin_is_told_before_anything_is_written(pipeline, tmp_path):
    with pytest.raises(ConfigError, match=r"must end in \.keras"):
        pipeline.save(tmp_path / "x.h5")
    with pytest.raises(ConfigError, match="plain JSON values"):
        Pipeline(SCHEMA, pipeline.model, origin={"day": pd.Timestamp(0)}).save(tmp_path / "x.keras")
    assert list(tmp_path.iterdir()) == []


def test_without_onnx_the_extra_is_named(pipeline, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"keras-functional-zoo\[onnx\]"):
        pipeline.export_onnx(tmp_path / "x.onnx")
