"""Files of pipelines made to take all memory or all time, or to fail later: refused in one sentence, before."""

import json
import os
import zipfile

import h5py
import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from tests.test_pipeline_files import changed
from zoo.columns import Schema, TextColumn
from zoo.costs import CostMatrix
from zoo.errors import DataError, WeightsError, ZooError
from zoo.pipeline import onnx_file
from zoo.pipeline.pipeline import Pipeline
from zoo.weights.readers.net import read_json

ROWS = {"p": [1.0, 2.0], "q": [0.0, 1.0]}


@pytest.fixture(scope="module")
def pipeline():
    """Two numbers -> a number with an interval, and a label that costs decide on."""
    frame = pd.DataFrame({"p": [1.0, 2, 3, 5], "q": [0.0, 1, 0, 2], "target": [1.0, 2, 3, 4], "z": list("uvuv")})
    schema = Schema.fit(frame, {"target": "regression", "z": "binary"})
    x = keras.Input((2,), name="numbers")
    outputs = {"target": keras.layers.Dense(1, name="target")(x)}
    outputs["z"] = keras.layers.Dense(1, activation="sigmoid", name="z")(x)
    costs = {"z": CostMatrix.of_mistakes(("u", "v"), false_positive=1, false_negative=2)}
    return Pipeline(schema, keras.Model([x], outputs), intervals={"target": 1.0}, costs=costs)


@pytest.fixture
def sound(pipeline, tmp_path):
    pipeline.save(tmp_path / "sound.keras")
    return tmp_path / "sound.keras"


def members(path):
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_a_model_of_more_numbers_than_the_file_holds_is_refused_before_they_are_made(sound, tmp_path, monkeypatch):
    model = json.loads(members(sound)["config.json"])
    layer = next(each for each in model["config"]["layers"] if each["class_name"] == "Dense")
    layer["config"]["units"] = 10**9
    path = changed(tmp_path / "large.keras", sound, **{"config.json": json.dumps(model)})
    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", lambda *given, **options: pytest.fail("made"))
    with pytest.raises(WeightsError, match="describes a model of more numbers than it holds weights for"):
        zoo.load_pipeline(path)


def test_numbers_that_hdf5_would_make_up_are_refused(sound, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", shape=(10**5, 10**5), dtype="f4", chunks=(1000, 1000))
    weights = (tmp_path / "w.h5").read_bytes()
    path = changed(tmp_path / "large.keras", sound, **{"model.weights.h5": weights})
    with pytest.raises(WeightsError, match="claims 40,000,000,000 bytes for /layers/dense/vars/0 and holds 0"):
        zoo.load_pipeline(path)


def test_weights_that_hdf5_would_make_up_are_refused_where_the_model_is_as_large(tmp_path):
    with h5py.File(tmp_path / "f.weights.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "a"
        group.create_dataset("0", shape=(1000, 1000), dtype="f4", chunks=(100, 100))
        group["1"] = np.zeros(1000, "f4")
    x = keras.Input((1000,))
    with pytest.raises(WeightsError, match="claims 4,000,000 bytes"):
        zoo.load_weights(keras.Model(x, keras.layers.Dense(1000, name="a")(x)), tmp_path / "f.weights.h5")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b"[" + b"[]," * 2_000_001 + b"[]]", "of too many parts"),
        (b'{"a": ', "is not JSON"),
    ],
)
def test_json_that_takes_many_times_its_size_is_refused(content, sentence):
    with pytest.raises(WeightsError, match=sentence):
        read_json(content, "file")
    with pytest.raises(WeightsError, match="JSON of 11 bytes"):
        read_json(b"[1, 2, 3, 4", "file", largest=10)


def test_a_zip_bomb_of_a_pipeline_is_not_unpacked(sound, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members(sound).items():
            file.writestr(name, content + b" " * 2**24 if name == "config.json" else content)
    with pytest.raises(WeightsError, match="zip bomb"):
        zoo.load_pipeline(tmp_path / "bomb.keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".hdf5", ".onnx"])
def test_a_pipe_is_no_file(tmp_path, suffix):
    os.mkfifo(tmp_path / f"pipe{suffix}")
    with pytest.raises(WeightsError, match="is a pipe or a device"):
        zoo.load_pipeline(tmp_path / f"pipe{suffix}")
    with pytest.raises(WeightsError, match="no file of weights"):
        zoo.load_weights(keras.Sequential([keras.Input((1,))]), tmp_path / f"pipe{suffix}")


BAD = [[], {}, None, "x", -1, True, 10**13, [["a"]], {"a": 1}, "\ud800"]


def leaves(value, path=()):
    """The paths of all parts of a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, each in inner:
        yield from leaves(each, (*path, key))


def test_any_wrong_value_in_the_metadata_is_told_in_a_sentence(pipeline, sound, monkeypatch):
    """ "costs": [] and its like."""
    text = members(sound)["zoo_pipeline.json"].decode()
    told = 0
    for path in leaves(json.loads(text)):
        for bad in BAD:
            value = json.loads(text)
            inner = value
            for key in path[:-1]:
                inner = inner[key]
            if path:
                inner[path[-1]] = bad
            held = json.dumps(value if path else bad), pipeline.model
            monkeypatch.setattr("zoo.pipeline.keras_file.load", lambda file, held=held: held)
            try:
                loaded = zoo.load_pipeline(sound)
            except ZooError as error:
                told += "\n" not in str(error)
            else:
                assert isinstance(loaded, Pipeline)
    assert told > 300


def test_a_text_of_no_words_is_no_column():
    with pytest.raises(DataError, match="'words' of a column cannot be 0"):
        TextColumn("posts", vocabulary=("a",), words=0)


def test_a_whole_model_of_older_keras_is_told_how_it_opens(tmp_path):
    x = keras.Input((4,), name="x")
    keras.Model(x, keras.layers.Dense(2, name="theirs")(x)).save(tmp_path / "old.h5")
    (tmp_path / "old.h5").rename(tmp_path / "old.hdf5")
    ours = keras.Model(x, keras.layers.Dense(2, name="ours")(x))
    sentence = r"keras.models.load_model\(file, compile=False\) opens"
    with pytest.raises(WeightsError, match=sentence):
        zoo.load_weights(ours, tmp_path / "old.hdf5")
    with pytest.raises(WeightsError, match=sentence):
        zoo.load_pipeline(tmp_path / "old.hdf5")
    named = keras.Model(x, keras.layers.Dense(2, name="theirs")(x))
    assert len(zoo.load_weights(named, tmp_path / "old.hdf5").matched) == 2


def graph(nodes, initial, metadata):
    """An ONNX file of these nodes, with the inputs and outputs of the model above."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    whole = helper.make_graph(
        [*nodes, helper.make_node("Identity", ["target"], ["z"])],
        "g",
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, (None, 2))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, (None, 1)) for name in ("target", "z")],
        initial,
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.metadata_props.add(key=onnx_file.PROPERTY, value=metadata)
    return onnx, model


