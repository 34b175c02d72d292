"""A trained model finds the file that it was trained on, whatever folder it is asked from."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zoo
from zoo.cli.main import main
from zoo.errors import DataError
from zoo.pipeline import load_pipeline
from zoo.tasks.evaluation import is_own, own_data
from zoo.tasks.slices import slices


def table(path, rows, seed):
    x = np.random.default_rng(seed).normal(size=rows)
    pd.DataFrame({"x": x, "price": 3 * x + 1}).to_csv(path, index=False)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of a file of rows and a file to test by, both named from their own folder; now asked from another one."""
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir(), away.mkdir()
    monkeypatch.chdir(home)
    table("sales.csv", 60, 0), table("held.csv", 20, 1)
    options = {"targets": ["price"], "test": "held.csv"}
    _, report = zoo.train(
        "linear_regression", "sales.csv", folder=home / "run", data_options=options, epochs=1, baselines="none"
    )
    monkeypatch.chdir(away)
    return home / "run", report


def test_it_is_judged_from_another_folder_on_the_rows_that_it_was_judged_on(run, capsys):
    folder, report = run
    table("sales.csv", 50, 2), table("held.csv", 30, 3)  # other files, of the same names
    again = zoo.evaluate(folder, baselines="none")
    assert again.sizes == report.sizes
    assert again.scores[0]["model"] == pytest.approx(report.scores[0]["model"], rel=1e-5)
    assert main(["evaluate", str(folder), "--baselines", "none", "--out", "told"]) == 0
    assert json.loads(Path("told/scores.json").read_text())["samples"]["test"] == 20
    assert "price" in capsys.readouterr().out


def test_a_path_that_is_given_is_one_of_the_present_folder(run):
    folder, _ = run
    table("sales.csv", 50, 2)
    pipeline = load_pipeline(folder)
    assert is_own(pipeline, None)
    assert is_own(pipeline, "../home/sales.csv")
    assert not is_own(pipeline, "sales.csv")
    assert zoo.evaluate(folder, data="../home/sales.csv", baselines="none").sizes["test"] == 20  # the test split alone
    assert zoo.evaluate(folder, data="sales.csv", baselines="none").sizes["test"] == 50  # all rows of another file


def test_files_that_moved_are_found_in_the_present_folder_and_else_one_sentence_says_where_they_were(run):
    folder, report = run
    home = folder.parent
    there = load_pipeline(folder)
    for name in ("sales.csv", "held.csv"):
        (home / name).rename(name)
    assert own_data(there)[0] == "sales.csv"
    assert zoo.evaluate(folder, baselines="none").scores[0]["model"] == pytest.approx(
        report.scores[0]["model"], rel=1e-5
    )
    (home.parent / "away" / "held.csv").unlink()
    with pytest.raises(
        DataError, match=r"trained on '.*home/held\.csv', which is not there any more: put it back \(or"
    ):
        zoo.evaluate(folder)
    with pytest.raises(DataError, match=r"call from the folder that holds 'held\.csv' now"):
        slices(folder)


def test_a_name_of_a_data_set_has_no_folder(tmp_path):
    trained, _ = zoo.train("linear_regression", "plane", folder=tmp_path, epochs=1, baselines="none")
    assert "data_folder" not in trained.origin
    assert is_own(trained, "plane")
    assert not is_own(trained, "planes.csv")


def test_a_kind_that_was_given_for_one_column_leaves_the_others_as_they_were_taken(tmp_path):
    random = np.random.default_rng(0)
    for row in range(20):
        Image.fromarray(random.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(tmp_path / f"{row}.png")
    texts = [f"a long text number {row} about what the photo shows and why" for row in range(20)]
    columns = {"photo": [f"{row}.png" for row in range(20)], "note": texts, "size": np.arange(20) % 7}
    for name in ("items.csv", "more.csv"):
        pd.DataFrame(columns | {"price": random.normal(size=20)}).to_csv(tmp_path / name, index=False)
    options = {"targets": ["price"], "types": {"note": "text"}, "size": 16}
    _, report = zoo.train(
        "joint_tiny", tmp_path / "items.csv", folder=tmp_path / "run", data_options=options, epochs=1, baselines="none"
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        again = zoo.evaluate(tmp_path / "run", baselines="none")
        zoo.evaluate(tmp_path / "run", data=str(tmp_path / "more.csv"), baselines="none")
    assert again.scores[0]["model"] == pytest.approx(report.scores[0]["model"], rel=1e-5)
    kinds = [str(each.message) for each in told if "are taken for" in str(each.message)]
    assert len(kinds) == 2
    assert all("picture photo; text note; number size" in each for each in kinds)
    assert not any("has changed since" in str(each.message) for each in told)
