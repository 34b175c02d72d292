"""Files of pipelines that nobody vouches for: refused in one sentence, and no code out of them is run."""

import json
import sys
import zipfile

import keras
import pandas as pd
import pytest

import zoo
from tests.flat_fixtures import SCHEMA, pipeline_of
from zoo.errors import ConfigError, MissingExtraError, UnknownNameError, WeightsError, ZooError
from zoo.pipeline import Pipeline


@pytest.fixture(scope="module")
def pipeline():
    return pipeline_of()


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
        {"zoo_pipeline.json": '{"schema": {"version": 2}, "thresholds": {}, "origin": {}}'},
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
        ("x.h5", b"", "is not an HDF5 file"),
        ("x.pb", b"", "Unknown format of a pipeline '.pb'"),
        ("x.onnx", b"no graph", "is damaged"),
        ("nowhere.keras", None, "There is no file or folder"),
    ],
)
def test_a_file_that_is_no_pipeline_is_told(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ZooError, match=sentence):
        zoo.load_pipeline(tmp_path / name)


@pytest.mark.parametrize("path", [None, 3, b"x.keras"])
def test_a_path_that_is_none_is_told(path):
    with pytest.raises(WeightsError, match="is read from the path of its file; received"):
        zoo.load_pipeline(path)


@pytest.mark.parametrize("place", ["file/x.keras", "folder.keras"])
def test_a_place_where_no_file_can_stand_is_told(pipeline, tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(ConfigError, match=f"{place}' cannot be written: "):
        pipeline.save(tmp_path / place)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder.keras"]


def test_a_wrong_name_or_origin_is_told_before_anything_is_written(pipeline, tmp_path):
    with pytest.raises(UnknownNameError, match=r"format of a pipeline '\.kears'; did you mean '\.keras'"):
        pipeline.save(tmp_path / "x.kears")
    with pytest.raises(WeightsError, match=r"origin must name 'entry' and 'config'. Save it as \.keras"):
        pipeline.save(tmp_path / "x.h5")
    with pytest.raises(ConfigError, match="plain JSON values"):
        Pipeline(SCHEMA, pipeline.model, origin={"day": pd.Timestamp(0)}).save(tmp_path / "x.keras")
    assert list(tmp_path.iterdir()) == []


def test_without_onnx_the_extra_is_named(pipeline, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"keras-functional-zoo\[onnx\]"):
        pipeline.export_onnx(tmp_path / "x.onnx")
