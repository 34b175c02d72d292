"""Pictures of the user's own are trained on, predicted for and judged, by the commands too."""

import io
import shutil
import warnings
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zoo
from tests.photo_folders import COLOURS, fill, photo, table_of
from zoo.cli.main import main
from zoo.columns import Schema
from zoo.datasets.pictures.as_trained import as_trained
from zoo.datasets.pictures.pictures_file import read_pictures
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.pipeline import Pipeline
from zoo.tasks import inspect, rates
from zoo.tasks.verbs import prepare
from zoo.training.fine_tuning.plan import FineTuningNotice


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "photos")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a model that was trained on pictures for a moment."""
    path = tmp_path_factory.mktemp("run")
    changes = {"epochs": 1, "batch_size": 8, "baselines": "none"}
    zoo.train("mnist_cnn_tiny", fill(path / "photos"), folder=path / "run", data_options={"size": 16}, **changes)
    return path / "run"


# --- the whole way


def test_a_folder_is_trained_on_saved_predicted_for_and_judged_by_another(folder, tmp_path):
    fill(tmp_path / "more" / "all", 6)
    changes = {"epochs": 6, "batch_size": 8, "folder": tmp_path / "run"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        trained, report = zoo.train("mnist_cnn_tiny", folder, data_options={"size": 16}, **changes)
    assert {row["metric"] for row in report.scores} >= {"accuracy"}
    loaded = zoo.load_pipeline(tmp_path / "run")
    paths = [str(folder / name / "07.png") for name in COLOURS]
    rows = loaded.predict({"picture": paths})
    pd.testing.assert_frame_equal(rows, trained.predict({"picture": [np.asarray(Image.open(path)) for path in paths]}))
    assert list(rows.columns) == ["label", *(f"label={name}" for name in COLOURS)]
    other = zoo.evaluate(tmp_path / "run", data=str(tmp_path / "more" / "all"))
    assert other.sizes["test"] == 18
    shutil.rmtree(tmp_path / "more" / "all" / "red")
    shutil.rmtree(tmp_path / "more" / "all" / "blue")
    assert zoo.evaluate(tmp_path / "run", data=str(tmp_path / "more" / "all")).sizes["test"] == 6
    (tmp_path / "more" / "all" / "green").rename(tmp_path / "more" / "all" / "grean")
    with pytest.raises(DataError, match=r"unknown label 'grean'.*did you mean 'green'"):
        zoo.evaluate(tmp_path / "run", data=str(tmp_path / "more" / "all"))
    looked_at = inspect("mnist_cnn_tiny", weights=tmp_path / "run", rows=4)
    assert "conv1_1" in {each.name for each in looked_at.layers}


def test_rows_of_pictures_are_not_made_up(folder, tmp_path):
    with pytest.raises(DataError, match="'smote' makes up rows of tables, and 'image' is none: use 'over_sampling'"):
        zoo.train("mnist_cnn_tiny", folder, folder=tmp_path / "run", imbalance="smote")


@pytest.mark.parametrize("given", [["mnist_cnn_tiny", "--weights", "RUN"], ["RUN"], ["RUN/model.keras"]])
def test_pictures_are_predicted_for_by_the_command_whatever_names_the_run(run, folder, tmp_path, capsys, given):
    (folder / "red" / "99.png").write_text("no picture")
    command = ["predict", *(word.replace("RUN", str(run)) for word in given)]
    paths = [str(folder / "blue"), str(folder / "red" / "99.png"), str(folder / "red" / "00.png")]
    assert main([*command, paths[0]]) == 0
    assert capsys.readouterr().out.count("label  ") == 12
    assert main([*command, *paths]) == 1  # one that cannot be read keeps no other from its prediction
    shown = capsys.readouterr()
    assert shown.out.count("label  ") == 13
    assert "1 of 14 have no prediction" in shown.err
    assert "99.png" in shown.err
    assert main([*command, *paths, "--out", str(tmp_path / "found.csv")]) == 1
    found = pd.read_csv(tmp_path / "found.csv")
    assert found["picture"].tolist() == [*sorted(map(str, (folder / "blue").iterdir())), *paths[1:]]
    assert found["error"].notna().tolist() == [*[False] * 12, True, False]
    assert "99.png" in found["error"][12]
    expected = zoo.load_pipeline(run).predict({"picture": found["picture"].drop(12)})
    assert found["label"].drop(12).tolist() == expected["label"].tolist()


def test_a_base_gets_heads_for_the_data_and_its_own_preprocessing(folder, tmp_path):
    base = zoo.create_model("mobilenet_tiny")
    base.save_weights(tmp_path / "base.weights.h5")
    keras.utils.set_random_seed(1)
    model = zoo.create_model(
        "mobilenet_tiny",
        weights=tmp_path / "base.weights.h5",
        outputs={"label": {"kind": "classification", "classes": 3}},
    )
    kernel = next(layer for layer in base.layers if layer.weights)
    np.testing.assert_array_equal(model.get_layer(kernel.name).get_weights()[0], kernel.get_weights()[0])
    assert {each.partition("/")[0] for each in zoo.load_report(model).reinitialised} == {"label"}


def test_of_few_pictures_the_probe_is_solved_on_those_of_validation_too(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))
    base = zoo.create_model("mobilenet_tiny")
    base.save_weights(tmp_path / "base.weights.h5")
    given = {"weights": tmp_path / "base.weights.h5", "data_options": {"size": 32}}
    assert not prepare("mobilenet_tiny", folder, refit=False, **given).recipe.refit
    assert not prepare("mobilenet_tiny", folder, fine_tune="last_stage", **given).recipe.refit
    assert not prepare("mobilenet_tiny", folder, imbalance="class_weights", **given).recipe.refit
    notes = []
    pipeline, report = zoo.train(
        "mobilenet_tiny", folder, folder=tmp_path / "run", baselines="none", tell=notes.append, **given
    )
    assert pipeline.origin["refit"]
    assert any(note.startswith("linear_probe, solved (L2 of label") for note in notes), notes
    assert report.training.endswith("(refit).")


def test_a_search_for_the_rate_of_a_stage_that_is_solved_says_so(folder, tmp_path, monkeypatch):
    zoo.create_model("mobilenet_tiny").save_weights(tmp_path / "base.weights.h5")
    given = {"weights": tmp_path / "base.weights.h5", "data_options": {"size": 32}}
    monkeypatch.setattr(rates, "find_learning_rate", lambda *_, **options: options["seed"])
    with pytest.warns(FineTuningNotice, match="linear_probe, whose heads are solved"):
        rates.find_rate("mobilenet_tiny", folder, **given)
    with warnings.catch_warnings():
        warnings.simplefilter("error", FineTuningNotice)
        rates.find_rate("mobilenet_tiny", folder, changes={"fine_tune": "last_stage"}, **given)


def test_a_base_is_inspected_with_the_heads_that_a_training_would_give_it(folder, tmp_path):
    base = zoo.create_model("mobilenet_tiny")
    base.save_weights(tmp_path / "base.weights.h5")
    given = {"weights": tmp_path / "base.weights.h5", "data_options": {"size": 32}}
    found = inspect("mobilenet_tiny", data=str(folder), rows=4, **given)
    kernel = next(layer for layer in base.layers if layer.weights).get_weights()[0]
    ranges = next(each.weights for each in found.layers if each.weights)["kernel"]
    assert ranges.largest == pytest.approx(np.abs(kernel).max(), rel=1e-5)
    assert found.loss == pytest.approx(np.log(3), rel=0.5)
    with pytest.raises(ConfigError, match="Name the data for a pretrained base, whose heads are fresh"):
        inspect("mobilenet_tiny", weights=tmp_path / "base.weights.h5")


def test_predictions_are_averaged_over_views_and_a_file_keeps_them(run, folder, tmp_path, capsys):
    trained = zoo.load_pipeline(run)
    pictures = [np.asarray(Image.open(path).resize((16, 16))) for path in sorted((folder / "red").iterdir())]
    plain, flipped = (trained.predict({"picture": each}) for each in (pictures, [each[:, ::-1] for each in pictures]))
    both = trained.predict({"picture": pictures}, views="mirrored")
    shares = [column for column in plain if "=" in column]
    np.testing.assert_allclose(both[shares], (plain[shares] + flipped[shares]) / 2, atol=1e-6)
    assert not np.allclose(both[shares], plain[shares], atol=1e-4)
    replace(trained, views="mirrored").save(tmp_path / "model.keras")
    loaded = zoo.load_pipeline(tmp_path / "model.keras")
    assert loaded.views == ("plain", "flip")
    np.testing.assert_allclose(loaded.predict({"picture": pictures})[shares], both[shares], atol=1e-6)
    with pytest.raises(UnknownNameError, match="mirrored"):
        trained.predict({"picture": pictures}, views="miror")
    assert main(["predict", str(run), str(folder / "red" / "00.png"), "--views", "mirrored"]) == 0
    assert "label" in capsys.readouterr().out


def test_views_are_of_pictures():
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 2.0]})
    schema = Schema.fit(frame, {"y": "regression"})
    inputs = keras.Input((1,), name="numbers")
    model = keras.Model([inputs], {"y": keras.layers.Dense(1, name="y")(inputs)})
    with pytest.raises(ConfigError, match="The views plain, flip are of pictures"):
        Pipeline(schema, model, views="mirrored")


# --- a trained model and other pictures, whatever their columns are called


def test_a_model_is_judged_on_folders_and_tables_whatever_their_columns_are_called(run, tmp_path):
    other = fill(tmp_path / "other", 4)
    table_of(other, other / "labels.csv")  # columns "file" and "colour"
    by_folder, by_table = (
        zoo.evaluate(run, data=str(each), baselines="none") for each in (other, other / "labels.csv")
    )
    assert by_table.sizes["test"] == 12
    assert by_table.scores[0]["model"] == by_folder.scores[0]["model"]
    table_of(other, other / "two.csv", size=range(12))
    with pytest.raises(ConfigError, match="colour, size: name a column 'label'"):
        zoo.evaluate(run, data=str(other / "two.csv"), baselines="none")
    named = zoo.evaluate(run, data=str(other / "two.csv"), data_options={"targets": ["colour"]}, baselines="none")
    assert named.scores[0]["model"] == by_folder.scores[0]["model"]


@pytest.mark.parametrize(
    ("targets", "renamed"),
    [
        ({"breed": "classification"}, ["photo", "breed"]),
        ({"breed": "classification", "weight": "regression"}, ["photo", "breed", "weight"]),
    ],
)
def test_the_folders_of_pictures_are_labels_of_the_only_target_of_classes(targets, renamed):
    rows = {"": pd.DataFrame({"picture": ["a.png"], "label": ["cat"]})}
    found, column, _ = as_trained(rows, "picture", targets, {"picture": "photo", "targets": targets})
    assert column == "photo"
    assert list(found[""].columns) == renamed
    assert found[""]["breed"].tolist() == ["cat"]
    assert "weight" not in targets or found[""]["weight"].isna().all()


def test_folders_that_could_be_labels_of_two_targets_are_refused():
    rows = {"": pd.DataFrame({"picture": ["a.png"], "label": ["cat"]})}
    targets = {"breed": "classification", "tame": "binary"}
    with pytest.raises(ConfigError, match="any of breed, tame"):
        as_trained(rows, "picture", targets, {"picture": "photo", "targets": targets})


def test_labels_that_cannot_be_learnt_or_differ_in_case_alone_are_told(tmp_path):
    fill(tmp_path / "all" / "train", 8, ("red", "blue"))
    (tmp_path / "all" / "test" / "Red").mkdir(parents=True)
    for number in range(3):
        photo(COLOURS["green"], number).save(tmp_path / "all" / "test" / "Red" / f"{number}.png")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        read_pictures(tmp_path / "all")
    said = " ".join(str(each.message) for each in told)
    assert "no picture to train on has the label 'Red' of 'label'" in said
    assert "'Red' and 'red' of 'label' differ in case alone" in said


def test_pictures_without_the_label_by_which_they_are_split_are_shared_out(folder):
    shade = [float(number) for number in range(36)]
    colour = [None if number % 5 == 0 else "red" if number % 2 else "blue" for number in range(36)]
    path = table_of(folder, folder / "labels.csv", colour=colour, shade=shade)
    table = read_pictures(path, targets={"colour": "binary", "shade": "regression"})
    assert sum(map(len, (table.train, table.validation, table.test))) == 36
    assert table.dataset().train.targets["colour"].min() == -1


def test_a_folder_that_changed_since_its_training_is_told(run):
    more = run.parent / "photos" / "red" / "99.png"
    photo((9, 9, 9), 7).save(more)
    said = []
    changes = {"epochs": 1, "batch_size": 8, "baselines": "none", "data_options": {"size": 16}, "tell": said.append}
    try:
        with pytest.raises(ConfigError, match="the rows to train on are not those that it began with"):
            zoo.train("mnist_cnn_tiny", run.parent / "photos", folder=run, **changes)
        with pytest.warns(UserWarning, match="has changed since the training: 37 rows, then 36"):
            zoo.evaluate(run, baselines="none")
    finally:
        more.unlink()
    first = run.parent / "photos" / "blue" / "00.png"  # as many pictures in another order: split otherwise
    first.rename(last := first.with_name("99.png"))
    with pytest.warns(UserWarning, match="has changed since the training, in as many rows"):
        zoo.evaluate(run, baselines="none")
    last.rename(first)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        zoo.evaluate(run, baselines="none")
    assert said[0] == "27 pictures to train on, 3 to validate, 7 to test; 3 classes of label: blue, green, red."
    assert said[1].startswith("Pictures are read as 16 x 16 pixels, colours, and brought to the mean")


# --- what training sees


def test_the_picture_of_a_batch_is_that_of_the_training(folder, tmp_path, capsys):
    command = ["show-batch", "mnist_cnn_tiny", "--data", str(folder), "--size", "16", "--augmentation", "light"]
    assert main([*command, "--epoch", "2", "--out", str(tmp_path / "batch.png")]) == 0
    assert "16 pictures of a batch" in capsys.readouterr().out
    assert Image.open(tmp_path / "batch.png").width > 500
    options = {"data_options": {"size": 16}, "augmentation": "light"}
    shown = zoo.show_batch("mnist_cnn_tiny", folder, tmp_path / "again.png", epoch=1, **options)
    (pictures,) = shown.pictures.values()
    assert (pictures.shape, pictures.dtype) == ((16, 16, 16, 3), np.uint8)
    assert set(shown.labels) <= set(COLOURS)
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "batch.png").read_bytes()


@pytest.mark.parametrize("given", ["0", "-4", "12.5", "3x4x5", "big"])
def test_a_size_that_is_none_is_told(folder, given, capsys):
    assert main(["show-batch", "mnist_cnn_tiny", "--data", str(folder), f"--size={given}"]) == 2
    assert "as 96, nor HEIGHTxWIDTH, as 64x96" in " ".join(capsys.readouterr().err.split())


def test_an_unknown_label_is_told_with_its_row_of_the_file_whatever_rows_are_left_out(run, folder, tmp_path):
    table_of(folder, folder / "all.csv")
    rows = pd.read_csv(folder / "all.csv").astype(object)
    rows.loc[0, "colour"], rows.loc[1, "file"], rows.loc[9, "colour"] = None, "gone.png", "GREEN"
    rows.to_csv(folder / "all.csv", index=False)
    with pytest.raises(DataError, match=r"unknown label 'GREEN' in row 10; did you mean 'green'\? Known: 'blue'"):
        zoo.evaluate(run, data=str(folder / "all.csv"))


@pytest.mark.parametrize("run_is", ["RUN", "RUN/model.keras"])
def test_a_run_is_inspected_by_its_folder_or_its_file(run, tmp_path, run_is):
    written = tmp_path / "found.json"
    assert main(["inspect", run_is.replace("RUN", str(run)), "--rows", "3", "--json", str(written)]) == 0
    assert "conv1_1" in written.read_text()


def test_of_several_columns_of_pictures_the_one_that_is_said_is_read(tmp_path):
    files = sorted(fill(tmp_path / "photos").rglob("*.png"))
    path = table_of(tmp_path / "photos", tmp_path / "photos" / "two.csv", other=[each.name for each in files])
    with pytest.raises(DataError, match=r"several columns of pictures: file, other; say .*--types COLUMN=picture"):
        read_pictures(path, targets=["colour"])
    found = read_pictures(path, targets=["colour"], types={"file": "picture"})
    assert (found.card["picture"], len(found.train)) == ("file", 27)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["predict", "RUN"], "No file was given"),
        (["drift", "RUN", "."], "reads none of number"),
        (["show-batch", "mnist_cnn_tiny", "--data", "FOLDER", "--size", "16", "--batch", "99"], "none of --batch 99"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_command(run, folder, tmp_path, capsys, monkeypatch, words, told):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(), closed=False))
    monkeypatch.chdir(tmp_path)
    assert main([word.replace("RUN", str(run)).replace("FOLDER", str(folder)) for word in words]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
