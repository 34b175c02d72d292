"""What is wrong with a user's file is told in one sentence that names the file and the line."""

import csv

import pytest

from tests.posts_files import GOOD, jsonl, written
from zoo.columns.rows import LONGEST_LINE
from zoo.datasets.splits import split_people
from zoo.datasets.texts.posts_file import read_file
from zoo.errors import DataError
from zoo.samples import present
from zoo.tasks import load_dataset


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b"{bad\n", "line 21 is not JSON: "),
        (b"[1]\n", "line 21 must be a JSON object"),
        (b"[" * 100_000, "line 21 is not JSON that can be read"),
        (b'{"text": "a", "age": ' + b"1" * 5_000 + b"}", "line 21 is not JSON that can be read"),
        (b'{"text": "a", "age": NaN}', "line 21 is not JSON that can be read: NaN is not a number"),
        (b'{"text": "a", "text": "b"}', "line 21 .* a key stands in it twice"),
        (jsonl({"txt": "a"}), "line 21: the column 'text' is missing; did you mean 'txt'"),
        (jsonl({"text": "a", "gendr": "m"}), "line 21 has a column 'gendr'; did you mean 'gender'"),
        (jsonl({"text": " \n"}), "line 21: the text is empty"),
        (jsonl({"text": None}), "line 21: the text is empty"),
        (jsonl({"text": "\u200b"}), "line 21: the text is empty"),
        (jsonl({"text": 3}), "line 21: the text must be a string; received 3"),
        (jsonl({"text": "a" * 10_000_000}), "line 21: the text has 10,000,000 characters; at most 1,000,000"),
        (b'{"text": "' + b"a" * LONGEST_LINE, "line 21 is longer than 16 MiB"),
        (jsonl({"text": "a\0"}), "line 21: the text holds NUL"),
        (jsonl({"text": "\ud800"}), "line 21: the text holds .* surrogate"),
        (b'{"text": "a\0"}', "line 21 holds NUL bytes"),
        ('{"text": "é"}'.encode("latin-1"), "line 21 is not in UTF-8"),
        (jsonl({"text": "a", "age": "old"}), "line 21: the age must be a number of years; received 'old'"),
        (jsonl({"text": "a", "age": True}), "line 21: the age must be a number of years; received True"),
        (jsonl({"text": "a", "age": 121}), "line 21: the age must lie in 0 to 120 years; received 121"),
        (jsonl({"text": "a", "age": "-1"}), "line 21: the age must lie in 0 to 120"),
        (jsonl({"text": "a", "age": 10**400}), "line 21: the age must lie in 0 to 120"),
        (b'{"text": "a", "age": 1e999}', "line 21: the age must lie in 0 to 120 years; received inf"),
        (jsonl({"text": "a", "gender": "x"}), "line 21: the gender 'x' is unknown; write 'man' or 'woman'"),
        (jsonl({"text": "a", "gender": 1}), "line 21: the gender 1 is unknown"),
        (jsonl({"text": "a", "income": ["9k"]}), "line 21: the income must be a name or a number"),
        (jsonl({"text": "a", "income": "9" * 300}), "line 21: the income must be a short name"),
        (jsonl({"text": "a", "person": {}}), "line 21: the person must be a name or a number"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path, row, said):
    path = written(tmp_path, jsonl(*GOOD) + row)
    with pytest.raises(DataError, match=said) as caught:
        load_dataset(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'text,age\nhi,3\n"a\nb",old\n', "line 3: the age must be a number"),
        (b'text,age\nhi,3\n"a\nb\n', "line 3 is not CSV: unexpected end of data"),
        (b"text,age\nhi,3\na,b,c\n", "line 3 has 3 fields; the header has 2"),
        (b"text;age\nhi;3;4\n", "line 2 has 3 fields; the header has 2"),
        (b"text,text\nhi,3\n", "line 1: a column's name stands twice"),
        (b"body,age\nhi,3\n", "line 2: the column 'text' is missing; found: age, body"),
        (b"text,age\n" + b"a" * 10_000_000 + b",3\n", "line 2 is not CSV: field larger than field limit"),
        (b"text,age\n" + b"a" * 1_500_000 + b",3\n", "line 2: the text has 1,500,000 characters"),
        (b"text,age\nhi,\0\n", "line 2 holds NUL bytes"),
        (b"text,age\n", "is empty: it has no row"),
    ],
)
def test_a_bad_csv_is_named_by_file_and_line(tmp_path, content, said):
    limit = csv.field_size_limit()
    path = written(tmp_path, content, "posts.csv")
    with pytest.raises(DataError, match=said) as caught:
        load_dataset(path)
    assert str(path) in str(caught.value)
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", {}, "is empty: it has no row"),
        (b"\n \n", {}, "is empty: it has no row"),
        (jsonl(*GOOD).decode().encode("utf-16")[:-1], {}, "is not in UTF-16: truncated data"),
        (
            jsonl(*({"text": row["text"]} for row in GOOD)),
            {},
            "all labels are missing; at least one of .*'age', 'income'",
        ),
        (jsonl(*GOOD[:3]), {}, "holds texts of 3 people; .* needs 10"),
        (jsonl(*({**row, "person": "ann"} for row in GOOD)), {}, "holds texts of 1 people"),
        (jsonl(*({**row, "income": 7} for row in GOOD)), {}, "must have 2 to 100 different groups; it has 1,"),
        (
            jsonl(*({**row, "income": i} for i, row in enumerate(GOOD * 6))),
            {},
            "2 to 100 different groups; it has 120,",
        ),
        (jsonl(*({**row, "industry": "Arts"} for row in GOOD)), {}, "a column 'income' and a column 'industry'"),
        (jsonl(*GOOD), {"age_column": "years"}, "has no column 'years'; found: age, gender, income, text"),
        (jsonl(*GOOD), {"income_column": "industry"}, "has no column 'industry'"),
    ],
)
def test_a_bad_file_is_named(tmp_path, content, options, said):
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=said) as caught:
        load_dataset(path, **options)
    assert str(path) in str(caught.value)


def test_a_label_that_no_training_person_has_is_named(tmp_path):
    rows = [{"text": f"word {i}", "gender": "m", "person": i} for i in range(10)]
    path = written(tmp_path, jsonl(*rows[:-1], {**rows[-1], "age": 30}))
    strata = {str(i): (3.0 if i == 9 else None, "man") for i in range(10)}
    seed_of = {split_people(strata, seed=seed)["9"]: seed for seed in range(30)}
    assert present(read_file(path, seed=seed_of["train"]).train.targets["age"]).sum() == 1
    for split in ("validation", "test"):
        with pytest.raises(DataError, match="Too few samples with 'age' in 'posts': none of the people to train on"):
            read_file(path, seed=seed_of[split])


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for path, said in [
        (tmp_path / "folder.csv", "is no plain file"),
        (tmp_path / "none.jsonl", "is not there"),
        (tmp_path / "posts.doc", r"must end in \.jsonl or \.csv"),
        (tmp_path, r"holds no file of a known kind; expected a folder for each class with posts \(.txt\); pictures"),
        ("a\0.csv", "is not there|cannot be read"),
    ]:
        with pytest.raises(DataError, match=said):
            load_dataset(path)
