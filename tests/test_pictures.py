"""Pictures of the user's own are read and split; what cannot be is told in a sentence."""

import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.photo_folders import COLOURS, fill, photo, table_of
from zoo.columns import PictureColumn, Schema
from zoo.datasets.pictures.facts import Facts, clusters_of, facts_of, same_picture
from zoo.datasets.pictures.pictures_file import read_pictures
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.lazy_array import LazyArray


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "photos")


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
    images = [Facts(28, 28, 0, np.asarray(Image.fromarray(page).resize((32, 32)))) for page in pages]
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


def test_a_mark_too_small_for_the_comparison_is_told(tmp_path):
    fill(tmp_path / "photos")
    marked = Image.open(tmp_path / "photos" / "red" / "00.png")
    marked.putpixel((5, 5), tuple(min(value + 8, 255) for value in marked.getpixel((5, 5))))
    marked.save(tmp_path / "photos" / "blue" / "marked.png")
    with pytest.warns(DataWarning, match=r"another label of .label., or nearly, .* read large enough to show it"):
        read_pictures(tmp_path / "photos")


def test_what_a_camera_that_stands_still_sees_with_and_without_a_scratch_are_no_copies(tmp_path):
    random = np.random.default_rng(0)
    part = np.asarray(photo((90, 120, 150), 0).resize((200, 160), Image.Resampling.BICUBIC), np.float64)
    for number in range(16):
        seen = np.clip(part + random.normal(0, 3, part.shape), 0, 255)
        if number >= 8:
            x, y = random.integers(20, 120, 2)
            seen[y : y + 2, x : x + 60] = 250
        Image.fromarray(seen.astype(np.uint8)).save(tmp_path / f"{number:02}.jpg", quality=90)
    facts = facts_of(sorted(tmp_path.glob("*.jpg")))
    clusters = clusters_of(facts)
    assert len(set(clusters[:8].tolist())) == 1  # the same part, which nothing tells apart
    assert len(set(clusters[8:].tolist())) == 8
    assert not set(clusters[8:].tolist()) & set(clusters[:8].tolist())
