"""Any bytes, JSON or CSV become a sound data set or one sentence, and what is accepted comes back as it was."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.posts_files import GOOD, all_samples, jsonl, written
from zoo.columns.rows import read_rows
from zoo.datasets.dataset import Dataset
from zoo.datasets.texts.posts_file import read_file
from zoo.errors import DataError, ZooError
from zoo.samples import present
from zoo.tasks import load_dataset


def test_any_label_may_be_missing_in_any_row(tmp_path):
    rows = [
        {"text": f"word {i}", **({"age": 30} if i % 3 else {"gender": "" if i % 2 else "Female"})} for i in range(60)
    ]
    data = read_file(written(tmp_path, jsonl(*rows)))
    assert list(data.targets) == ["age", "gender"]  # income never occurs
    assert sum(present(part.targets["age"]).sum() for part in all_samples(data)) == 40
    assert sum(present(part.targets["gender"]).sum() for part in all_samples(data)) == 10
    assert sum((part.targets["gender"] == 1).sum() for part in all_samples(data)) == 10


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


ROWS = st.lists(
    st.fixed_dictionaries(
        {"text": st.text(min_size=1, max_size=30) | JSON},
        optional={
            "age": st.integers(-5, 130) | JSON,
            "gender": st.sampled_from("mfx") | JSON,
            "income": JSON,
            "person": JSON,
        },
    )
    | JSON,
    max_size=14,
)


FUZZ = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(path: Path) -> Dataset | str:
    """The data set, or what the user is told; any other exception fails the test."""
    try:
        return load_dataset(path, words=5, vocabulary_size=20)
    except ZooError as error:
        return str(error)


def assert_sound(found: Dataset | str) -> None:
    if isinstance(found, str):
        assert found.endswith((".", "?"))
        assert "\n" not in found
    else:
        assert all(len(part) for part in all_samples(found))


@FUZZ
@given(rows=ROWS, ending=st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_any_json_gives_a_data_set_or_one_sentence(tmp_path, rows, ending):
    assert_sound(outcome(written(tmp_path, ending.join(map(json.dumps, rows)).encode())))


@FUZZ
@given(junk=st.binary(max_size=200), name=st.sampled_from(["a.jsonl", "a.csv"]), good=st.booleans())
def test_any_bytes_give_a_data_set_or_one_sentence(tmp_path, junk, name, good):
    start = (jsonl(*GOOD) if name == "a.jsonl" else b"text,age\n" + b"hi,3\n" * 12) if good else b""
    assert_sound(outcome(written(tmp_path, start + junk, name)))


@FUZZ
@given(table=st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=3), max_size=14))
def test_any_csv_gives_a_data_set_or_one_sentence(tmp_path, table):
    lines = io.StringIO()
    csv.writer(lines).writerows([["text", "gender"], *table])
    assert_sound(outcome(written(tmp_path, lines.getvalue().encode("utf-8", "surrogatepass"), "a.csv")))


PLAIN = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)


@FUZZ
@given(
    rows=st.lists(st.dictionaries(PLAIN, JSON.filter(lambda value: "nan" not in str(value)), max_size=4), min_size=1)
)
def test_every_accepted_json_row_round_trips(tmp_path, rows):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    try:
        found = read_rows(written(tmp_path, text.encode("utf-8", "surrogatepass")))
    except DataError:
        assert "Infinity" in text or any("\ud800" <= letter <= "\udfff" for letter in text) or "\0" in text
    else:
        assert [row.values for row in found] == rows
        assert [row.line for row in found] == list(range(1, len(rows) + 1))


@FUZZ
@given(table=st.lists(st.tuples(PLAIN, PLAIN), min_size=1))
def test_every_accepted_csv_row_round_trips(tmp_path, table):
    lines = io.StringIO()
    csv.writer(lines, quoting=csv.QUOTE_ALL).writerows([("one", "two"), *table])
    kept = [dict(zip(("one", "two"), row, strict=True)) for row in table if any(row)]
    path = written(tmp_path, lines.getvalue().encode(), "a.csv")
    if kept:
        assert [row.values for row in read_rows(path)] == kept
    else:
        with pytest.raises(DataError, match="no row"):
            read_rows(path)
