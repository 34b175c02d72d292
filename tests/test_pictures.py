"""Pictures of the user's own are read, split, trained on and predicted for; what cannot be is told in a sentence."""

import shutil
import warnings
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zoo
from zoo.cli import main
from zoo.columns import PictureColumn, Schema
from zoo.datasets.pictures.as_trained import as_trained
from zoo.datasets.pictures.facts import Facts, clusters_of, facts_of, same_picture
from zoo.datasets.pictures.pictures_file import read_pictures
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.lazy_array import LazyArray
from zoo.pipeline import Pipeline
from zoo.tasks import inspect

COLOURS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 50, 40)}


def photo(colour, seed, size=(24, 20)):
    """A picture (width, height) of coarse noise about a colour: no two are alike."""
    random = np.random.default_rng([seed, sum(colour)])
    coarse = np.clip(np.array(colour) + random.normal(0, 40, (5, 6, 3)), 0, 255).astype(np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR)


def fill(folder, count=12, classes=tuple(COLOURS)):
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            photo(COLOURS[name], number).save(folder / name / f"{number:02}.png")
    return folder


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


def names_of(table):
    return [set(part["picture"]) for part in (table.train, table.validation, table.test)]


# --- a folder


def test_a_folder_of_folders_is_split_with_its_classes_alike(folder):
    table = read_pictures(folder)
    assert [len(part) for part in (table.train, table.validation, table.test)] == [27, 3, 6]
    assert set(table.test["label"]) == set(COLOURS)
    assert set.union(*names_of(table)) == {str(path) for path in folder.rglob("*.png")}
    dataset = table.dataset()
    assert dataset.train.inputs["image"].shape == (27, 20, 24, 3)
    assert dataset.targets["label"].labels == tuple(COLOURS)


def test_a_folder_split_already_stays_so(tmp_path):
    for name, count in (("train", 10), ("test", 3)):
        fill(tmp_path / "all" / name, count, ("red", "blue"))
    for number in range(3):  # other pictures than those trained on
        for name in ("red", "blue"):
            photo(COLOURS[name], 100 + number).save(tmp_path / "all" / "test" / name / f"{number:02}.png")
    table = read_pictures(tmp_path / "all")
    assert names_of(table)[2] == {str(path) for path in (tmp_path / "all" / "test").rglob("*.png")}
    assert len(table.train) + len(table.validation) == 20
    assert len(table.validation) == 2


def test_a_training_picture_that_judges_is_left_out_and_told(tmp_path):
    for name in ("train", "valid", "test"):
        fill(tmp_path / name, 4, ("red", "blue"))
    with pytest.warns(UserWarning, match="copies"), pytest.raises(DataError):
        read_pictures(tmp_path).dataset()


def test_copies_in_other_sizes_and_formats_stand_in_one_split(folder):
    for number in range(12):
        source = Image.open(folder / "red" / f"{number:02}.png")
        source.resize((72, 60), Image.Resampling.BILINEAR).save(folder / "red" / f"copy{number:02}.jpg", quality=95)
    for seed in range(3):
        for part in names_of(read_pictures(folder, seed=seed)):
            originals = {name for name in part if "red" in name and "copy" not in name}
            copies = {name.replace(".png", ".jpg").replace("red/", "red/copy") for name in originals}
            assert {name for name in part if "copy" in name} == copies


def test_other_pictures_are_no_copies(folder):
    facts = facts_of(sorted(folder.rglob("*.png")))
    assert len(set(clusters_of(facts).tolist())) == len(facts) == 36
    assert same_picture(facts[0], facts[0])
    assert not same_picture(facts[0], facts[1])


def test_drawings_are_no_copies_of_each_other():
    random = np.random.default_rng(0)
    pages = [np.full((28, 28), 255, np.uint8) for _ in range(40)]
    for page in pages:
        x, y = random.integers(2, 20, 2)
        page[y : y + 6, x : x + 6] = 0
    images = [Facts(28, 28, 0, np.asarray(Image.fromarray(page).resize((16, 16)))) for page in pages]
    assert len(set(clusters_of(images).tolist())) > 30


# --- what cannot be read


