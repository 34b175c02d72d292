"""The same file gives the same categories however it was read; values never seen in training are told, or refused."""

import json

import numpy as np
import pandas as pd
import pytest

from zoo.columns import Schema, read_table
from zoo.columns.unseen import check_unseen
from zoo.errors import DataError, DataWarning

IDS = [str(8676220978733875968 + number) for number in range(3)]


def ways(folder, texts, types):
    """The same rows read in every way."""
    arrow = pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"c": texts, "y": np.arange(len(texts)) / 2})
    frame.to_csv(folder / "x.csv", index=False)
    pandas = pd.read_csv(folder / "x.csv", dtype_backend="pyarrow")
    pandas.to_parquet(folder / "x.parquet")
    values = [None if text == "" else text for text in texts]
    with open(folder / "x.jsonl", "w") as file:
        for value in values:
            bare = (value is not None and not value[:2].isdecimal()) or value in IDS  # JSON has no 01234
            file.write('{"c": %s, "y": 1.5}\n' % (value if bare else json.dumps(value)))
    yield from (read_table(folder / f"x.{ending}", types=types) for ending in ("csv", "parquet", "jsonl"))
    yield from (pandas, pd.read_csv(folder / "x.csv", dtype_backend="numpy_nullable"), arrow.Table.from_pandas(pandas))
    if "" not in texts:
        yield pd.read_csv(folder / "x.csv")


@pytest.mark.parametrize(
    "texts",
    [
        ["true", "false", "true"],
        ["true", "", "false"],
        ["01234", "02138", "00501"],
        ["1.50", "2.25", "1e3", "0.75"],
        ["1", "2", ""],
        IDS,
        [*IDS, ""],
    ],
    ids=str,
)
def test_the_same_file_gives_the_same_categories_however_it_was_read(tmp_path, texts):
    types = {"c": "category"}
    expected = [list(dict.fromkeys(each for each in texts if each)).index(text) if text else -1 for text in texts]
    for fitted in ways(tmp_path, texts, types):
        schema = Schema.fit(fitted, {"y": "regression"}, types=types)
        for rows in ways(tmp_path, texts, types):
            ids = schema.encode(rows, targets=False).inputs["c"]
            assert (ids > 1).tolist() == [place >= 0 for place in expected]
            assert len(set(zip(ids.tolist(), expected, strict=True))) == len(set(expected)) == len(set(ids.tolist()))


def test_a_number_that_may_be_two_texts_is_refused_and_texts_stay_apart():
    schema = Schema.fit(
        {"c": ["3.1", "3.10", "007"], "y": [1.0, 2.0, 3.0]}, {"y": "regression"}, types={"c": "category"}
    )
    assert schema.encode({"c": ["3.10", "3.1", "7"]}).inputs["c"].tolist() == [3, 2, 1]
    assert schema.encode({"c": [7]}).inputs["c"].tolist() == [4]
    with pytest.raises(DataError, match=r"the number 3\.1, which may be '3.1', '3.10' of the training rows"):
        schema.encode({"c": [3.1]})


def test_labels_are_the_same_however_they_were_read():
    schema = Schema.fit({"x": [1, 2], "y": ["1.50", "02"]}, {"y": "binary"})
    assert schema.encode({"x": [1, 2], "y": [1.5, 2.0]}).targets["y"].tolist() == [0, 1]


def test_floats_that_cannot_tell_ids_apart_are_refused():
    frame = pd.DataFrame({"id": [int(IDS[0]), None], "y": [1.0, 2.0]})
    assert frame["id"].dtype == "float64"
    with pytest.raises(DataError, match="'id' holds 8676220978733876224 in row 1 as a float"):
        Schema.fit(frame, {"y": "regression"}, types={"id": "category"})


@pytest.fixture(scope="module")
def schema():
    return Schema.fit({"c": ["true-ish", "falsy"] * 10, "y": np.arange(20.0)}, {"y": "regression"})


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["new"], None),
        (["new"] * 9, "warns"),
        (["new"] * 10, "refuses"),
        (["new"] * 9 + ["falsy"], "warns"),
        (["new"] * 5 + ["falsy"] * 5, None),
        ([None] * 20 + ["new"], None),
    ],
    ids=lambda values: str(values)[:30],
)
@pytest.mark.filterwarnings("error")
def test_values_never_seen_are_told_and_from_ten_rows_refused(schema, values, told):
    frame = pd.DataFrame({"c": values})
    if told is None:
        check_unseen(schema.columns, frame, refuse=True)
        return
    sentence = r"'c' of the rows are none that training had, such as 'new'; training had values such as 'falsy'"
    with pytest.warns(DataWarning, match=sentence):
        check_unseen(schema.columns, frame)
    if told == "refuses":
        with pytest.raises(DataError, match="allow_unseen=True"):
            check_unseen(schema.columns, frame, refuse=True)


def test_rare_values_that_training_had_without_an_id_are_no_surprise():
    frame = pd.DataFrame({"c": [*(f"n{row}" for row in range(30)), *["often"] * 10], "y": np.arange(40.0)})
    rare = Schema.fit(frame, {"y": "regression"}, min_count=2)
    check_unseen(rare.columns, frame.iloc[:30], refuse=True)


def test_words_never_seen_are_told():
    texts = Schema.fit({"t": ["a cat sat", "a dog ran"], "y": [1.0, 2.0]}, {"y": "regression"}, types={"t": "text"})
    with pytest.warns(DataWarning, match="100% of the words .* such as 'eine'; training had words such as 'a'"):
        check_unseen(texts.columns, pd.DataFrame({"t": ["eine Katze", "ein Hund"]}))
