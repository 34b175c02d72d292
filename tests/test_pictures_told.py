"""What becomes of a user's pictures that a reader would not expect is told: none is lost, or wrong, in silence."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.photo_folders import COLOURS, fill, photo, table_of
from zoo.datasets.given_files import labelled
from zoo.datasets.joint.joint_file import read_joint_file
from zoo.datasets.pictures.facts import LOOKS, clusters_of, facts_of
from zoo.datasets.pictures.pictures_file import read_pictures
from zoo.errors import DataError
from zoo.pictures.photos import find_photos
from zoo.tasks.seen_files import tell_seen_files


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "photos")


def test_a_large_jpeg_keeps_its_own_size_though_it_is_decoded_at_a_part(tmp_path):
    photo(COLOURS["red"], 0, (800, 600)).save(tmp_path / "a.jpg")
    photo(COLOURS["red"], 0, (800, 600)).save(tmp_path / "turned.jpg", exif=_turned())
    sizes = [(each.width, each.height) for each in facts_of([tmp_path / "a.jpg", tmp_path / "turned.jpg"])]
    assert sizes == [(800, 600), (600, 800)]


def _turned():
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_pictures_beside_the_class_folders_are_told(folder):
    photo(COLOURS["red"], 99).save(folder / "loose.png")
    with pytest.warns(UserWarning, match="1 pictures stand in '.*photos' itself"):
        assert sum(map(len, _parts(read_pictures(folder)))) == 36


def test_folders_beside_those_of_splits_are_no_classes(tmp_path):
    for name, count in (("train", 12), ("dev", 3)):
        fill(tmp_path / name, count)
    with pytest.warns(UserWarning, match="copies"):
        table = read_pictures(tmp_path)
    assert set(table.validation["picture"].str.split("/").str[-3]) == {"dev"}
    fill(tmp_path / "val", 3)
    with pytest.raises(DataError, match="dev, train, val, of which two are of one split"):
        read_pictures(tmp_path)
    (tmp_path / "val").rename(tmp_path / "unlabelled")
    with pytest.raises(DataError, match="dev, train, which are splits, and beside them unlabelled"):
        read_pictures(tmp_path)


def test_a_picture_with_two_labels_is_told(folder):
    (folder / "blue" / "again.png").write_bytes((folder / "red" / "00.png").read_bytes())
    with pytest.warns(
        UserWarning, match="2 pictures of .* another label of 'label', or nearly, such as .*'blue'.*'red'"
    ):
        read_pictures(folder)


def test_a_table_without_a_picture_to_train_on_is_told(folder, tmp_path):
    path = table_of(folder, folder / "all.csv", split="test")
    with pytest.raises(DataError, match="no picture in the train split"):
        read_pictures(path)


def test_paths_written_as_on_windows_are_found(folder):
    rows = pd.read_csv(table_of(folder, folder / "all.csv"))
    rows.assign(file=rows["file"].str.replace("/", "\\")).to_csv(folder / "windows.csv", index=False)
    assert sum(map(len, _parts(read_pictures(folder / "windows.csv")))) == 36


def test_a_table_without_names_of_columns_is_told(folder):
    rows = pd.read_csv(table_of(folder, folder / "all.csv"))
    rows.to_csv(folder / "bare.csv", index=False, header=False)
    with pytest.raises(DataError, match="no line with the names of its columns: its first one holds"):
        read_pictures(folder / "bare.csv")
    rows.assign(colour=range(len(rows))).to_csv(folder / "bare.csv", index=False, header=False)
    with pytest.raises(DataError, match="no header, write one"):  # files of pictures take no `header=False`
        read_pictures(folder / "bare.csv")


def test_a_column_may_be_called_as_a_file_that_is_not_there(folder):
    rows = pd.read_csv(table_of(folder, folder / "all.csv"))
    rows.rename(columns={"file": "front.png"}).to_csv(folder / "front.csv", index=False)
    assert sum(map(len, _parts(read_pictures(folder / "front.csv")))) == 36


def test_a_folder_without_pictures_beside_those_of_splits_is_no_matter(tmp_path):
    for name, count in (("train", 12), ("test", 3)):
        fill(tmp_path / name, count)
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "00.xml").write_text("<box/>")
    with pytest.warns(UserWarning, match="copies"):
        assert len(read_pictures(tmp_path).test) == 9


def test_pictures_that_differ_in_colour_alone_are_no_copies(tmp_path):
    for name, colour in (("red", (200, 60, 60)), ("green", (60, 132, 60))):  # of one grey value
        (tmp_path / name).mkdir()
        for number, (x, y) in enumerate(np.random.default_rng(0).integers(1, 26, (12, 2))):
            pixels = np.full((48, 48, 3), 255, np.uint8)
            pixels[y : y + 15, x : x + 15] = colour
            Image.fromarray(pixels).save(tmp_path / name / f"{number:02}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_pictures(tmp_path)
    assert sum(map(len, _parts(table))) == 24
    image = Image.open(tmp_path / "red" / "00.png")
    image.save(tmp_path / "a.jpg", quality=40)
    image.convert("L").save(tmp_path / "grey.png")
    image.quantize(16).save(tmp_path / "a.gif")
    names = ("red/00.png", "a.jpg", "grey.png", "a.gif")
    assert len(set(clusters_of(facts_of([tmp_path / name for name in names])).tolist())) == 1


def test_labels_that_look_the_same_are_told(tmp_path):
    fill(tmp_path, classes=("caf\u00e9", "cafe\u0301"))
    for name in range(12):  # other pictures than those of the first class
        photo(COLOURS["red"], name).save(tmp_path / "cafe\u0301" / f"{name:02}.png")
    with pytest.warns(UserWarning, match="differ in how their letters are encoded alone, and are taken for two"):
        read_pictures(tmp_path)


def test_pictures_that_were_trained_on_are_told_wherever_they_stand(folder, tmp_path):
    table = read_pictures(folder)
    dataset = table.dataset()
    copies = tmp_path / "elsewhere"
    shutil.copytree(folder, copies)
    fill(tmp_path / "others", classes=("violet",))
    for path, count in ((copies, 27), (tmp_path / "others", 0)):
        trained = {"picture": "picture", "targets": {"label": "classification"}}
        judged = read_pictures(path, whole=True, trained_as=trained).test
        inputs = dataset.schema.encode(judged, targets=False)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            tell_seen_files(dataset.schema, dataset.train, inputs, "other")
        expected = [f"{count} of the 36 rows of 'other' have a picture that the model was trained on"] if count else []
        assert [str(each.message).partition(":")[0] for each in said] == expected


def test_a_row_without_a_path_is_left_out_as_one_whose_file_is_missing(folder):
    rows = pd.read_csv(table_of(folder, folder / "all.csv"))
    rows.loc[3, "file"] = None
    rows.loc[5, "file"] = "gone.png"
    rows.to_csv(folder / "some.csv", index=False)
    with pytest.warns(UserWarning, match="2 of 36 pictures .* a row has no path in 'file'; There is no photo"):
        table = read_pictures(folder / "some.csv")
    assert sum(map(len, _parts(table))) == 34
    assert all(each.width == 24 for each in table.test[LOOKS])
    with pytest.raises(DataError, match="no path"):
        read_pictures(folder / "some.csv", damaged="refuse")


def test_a_file_of_several_pictures_is_told(folder):
    pictures = [photo(COLOURS["red"], 50 + number) for number in range(3)]
    pictures[0].save(folder / "red" / "moving.gif", save_all=True, append_images=pictures[1:])
    with pytest.warns(UserWarning, match="1 files of .* are not read as a whole: .*moving.gif holds several pictures"):
        read_pictures(folder)


def test_hidden_files_are_neither_trained_on_nor_predicted_for(folder):
    (folder / "red" / ".previews").mkdir()
    photo(COLOURS["red"], 70).save(folder / "red" / ".previews" / "a.png")
    photo(COLOURS["red"], 71).save(folder / "red" / "._a.png")
    fill(folder, classes=("__background__",))
    expected = {str(path) for path in folder.rglob("*.png") if "/." not in str(path)}
    assert {name for part in _parts(read_pictures(folder)) for name in part["picture"]} == expected
    assert set(map(str, find_photos([folder]))) == expected


def test_pictures_that_rows_of_two_splits_share_are_told(folder):
    rows = pd.read_csv(table_of(folder, folder / "all.csv"))
    rows.assign(file=[rows["file"][number % 3] for number in rows.index]).to_csv(folder / "shared.csv", index=False)
    with pytest.warns(UserWarning, match="9 of the 9 rows to validate and to test have a picture in 'file' that"):
        read_joint_file(folder / "shared.csv", targets=["colour"])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        read_joint_file(folder / "all.csv", targets=["colour"])
    assert not [each for each in said if "rows to train on have too" in str(each.message)]


def test_rows_without_any_label_are_told():
    frame = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": ["x", None, "y"]})
    with pytest.warns(UserWarning, match="1 of the 3 rows of 'f.csv' have no label of 'a', 'b'"):
        assert labelled(frame, ["a", "b"], "f.csv")["b"].tolist() == ["x", "y"]


def test_pictures_without_a_label_are_told(folder):
    rows = pd.read_csv(table_of(folder, folder / "all.csv"))
    rows.loc[:3, "colour"] = None
    rows.to_csv(folder / "some.csv", index=False)
    with pytest.warns(UserWarning, match="4 of the 36 pictures of .* have no label of 'colour'"):
        read_pictures(folder / "some.csv")


def _parts(table):
    return table.train, table.validation, table.test