def test_damaged_files_are_named_and_left_out_or_refused(folder):
    (folder / "red" / "00.png").write_bytes(b"")
    whole = (folder / "red" / "01.png").read_bytes()
    (folder / "red" / "01.png").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match="2 of 36 pictures .*00.png.*left out"):
        table = read_pictures(folder)
    assert len(table.card["left_out"]) == 2
    with pytest.raises(DataError, match="2 of 36 pictures"):
        read_pictures(folder, damaged="refuse")
    with pytest.raises(UnknownNameError, match="leave out"):
        read_pictures(folder, damaged="leave-out")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: shutil.rmtree(folder), "no folder or file"),
        (lambda folder: [shutil.rmtree(path) for path in folder.iterdir()], "holds no picture"),
        (lambda folder: [shutil.rmtree(folder / name) for name in ("red", "blue")], "the same 'label', 'green'"),
        (lambda folder: (folder / "white").mkdir(), "without any picture: white"),
        (lambda folder: [path.unlink() for path in folder.rglob("*.png") if path.stem > "01"], "at least 10|than 2"),
    ],
)
def test_a_folder_that_cannot_be_learnt_from_is_told_in_a_sentence(folder, prepare, said):
    prepare(folder)
    with pytest.raises(DataError, match=said):
        read_pictures(folder)


def test_loose_pictures_are_told_what_is_missing(tmp_path):
    photo(COLOURS["red"], 0).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="1 pictures and no folder; expected a folder for each class"):
        read_pictures(tmp_path)


def test_links_in_circles_and_hidden_files_are_passed_over(folder):
    (folder / "loop").symlink_to(folder)
    (folder / "red" / "._00.png").write_bytes(b"resource fork")
    (folder / ".cache").mkdir()
    assert sum(map(len, names_of(read_pictures(folder)))) == 36


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_of_pixels_is_read(tmp_path, mode):
    image = photo((120, 120, 120), 1)
    made = (
        Image.fromarray(np.asarray(image.convert("L")).astype("uint16") * 257)
        if mode == "I;16"
        else image.convert(mode)
    )
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    made.save(path)
    column = PictureColumn.fit([str(path)], "photo", size=16)
    assert column.encode([str(path)])[:].shape == (1, 16, 16, column.channels)
    assert column.channels == (1 if mode in ("L", "1", "I;16") else column.channels)


# --- a table, an archive


def table_of(folder, path, **changes):
    files = sorted(folder.rglob("*.png"))
    rows = {"file": [str(each.relative_to(folder)) for each in files], "colour": [each.parent.name for each in files]}
    pd.DataFrame({**rows, **changes}).to_csv(path, index=False)
    return path


def test_a_table_names_pictures_relative_to_itself(folder, tmp_path, monkeypatch):
    path = table_of(folder, folder / "labels.csv")
    monkeypatch.chdir(tmp_path)
    table = read_pictures(path)
    assert list(table.targets) == ["colour"]
    assert table.dataset().test.inputs["image"][:].shape == (6, 20, 24, 3)


def test_a_column_split_divides_a_table(folder):
    split = ["train"] * 20 + ["dev"] * 8 + ["test"] * 8
    split = [split[(5 * number) % 36] for number in range(36)]  # every colour in every one
    table = read_pictures(table_of(folder, folder / "labels.csv", split=split))
    assert list(table.targets) == ["colour"]
    assert [len(part) for part in (table.validation, table.test)] == [8, 8]
    with pytest.raises(ConfigError, match="divides its rows"):
        read_pictures(folder / "labels.csv", targets=["split"])
    table_of(folder, folder / "labels.csv", split=["somewhere"] * 36)
    with pytest.raises(DataError, match="must be train, validation or test; row 1 has 'somewhere'"):
        read_pictures(folder / "labels.csv")


def test_a_table_may_have_several_targets_and_people(folder):
    shade = [float(number % 7) + 0.5 for number in range(36)]
    who = [f"p{number // 2}" for number in range(36)]
    path = table_of(folder, folder / "labels.csv", shade=shade, who=who)
    with pytest.raises(ConfigError, match="colour, shade, who"):
        read_pictures(path)
    table = read_pictures(path, targets=["colour", "shade"], group="who")
    people = [set(part["who"]) for part in (table.train, table.validation, table.test)]
    assert sum(map(len, people)) == len(set.union(*people)) == 18
    assert {name: target.kind for name, target in table.dataset().targets.items()} == {
        "colour": "classification",
        "shade": "regression",
    }


