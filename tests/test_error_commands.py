"""`zoo slices`, `compare`, `drift`, `label-errors` and `attack` on one small table, as a user types them."""

import json
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from zoo.cli.main import main
from zoo.columns import Schema
from zoo.create import create_model, full_config
from zoo.errors import ZooError
from zoo.pipeline import Pipeline, load_pipeline
from zoo.tasks.comparison import compare
from zoo.tasks.drift import drift
from zoo.tasks.judged import judged
from zoo.tasks.label_errors import find_label_errors
from zoo.tasks.slices import slices

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="commands run on the default backend")
DATA = "loans.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table whose town the model is not shown, and untrained pipelines that say they learnt from it."""
    place = tmp_path_factory.mktemp("errors")
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income": random.normal(40, 10, 300).round(2),
            "home": random.choice(["own", "rent"], 300),
            "town": random.choice(["Ulm", "Bonn"], 300),
        }
    )
    frame["paid"] = np.where(frame["income"] + random.normal(0, 5, 300) > 40, "yes", "no")
    frame.to_csv(place / DATA, index=False)
    frame.drop(columns="paid").assign(income=lambda each: each["income"] + 60).to_csv(place / "new.csv", index=False)
    schema = Schema.fit(frame, {"paid": "binary"}, ignore=["town"])
    for name, seed, weights in (("first", 0, 0), ("second", 0, 1), ("third", 1, 2)):
        keras.utils.set_random_seed(weights)
        config = schema.model_config()
        origin = {
            "data": str(place / DATA),
            "data_options": {"targets": ["paid"], "ignore": ["town"]},
            "seed": seed,
            "entry": "mlp",
            "config": full_config("mlp", config),
            "metrics": {"paid": ["accuracy"]},
        }
        Pipeline(schema, create_model("mlp", **config), origin=origin).save(place / f"{name}.keras")
    return place


@pytest.fixture
def run(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)

    def command(*words):
        code = main(list(words))
        found = capsys.readouterr()
        return code, " ".join(found.out.split()), " ".join(found.err.split())

    return command


def test_slices_are_of_columns_that_the_model_is_not_shown_too(run, folder):
    code, said, _ = run("slices", "first.keras", "--group", "town", "--out", "errors.json")
    assert code == 0
    assert "paid: decisions by town" in said
    found = json.loads((folder / "errors.json").read_text())
    assert {"income", "home", "town"} <= set(found["columns"])
    assert len(found["outputs"]["paid"]["worst"]) == 20
    assert {row["group"] for row in found["outputs"]["paid"]["rates_by_group"]["town"]} == {"Ulm", "Bonn"}


def test_errors_are_those_of_the_models_own_decisions(folder, tmp_path):
    """A model that says yes from a probability of 0 on is right wherever the label is yes, and nowhere else."""
    always = replace(load_pipeline(folder / "first.keras"), thresholds={"paid": 0.0})
    always.save(tmp_path / "always.keras")
    rows = judged(tmp_path / "always.keras")
    assert (rows.decided["paid"] == 1).all()
    report = slices(tmp_path / "always.keras")
    assert report.outputs["paid"].score == pytest.approx((rows.labels["paid"] == 1).mean())
    assert {each.predicted for each in report.outputs["paid"].worst} == {"yes"}
    found = compare(folder / "first.keras", tmp_path / "always.keras")
    assert found.outputs[0].scores[1] == report.outputs["paid"].score


def test_label_errors_of_a_run_with_a_pretrained_start_are_refused(folder, tmp_path):
    known = load_pipeline(folder / "first.keras")
    replace(known, origin={**known.origin, "start": "0123"}).save(tmp_path / "begun.keras")
    with pytest.raises(ZooError, match="began with weights that were trained before"):
        find_label_errors(tmp_path / "begun.keras")


def test_what_is_not_compared_is_said(folder, monkeypatch):
    monkeypatch.setattr("zoo.tasks.drift.CHECKED", 50)
    found = drift(folder / "first.keras", folder / "new.csv").found
    assert found.rows[1] == 300
    assert "Of the new rows 50 were compared" in found.note


def test_dates_count_in_near_duplicates_and_are_not_sliced(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"size": random.normal(size=60).round(3), "day": pd.date_range("2020-01-01", periods=60)})
    frame["paid"] = np.where(frame["size"] > 0, "yes", "no")
    frame = pd.concat([frame] * 4, ignore_index=True)
    frame.loc[120:, "day"] += pd.Timedelta(days=500)
    frame.to_csv(tmp_path / "days.csv", index=False)
    schema = Schema.fit(frame, {"paid": "binary"}, types={"day": "date"})
    config = schema.model_config()
    origin = {"data": str(tmp_path / "days.csv"), "data_options": {"targets": ["paid"]}, "seed": 0, "entry": "mlp",
              "config": full_config("mlp", config), "metrics": {"paid": ["accuracy"]}}  # fmt: skip
    Pipeline(schema, create_model("mlp", **config), origin=origin).save(tmp_path / "days.keras")
    report = slices(tmp_path / "days.keras")
    shown = judged(tmp_path / "days.keras").frame
    assert all(shown["day"][each.row] == shown["day"][each.other] for each in report.duplicates)
    assert any("No slices are made of day" in note for note in report.notes)


def test_two_models_are_compared_and_other_splits_refused(run):
    code, said, _ = run("compare", "first.keras", "second.keras", "--out", "both.md")
    assert code == 0
    assert "McNemar's exact test" in said
    code, _, error = run("compare", "first.keras", "third.keras")
    assert code == 2
    assert "split with the seeds 0 and 1" in error


def test_new_rows_that_lie_elsewhere_are_told(run):
    code, said, _ = run("drift", "first.keras", "new.csv", "--out", "drift.html")
    assert code == 0
    assert "income (shifted)" in said
    assert "home (" not in said


def test_a_counterfactual_keeps_to_the_columns_that_may_change(run):
    code, said, _ = run("attack", "first.keras", "--method", "counterfactual", "--allow", "income", "--rows", "4")
    assert code == 0
    assert "counterfactual on 4 rows" in said
    assert "home" not in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["slices", "first.keras", "--group", "twon"], "did you mean 'town'"),
        (["slices", "first.keras", "--out", "page.pdf"], "ending of --out FILE '.pdf'"),
        (["slices", "nowhere.keras"], "no file or folder 'nowhere.keras'"),
        (["drift", "first.keras", "nowhere.csv"], "nowhere.csv"),
        (["label-errors", "first.keras", "--folds", "1"], "at least 2"),
        (["attack", "first.keras"], "of tables 'counterfactual'"),
        (["attack", "first.keras", "--method", "pdg"], "did you mean 'pgd'"),
        (["attack", "first.keras", "--strength", "much"], "neither a number nor a fraction"),
        (["attack", "first.keras", "--rows", "0"], "--rows counts from 1"),
        (["attack", "first.keras", "--method", "fooling", "--strength", "1"], "it takes no data"),
    ],
)
def test_a_mistake_is_one_sentence(run, words, told):
    code, _, error = run(*words)
    assert code == 2
    assert told in error
    assert "Traceback" not in error
