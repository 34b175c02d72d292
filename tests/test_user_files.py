"""A user's file becomes a data set, or one clear sentence that names the file and the line."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.posts_files import GOOD, all_samples, jsonl, written
from zoo.columns.tokeniser import Tokeniser, words_of
from zoo.datasets.splits import split_people
from zoo.datasets.texts.build import cut
from zoo.datasets.texts.posts_file import GENDER_OF, check_text, read_file
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.tasks import list_datasets, load_dataset

ROOT = Path(__file__).parents[1]


def test_a_jsonl_file_becomes_a_data_set(tmp_path):
    data = load_dataset(written(tmp_path, jsonl(*GOOD)))
    assert list(data.targets) == ["age", "income", "gender"]
    assert data.targets["income"].labels == ("9k", "10k")  # in the order of their numbers
    assert data.targets["gender"].labels == ("man", "woman")
    assert [len(part) for part in all_samples(data)] == [14, 2, 4]
    seen = {}
    for part in all_samples(data):
        for i, text in enumerate(part.raw["posts"]):
            seen[text] = {name: part.targets[name][i] for name in data.targets}
            assert part.inputs["posts"][i].tolist()[:3] == data.schema.of("text")[0].tokeniser.encode(text).tolist()
    for i, row in enumerate(GOOD):
        assert seen[row["text"]] == {"age": 20 + i, "income": i // 2 % 2, "gender": i % 2}


def test_csv_and_jsonl_of_the_same_rows_give_the_same_arrays(tmp_path):
    table = io.StringIO()
    writer = csv.DictWriter(table, list(GOOD[0]))
    writer.writeheader()
    writer.writerows(GOOD)
    rows = [{**row, "age": str(row["age"])} for row in GOOD]
    # Rows stand one line further down in the CSV: a person column keeps the split from depending on that.
    people = [f"p{i}" for i in range(20)]
    lines = table.getvalue().splitlines()
    with_person = [lines[0] + ",person", *(f"{line},{who}" for line, who in zip(lines[1:], people, strict=True))]
    one = load_dataset(written(tmp_path, "\ufeff".encode() + "\r\n".join(with_person).encode(), "posts.CSV"))
    other = load_dataset(written(tmp_path, jsonl(*({**row, "person": p} for row, p in zip(rows, people, strict=True)))))
    for left, right in zip(all_samples(one), all_samples(other), strict=True):
        assert left.raw["posts"] == right.raw["posts"]
        assert np.array_equal(left.inputs["posts"], right.inputs["posts"])
        assert all(np.array_equal(left.targets[name], right.targets[name]) for name in one.targets)


def test_no_person_stands_in_two_splits(tmp_path):
    rows = [{"text": f"word {i}", "age": 30, "person": i % 12} for i in range(100)]
    data = read_file(written(tmp_path, jsonl(*rows)))
    people = [set(part.groups["person"]) for part in all_samples(data)]
    assert sum(map(len, people)) == len(set.union(*people)) == 12
    assert all(people)


def test_industry_may_stand_in_the_place_of_income(tmp_path):
    rows = [{"text": f"word {i}", "industry": ["Arts", "Law"][i % 2]} for i in range(20)]
    assert list(read_file(written(tmp_path, jsonl(*rows))).targets) == ["industry"]
    renamed = [{"body": row["text"], "salary": row["industry"]} for row in rows]
    data = read_file(written(tmp_path, jsonl(*renamed)), text_column="body", income_column="salary")
    assert list(data.targets) == ["income"]


def test_long_posts_are_cut_into_pieces_and_the_vocabulary_knows_the_training_texts_alone(tmp_path):
    rows = [{"text": f"only{i} " * 25, "age": 30, "person": i} for i in range(20)]
    data = read_file(written(tmp_path, jsonl(*rows)), words=10)
    assert {part.inputs["posts"].shape[1] for part in all_samples(data)} == {10}
    assert len(data.train) == 14 * 3  # 10, 10 and a rest of half a piece
    assert set(data.schema.of("text")[0].tokeniser.words) == {
        word for text in data.train.raw["posts"] for word in words_of(text)
    }
    assert set(np.unique(data.test.inputs["posts"])) == {0, 1}  # padding and unknown words


@given(st.text(), st.integers(1, 20))
def test_pieces_hold_the_words_of_the_text_in_order(text, words):
    pieces = cut(text, words)
    flat = [word for piece in pieces for word in words_of(piece)]
    whole = words_of(text)
    assert flat == whole[: len(flat)]
    assert len(whole) - len(flat) < max(words / 2, 1)
    chunk = max((len(words_of(part)) for part in text.split()), default=0)
    assert all(len(words_of(piece)) <= max(words, chunk) for piece in pieces)


@given(st.integers(10, 300), st.integers(1, 4), st.integers(0, 5))
def test_people_are_shared_out_70_10_20_in_every_stratum(people, kinds, seed):
    strata = {f"p{i}": i % kinds for i in range(people)}
    split_of = split_people(strata, seed=seed)
    counts = {name: list(split_of.values()).count(name) for name in ("train", "validation", "test")}
    assert counts["validation"] == max(1, round(0.1 * people))
    assert counts["test"] == max(1, round(0.2 * people))
    for kind in range(kinds):
        members = [split_of[person] for person in strata if strata[person] == kind]
        assert abs(members.count("test") - 0.2 * len(members)) < 2
    assert split_of == split_people(dict(reversed(strata.items())), seed=seed)


def test_another_seed_gives_another_split():
    strata = dict.fromkeys((f"p{i}" for i in range(50)), 0)
    assert split_people(strata, seed=0) != split_people(strata, seed=1)


@pytest.mark.parametrize("spelling", ["M", " male", "Man", "f", "FEMALE", "woman ", "w"])
def test_genders_are_spelt_in_many_ways(tmp_path, spelling):
    data = read_file(written(tmp_path, jsonl(*GOOD, {"text": "odd", "gender": spelling, "age": 40})))
    expected = data.targets["gender"].labels.index(GENDER_OF[spelling.strip().casefold()])
    [found] = [
        part.targets["gender"][part.raw["posts"].index("odd")]
        for part in all_samples(data)
        if "odd" in part.raw["posts"]
    ]
    assert found == expected


def test_a_text_in_another_script_trains_but_is_not_answered(tmp_path):
    data = read_file(written(tmp_path, jsonl(*GOOD, {"text": "привет всем!", "age": 30})))
    assert sum(map(len, all_samples(data))) == 21
    tokeniser = Tokeniser(["hello", "!"])
    check_text("Hello, мир", tokeniser)
    for text, said in [
        ("привет!", "The text 'привет!' has no word that the model knows"),
        ("", "The text is empty"),
        ("a" * 1_000_001, "The text has 1,000,001 characters"),
        ("\ud800", "surrogate"),
        ("!", "no word that the model knows"),
    ]:
        with pytest.raises(DataError, match=said):
            check_text(text, tokeniser)


def test_the_registry_names_the_nearest_spelling(tmp_path):
    assert {"blogs", "posts"} <= set(list_datasets())
    with pytest.raises(UnknownNameError, match="Unknown data set 'blog'; did you mean 'blogs'"):
        load_dataset("blog")
    with pytest.raises(UnknownNameError, match="option of a file of posts 'tex_column'; did you mean 'text_column'"):
        load_dataset(written(tmp_path, jsonl(*GOOD)), tex_column="body")
    with pytest.raises(UnknownNameError, match="did you mean 'seed'"):
        load_dataset("blogs", sed=1)
    with pytest.raises(ConfigError, match="seed must not be negative"):
        load_dataset(written(tmp_path, jsonl(*GOOD)), seed=-1)
    with pytest.raises(ConfigError, match="must be at least 1"):
        load_dataset(written(tmp_path, jsonl(*GOOD)), words=0)


def test_a_source_imports_no_framework():
    program = (
        "import sys; from zoo.datasets.texts.posts import posts; posts(people=30, validation=10, test=10);"
        "print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
