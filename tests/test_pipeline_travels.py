"""A pipeline in one file: the same answers on TensorFlow, JAX and ONNX Runtime."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from tests.flat_fixtures import SCHEMA, flats, hard_rows, pipeline_of
from zoo.columns import Schema
from zoo.costs import CostMatrix
from zoo.errors import ConfigError
from zoo.pipeline import Pipeline

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pipeline():
    return pipeline_of()


def same(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert np.isfinite(values).all()
        assert np.ptp(values) > 1e-3
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_file_gives_the_same_pipeline(pipeline, tmp_path):
    saved = Pipeline(SCHEMA, pipeline.model, {"ok": 0.25}, {"seed": 7, "data": "flats"})
    saved.save(tmp_path / "flats.keras")
    loaded = zoo.load_pipeline(tmp_path / "flats.keras")
    assert (loaded.schema, loaded.thresholds, loaded.origin) == (SCHEMA, {"ok": 0.25}, {"seed": 7, "data": "flats"})
    same(loaded.predictions(hard_rows()), pipeline.predictions(hard_rows()))
    assert [file.name for file in tmp_path.iterdir()] == ["flats.keras"]


def test_costs_travel_with_the_pipeline(pipeline, tmp_path):
    costs = {"ok": CostMatrix.of_mistakes(("no", "yes"), false_positive=1, false_negative=99, unit="EUR")}
    Pipeline(SCHEMA, pipeline.model, costs=costs).save(tmp_path / "flats.keras")
    again = zoo.load_pipeline(tmp_path / "flats.keras")
    assert again.costs == costs
    assert (
        again.predict(flats())["ok"].tolist()
        == Pipeline(SCHEMA, pipeline.model, costs=costs).predict(flats())["ok"].tolist()
    )


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
    np.savez(folder / f"{path.stem}.npz", **zoo.load_pipeline(path).predictions(rows))
import keras

assert keras.backend.backend() == "jax"
"""


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
            same(dict(found), each.predictions(hard_rows()))


ON_ONNX = """
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import zoo

folder = Path(sys.argv[1])
answers = zoo.load_pipeline(folder / "flats.onnx").predictions(pd.read_pickle(folder / "rows.pkl"))
np.savez(folder / "answers.npz", **answers)
assert not {"keras", "tensorflow", "jax", "torch", "onnx"} & set(sys.modules), "needs no framework"
"""


@pytest.mark.parametrize("name", ["mlp_tiny", "entity_embedding_tiny"])
def test_answers_are_the_same_in_an_onnx_export_without_any_framework(tmp_path, name):
    for package in ("onnx", "onnxruntime", "tf2onnx"):
        pytest.importorskip(package)
    hard_rows().to_pickle(tmp_path / "rows.pkl")
    made = pipeline_of(name)
    if keras.backend.backend() != "tensorflow":
        with pytest.raises(ConfigError, match="ONNX files are written on the TensorFlow backend"):
            made.export_onnx(tmp_path / "flats.onnx")
        return
    made.export_onnx(tmp_path / "flats.onnx")
    run = subprocess.run(
        [sys.executable, "-c", ON_ONNX, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(tmp_path / "answers.npz") as found:
        same(dict(found), made.predictions(hard_rows()))
    loaded = zoo.load_pipeline(tmp_path / "flats.onnx")
    assert loaded.schema == SCHEMA
    for refused in (loaded.save, loaded.export_onnx):
        with pytest.raises(ConfigError, match=r"read from an ONNX file|must end in"):
            refused(tmp_path / "again.keras")