@pytest.fixture
def onnx_helper():
    pytest.importorskip("onnxruntime")
    return pytest.importorskip("onnx").helper


def of(numbers, name):
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(numbers), name)


def test_a_graph_without_an_end_is_stopped(pipeline, tmp_path, monkeypatch, onnx_helper):
    make, value, types = onnx_helper.make_node, onnx_helper.make_tensor_value_info, onnx_helper.TensorProto
    body = onnx_helper.make_graph(
        [make("Identity", ["c"], ["c2"]), make("Add", ["v", "v"], ["v2"])],
        "body",
        [value("i", types.INT64, ()), value("c", types.BOOL, ()), value("v", types.FLOAT, None)],
        [value("c2", types.BOOL, ()), value("v2", types.FLOAT, None)],
    )
    nodes = [make("ReduceSum", ["numbers", "axis"], ["s"]), make("Loop", ["n", "true", "s"], ["target"], body=body)]
    onnx, model = graph(nodes, [of([1], "axis"), of(2**62, "n"), of(True, "true")], pipeline._metadata())
    onnx.save(model, tmp_path / "f.onnx")
    monkeypatch.setattr(onnx_file, "LONGEST_RUN", 0.2)
    with pytest.raises(WeightsError, match=r"f.onnx ran for 0.2 seconds"):
        zoo.load_pipeline(tmp_path / "f.onnx").predict(ROWS)


def test_a_graph_of_terabytes_is_refused(pipeline, tmp_path, capfd, onnx_helper):
    make = onnx_helper.make_node
    nodes = [make("ConstantOfShape", ["size"], ["z"]), make("ReduceSum", ["z"], ["s"], keepdims=0),
             make("ReduceSum", ["numbers", "axis"], ["r"]), make("Add", ["r", "s"], ["target"])]  # fmt: skip
    onnx, model = graph(nodes, [of([1], "axis"), of([2**31], "size")], pipeline._metadata())
    onnx.save(model, tmp_path / "f.onnx")
    with pytest.raises(WeightsError, match=r"f\.onnx failed"):
        zoo.load_pipeline(tmp_path / "f.onnx").predict(ROWS)
    assert "onnxruntime" not in capfd.readouterr().err


def test_a_graph_that_gives_other_rows_is_told(pipeline, tmp_path, onnx_helper):
    nodes = [onnx_helper.make_node("Identity", ["one"], ["target"])]
    onnx, model = graph(nodes, [of(np.ones((3, 1), "f4"), "one")], pipeline._metadata())
    onnx.save(model, tmp_path / "f.onnx")
    with pytest.raises(WeightsError, match=r"gives \(3, 1\) as 'target' for 2 rows"):
        zoo.load_pipeline(tmp_path / "f.onnx").predict(ROWS)


@pytest.mark.parametrize("place", ["../secret", "absolute", "missing"])
def test_numbers_outside_of_the_graphs_folder_are_not_read(pipeline, tmp_path, place, onnx_helper):
    (tmp_path / "secret").write_bytes(bytes(100))
    (tmp_path / "inside").mkdir()
    array = of(np.ones((2, 1), "f4"), "w")
    array.ClearField("raw_data")
    array.data_location = onnx_helper.TensorProto.EXTERNAL
    for key, value in {"location": str(tmp_path / "secret") if place == "absolute" else place, "length": "8"}.items():
        array.external_data.add(key=key, value=value)
    _, model = graph([onnx_helper.make_node("MatMul", ["numbers", "w"], ["target"])], [array], pipeline._metadata())
    (tmp_path / "inside" / "f.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(WeightsError, match="External data path"):
        zoo.load_pipeline(tmp_path / "inside" / "f.onnx")
