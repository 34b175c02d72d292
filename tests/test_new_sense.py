"""A new sense is one column kind, one builder and one task: no file of the zoo changes."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zoo
from tests import new_sense
from tests.new_sense import IntervalColumn, intervals
from zoo import catalogue, columns, tasks
from zoo.cli.main import main
from zoo.columns import Schema
from zoo.errors import ConfigError, DataError, UnknownNameError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", autouse=True)
def registered():
    columns.register(IntervalColumn)
    catalogue.register(new_sense.ENTRY)
    tasks.register(new_sense.TASK)
    yield
    del columns.KINDS["interval"], catalogue.ENTRIES["interval_model"], tasks.TASKS["intervals"]


@pytest.fixture(scope="module")
def run_folder(registered, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "intervals"
    assert main(["train", "interval_model", "--data", "intervals", "--out", str(folder)]) == 0
    return folder


def test_it_trains_and_reports(run_folder):
    scores = json.loads((run_folder / "scores.json").read_text())["scores"]
    by_name = {(row["output"], row["metric"]): row for row in scores}
    assert by_name["middle", "r2"]["model"] > 0.95
    assert by_name["long", "accuracy"]["model"] > by_name["long", "accuracy"]["majority"]
    assert (run_folder / "report.png").exists()


def test_its_builder_is_told_of_its_columns_and_of_its_recipe(run_folder):
    config = json.loads((run_folder / "config.json").read_text())["recipe"]["config"]
    assert config["intervals"] == ["span"]
    assert config["outputs"].keys() == {"middle", "long"}
    assert "numbers" not in config
    assert "categories" not in config
    assert zoo.load_pipeline(run_folder).model.get_layer("hidden").units == 24


def test_a_column_that_the_builder_cannot_take_is_not_left_out():
    table = intervals()
    frames = (frame.assign(size=1.5) for frame in (table.train, table.validation, table.test))
    dataset = replace(table, **dict(zip(("train", "validation", "test"), frames, strict=True))).dataset()
    told = tasks.task_of("interval_model").config(dataset, "interval_model", tasks.Settings())
    with pytest.raises(UnknownNameError, match="Unknown option of interval_model 'numbers'"):
        zoo.create_model("interval_model", **told)


def test_a_file_with_a_task_is_found_and_asked_after_the_others():
    assert list(tasks.TASKS)[: len(tasks.FIRST)] == list(tasks.FIRST)
    written = {path.stem for path in Path(tasks.__file__).parent.glob("*.py") if "\nTASK = Task(" in path.read_text()}
    assert set(tasks.TASKS) - {"intervals"} == written > set(tasks.FIRST)


def test_looking_for_tasks_needs_no_optional_package():
    blocked = ("matplotlib", "sklearn", "PIL", "soundfile", "nibabel", "pyarrow", "imblearn", "onnx", "fastapi")
    code = f"import sys; sys.modules.update(dict.fromkeys({blocked})); import zoo.tasks; print(*zoo.tasks.TASKS)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == set(tasks.TASKS) - {"intervals"}


def test_it_predicts_from_its_file(run_folder, tmp_path, capsys):
    pipeline = zoo.load_pipeline(run_folder)
    found = pipeline.predict({"span": ["2..4", "7..12"]})
    np.testing.assert_allclose(found["middle"], [3.0, 9.5], atol=0.7)
    assert list(found["long"]) == ["no", "yes"]
    pipeline.save(tmp_path / "copy.keras")
    pd.testing.assert_frame_equal(
        zoo.load_pipeline(tmp_path / "copy.keras").predict({"span": ["2..4", "7..12"]}), found
    )
    assert main(["predict", "interval_model", "--weights", str(run_folder), "2..4"]) == 0
    assert "middle" in capsys.readouterr().out


def test_it_is_evaluated_and_inspected(run_folder):
    report = zoo.evaluate(run_folder)
    assert report.scores[0]["model"] == pytest.approx(
        json.loads((run_folder / "scores.json").read_text())["scores"][0]["model"], rel=1e-5
    )
    assert main(["evaluate", "interval_model", "--weights", str(run_folder)]) == 0
    assert tasks.inspect("interval_model", weights=run_folder, rows=8).loss is not None


def test_its_schema_travels_and_mixes_with_other_kinds():
    table = intervals()
    frame = table.train.assign(size=1.5, town="x")
    schema = Schema.fit(frame, table.targets, types={"span": "interval"}, options={"span": {"margin": 1.0}})
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
    assert list(schema.inputs) == ["numbers", "town", "span"]
    assert schema.encode(frame).inputs["span"].shape == (len(frame), 2)


def test_wrong_ways_are_told():
    table = intervals()
    with pytest.raises(DataError, match=r"must hold intervals as '3\.\.7'"):
        Schema.fit(table.train.assign(span="3-7"), table.targets, types={"span": "interval"})
    with pytest.raises(UnknownNameError, match="option of the interval column 'span' 'margn'; did you mean 'margin'"):
        Schema.fit(table.train, table.targets, types={"span": "interval"}, options={"span": {"margn": 1}})
    with pytest.raises(UnknownNameError, match="did you mean 'interval'"):
        Schema.fit(table.train, table.targets, types={"span": "intervall"})
    with pytest.raises(ConfigError, match="There is a column kind 'number' already"):
        columns.register(type("Other", (IntervalColumn,), {"kind": "number"}))
    with pytest.raises(ConfigError, match="'interval_model' is trained by the task 'intervals' already"):
        tasks.register(type(new_sense.TASK)(**{**vars(new_sense.TASK), "name": "others"}))
