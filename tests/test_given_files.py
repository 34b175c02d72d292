"""Files given for validation and test are used as they are; a file that is judged is scored whole."""

import warnings

import numpy as np
import pandas as pd
import pytest

from zoo.datasets.pairs.pairs_file import read_pairs
from zoo.datasets.splits import split_people
from zoo.datasets.tables.table_file import read_table_file
from zoo.datasets.texts.posts_file import read_file
from zoo.datasets.texts.texts_file import read_texts_file
from zoo.errors import DataError, DataWarning
from zoo.tasks import load_dataset


def flats(rows, start=0):
    numbers = np.arange(start, start + rows)
    return pd.DataFrame({"area": numbers, "code": [f"{n:03}" for n in numbers % 7], "price": numbers * 2.5 + 0.25})


def texts(rows, start=0):
    words = [f"word{n} of number {n}" for n in range(start, start + rows)]
    return pd.DataFrame({"text": words, "good": ["yes", "no"] * (rows // 2), "person": [f"p{n}" for n in range(rows)]})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    for name, rows, start in (("first", 40, 0), ("second", 10, 100), ("third", 6, 200)):
        flats(rows, start).to_csv(folder / f"{name}.csv", index=False)
        texts(rows, start).drop(columns="person").to_csv(folder / f"{name}_texts.csv", index=False)
        texts(rows, start).rename(columns={"good": "gender"}).replace({"yes": "m", "no": "f"}).assign(
            person=[f"{name} {n}" for n in range(rows)]
        ).to_csv(folder / f"{name}_posts.csv", index=False)
        pairs = {
            "left": [f"dog{start + n} runs" for n in range(rows)],
            "right": [f"cat{start + n}" for n in range(rows)],
        }
        pd.DataFrame({**pairs, "score": np.arange(rows) % 6}).to_csv(folder / f"{name}_pairs.csv", index=False)
    return folder


def read(kind, files, **given):
    """Numbers of rows of the three splits."""
    readers = {
        "": (read_table_file, {"targets": ["price"]}),
        "_texts": (read_texts_file, {"targets": ["good"], "text": "text"}),
        "_posts": (read_file, {}),
        "_pairs": (read_pairs, {}),
    }
    reader, options = readers[kind]
    given = {split: value if value is True else files / f"{value}{kind}.csv" for split, value in given.items()}
    found = reader(files / f"first{kind}.csv", **options, **given)
    return [len(part) for part in (found.train, found.validation, found.test)]


KINDS = pytest.mark.parametrize("kind", ["", "_texts", "_posts", "_pairs"])


@KINDS
@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ({}, [28, 4, 8]),
        ({"test": "third"}, [35, 5, 6]),
        ({"validation": "second"}, [31, 10, 9]),
        ({"validation": "second", "test": "third"}, [40, 10, 6]),
        ({"whole": True}, [40, 40, 40]),
    ],
)
def test_files_given_are_splits_and_the_rest_is_shared_out(kind, given, sizes, files):
    found = read(kind, files, **given)
    assert sum(found) == sum(sizes)
    np.testing.assert_allclose(found, sizes, atol=1)  # of every label alike, which is rounded
    for place, split in enumerate(("train", "validation", "test")):
        assert found[place] == sizes[place] or split not in given


@KINDS
def test_a_file_of_a_few_rows_is_read_whole(kind, files, tmp_path):
    pd.read_csv(files / f"first{kind}.csv", dtype=str).head(3).to_csv(tmp_path / f"first{kind}.csv", index=False)
    assert read(kind, tmp_path, whole=True) == [3, 3, 3]


def test_a_given_file_is_read_with_the_kinds_of_the_first(files):
    table = read_table_file(
        files / "first.csv", targets=["price"], types={"code": "category"}, test=files / "third.csv"
    )
    assert table.test["code"].astype(str).tolist() == [f"{n % 7:03}" for n in range(200, 206)]
    assert table.card["split"] == "test as given, the rest at random"


def test_nothing_of_a_given_file_goes_into_the_schema(files):
    data = load_dataset(
        files / "first_texts.csv", task="texts", targets=["good"], text="text", test=files / "third_texts.csv"
    )
    words = data.schema.of("text")[0].tokeniser.words
    assert {"word1", "word2", "word3"} & set(words)
    assert not {f"word{number}" for number in range(200, 206)} & set(words)


def test_a_given_file_without_a_column_of_the_first_is_refused(files, tmp_path):
    flats(6).rename(columns={"area": "aera"}).to_csv(tmp_path / "renamed.csv", index=False)
    with pytest.raises(DataError, match=r"file of the test split, .*renamed\.csv.*lacks 'area'.*'aera'"):
        read_table_file(files / "first.csv", targets=["price"], test=tmp_path / "renamed.csv")


def test_a_label_that_training_never_saw_is_refused(files, tmp_path):
    pd.DataFrame({"text": ["a new text here"], "good": ["perhaps"]}).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="no training row has the label 'perhaps'"):
        load_dataset(files / "first_texts.csv", task="texts", targets=["good"], text="text", test=tmp_path / "new.csv")


@KINDS
def test_rows_that_stand_in_two_files_are_told(kind, files):
    with pytest.warns(DataWarning, match="40 of the 40 .* of the test file stand in the training file too"):
        read(kind, files, test="first")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".* are none that training had")  # words of few made-up rows
        read(kind, files, validation="second", test="third")


def test_a_share_of_nothing_gives_a_split_without_people():
    split = split_people({f"p{n}": "" for n in range(40)}, seed=0, shares=(0.25, 0.0))
    assert sorted(split.values()).count("validation") == 10
    assert "test" not in split.values()
