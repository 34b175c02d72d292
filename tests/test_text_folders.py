"""Folders of texts: a file a text, classes by the names of the folders they stand in."""

import pytest

import zoo
from zoo.datasets.texts.text_folders import texts_below
from zoo.errors import DataError
from zoo.tasks.evaluation import file_options

WORDS = {"1": "the goal of the match was late", "2": "butter and flour for the dough"}


def write(folder, count=12):
    for label, text in WORDS.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            (folder / label / f"{number}.txt").write_text(f"{text} {number}")
    return folder


def test_a_folder_of_folders_is_classes_whose_names_are_no_numbers(tmp_path):
    data = zoo.load_dataset(write(tmp_path / "texts"))
    assert data.targets["label"].labels == ("1", "2")
    assert data.targets["label"].kind == "binary"
    assert [len(part) for part in (data.train, data.validation, data.test)] == [18, 2, 4]


def test_split_folders_are_the_splits(tmp_path):
    for split, count in (("train", 6), ("test", 3)):
        write(tmp_path / split, count)
    with pytest.warns(UserWarning, match="6 of the 6 texts of the test file stand in the training file"):
        data = zoo.load_dataset(tmp_path)
    assert len(data.test) == 6
    assert len(data.train) + len(data.validation) == 12
    with pytest.raises(DataError, match="has a folder for the test split already; leave"):
        zoo.load_dataset(tmp_path, test=tmp_path / "test")


def test_all_texts_below_are_rows_to_predict(tmp_path):
    write(tmp_path, 2)
    (tmp_path / "loose.txt").write_bytes("grün".encode("utf-16"))
    (tmp_path / "notes.md").write_text("no text of the folder")
    found = texts_below(tmp_path)
    assert found["file"].tolist() == ["loose.txt", "1/0.txt", "1/1.txt", "2/0.txt", "2/1.txt"]
    assert found["text"][0] == "grün"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "3").mkdir(), "a folder without any text: 3; remove it"),
        (lambda folder: (folder / "1" / "x.txt").write_bytes("grün".encode("cp1252")), r"x.txt is not in UTF-8 \(byte"),
        (lambda folder: (folder / "1" / "x.txt").write_text("a" * 1_000_001), "longer than 1,000,000 characters"),
    ],
)
def test_what_is_no_text_is_told(tmp_path, spoil, sentence):
    spoil(write(tmp_path / "texts"))
    with pytest.raises(DataError, match=sentence):
        zoo.load_dataset(tmp_path / "texts")


def test_texts_without_a_folder_are_told(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(DataError, match="holds 1 texts and no folder; expected a folder for each class"):
        zoo.load_dataset(tmp_path)


def test_a_file_is_judged_by_a_model_of_a_folder(tmp_path):
    data = zoo.load_dataset(write(tmp_path / "texts"))

    class Trained:
        entry, schema, origin = "author_profile_small", data.schema, {"data_options": {"seed": 0}}

    file = tmp_path / "others.csv"
    file.write_text(
        "text,label\n" + "".join(f"{text} {n},{label}\n" for n in range(6) for label, text in WORDS.items())
    )
    options = file_options(Trained, str(file))
    judged = zoo.load_dataset(file, task="texts", whole=True, **options)
    assert judged.targets == data.targets
    assert len(judged.test) == 12