def test_a_table_of_addresses_or_missing_files_is_told(folder):
    path = table_of(folder, folder / "labels.csv", file=["https://example.org/a.png"] * 36)
    with pytest.raises(DataError, match="addresses"):
        read_pictures(path)
    path = table_of(folder, folder / "labels.csv", file=["nowhere.png"] * 36)
    with pytest.raises(DataError, match=r"36 of 36 pictures .* cannot be read: There is no photo"):
        read_pictures(path)


def test_an_archive_is_read_as_its_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "data"))
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder.parent))
    assert sum(map(len, names_of(read_pictures(tmp_path / "photos.zip")))) == 36
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 not really")
    with pytest.raises(DataError, match="no zip file"):
        read_pictures(tmp_path / "broken.zip")


# --- the column


def test_size_colours_and_brightness_are_learnt_of_training_pictures():
    grey = [np.full((12, 10), value, np.uint8) for value in (0, 100, 200)]
    column = PictureColumn.fit(grey, "digit")
    assert (column.height, column.width, column.channels) == (12, 10, 1)
    assert column.mean[0] == pytest.approx(100)
    numbers = column.encode(grey)[:]
    assert numbers.mean() == pytest.approx(0, abs=1e-5)
    assert numbers.std() == pytest.approx(1, abs=1e-3)
    assert Schema.from_json(
        Schema.fit(pd.DataFrame({"digit": grey, "y": [1.0, 2.0, 3.0]}), {"y": "regression"}, types={"digit": "picture"})
        .to_json()
    ).column("digit").mean == column.mean  # fmt: skip


def test_files_bytes_arrays_and_images_are_the_same_picture(folder):
    path = folder / "red" / "03.png"
    column = PictureColumn.fit([str(path)], "photo", size=(16, 20))
    given = [str(path), path, path.read_bytes(), np.asarray(Image.open(path)), Image.open(path)]
    found = column.encode(given)[:]
    assert found.shape == (5, 16, 20, 3)
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "no picture in row 2"), (3.5, "must hold pictures"), ("nowhere.png", "no photo at 'nowhere.png'")],
)
def test_what_is_no_picture_is_told(folder, value, said):
    good = str(folder / "red" / "03.png")
    column = PictureColumn.fit([good], "photo", size=16)
    with pytest.raises(DataError, match=said):
        column.encode([good, value])[:]


def test_a_file_that_breaks_while_training_is_replaced_and_told(folder):
    files = [str(path) for path in sorted((folder / "red").iterdir())]
    pictures = PictureColumn.fit(files, "photo", size=16).encode(files)
    (folder / "red" / "05.png").write_bytes(b"gone")
    with pytest.warns(UserWarning, match="05.png .*in its place"):
        rows = pictures.decoded(np.arange(12), lenient=True)
    assert (rows[5] == 127).all()
    with pytest.raises(DataError, match=r"05\.png"):
        pictures[:]


def test_a_moved_folder_is_the_same_data_and_a_changed_file_is_not(folder, tmp_path):
    def fingerprint(place):
        files = [str(path) for path in sorted((place / "red").iterdir())]
        return PictureColumn("photo", height=8, width=8).encode(files).fingerprint

    before = fingerprint(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert fingerprint(tmp_path / "elsewhere") == before
    photo((1, 2, 3), 99).resize((90, 90)).save(folder / "red" / "03.png")
    assert fingerprint(folder) != before


def test_pictures_of_one_name_and_size_are_told_apart(tmp_path):
    found = []
    for seed in (0, 1):
        (tmp_path / str(seed) / "red").mkdir(parents=True)
        path = tmp_path / str(seed) / "red" / "00.bmp"
        photo(COLOURS["red"], seed).save(path)
        found.append((path.stat().st_size, PictureColumn("photo", height=8, width=8).encode([path]).fingerprint))
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]


def test_numpy_does_not_decode_a_lazy_array_by_accident():
    with pytest.raises(TypeError, match="decoded as a whole"):
        np.asarray(LazyArray([1], lambda item: np.zeros(2), shape=(2,), dtype="float32"))


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
    assert said[0] == "27 pictures to train on, 3 to validate, 7 to test; 3 classes of label."
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
