"""A user's file becomes a data set, or one clear sentence that names the file and the line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo.datasets import list_datasets, load_dataset
from zoo.datasets.dataset import Dataset
from zoo.datasets.rows import LONGEST_LINE, read_rows
from zoo.datasets.splits import split_people
from zoo.datasets.texts import cut
from zoo.datasets.tokeniser import Tokeniser, words_of
from zoo.datasets.user_file import GENDER_OF, check_text, read_file
from zoo.errors import ConfigError, DataError, UnknownNameError, ZooError
from zoo.samples import Samples, present

ROOT = Path(__file__).parents[1]
GOOD = [
    {"text": f"hello number {i}", "age": 20 + i, "gender": "mf"[i % 2], "income": ["9k", "10k"][i // 2 % 2]}
    for i in range(20)
]


def jsonl(*rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def written(folder: Path, content: bytes, name: str = "posts.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def all_samples(data) -> list[Samples]:
    return [data.train, data.validation, data.test]


def test_a_jsonl_file_becomes_a_data_set(tmp_path):
    data = load_dataset(written(tmp_path, jsonl(*GOOD)))
    assert list(data.targets) == ["age", "income", "gender"]
    assert data.targets["income"].labels == ("9k", "10k")  # in the order of their numbers
    assert data.targets["gender"].labels == ("man", "woman")
    assert [len(part) for part in all_samples(data)] == [14, 2, 4]
    seen = {}
    for part in all_samples(data):
        for i, text in enumerate(part.texts):
            seen[text] = {name: part.targets[name][i] for name in data.targets}
            assert part.inputs["posts"][i].tolist()[:3] == data.tokeniser.encode(text).tolist()
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
        assert left.texts == right.texts
        assert np.array_equal(left.inputs["posts"], right.inputs["posts"])
        assert all(np.array_equal(left.targets[name], right.targets[name]) for name in one.targets)


def test_any_label_may_be_missing_in_any_row(tmp_path):
    rows = [
        {"text": f"word {i}", **({"age": 30} if i % 3 else {"gender": "" if i % 2 else "Female"})} for i in range(60)
    ]
    data = read_file(written(tmp_path, jsonl(*rows)))
    assert list(data.targets) == ["age", "gender"]  # income never occurs
    assert sum(present(part.targets["age"]).sum() for part in all_samples(data)) == 40
    assert sum(present(part.targets["gender"]).sum() for part in all_samples(data)) == 10
    assert sum((part.targets["gender"] == 1).sum() for part in all_samples(data)) == 10


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
    assert set(data.tokeniser.words) == {word for text in data.train.texts for word in words_of(text)}
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
        (b"text;age\nhi;3\n", "line 1: columns must be separated by commas; the header has ';'"),
        (b"text,text\nhi,3\n", "line 1: a column's name stands twice"),
        (b"body,age\nhi,3\n", "line 2: the column 'text' is missing; found: age, body"),
        (b"text,age\n" + b"a" * 10_000_000 + b",3\n", "line 2 is not CSV: field larger than field limit"),
        (b"text,age\n" + b"a" * 1_500_000 + b",3\n", "line 2: the text has 1,500,000 characters"),
        (b"text,age\rhi,3\r", "line 1 is not CSV: new-line character"),
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
        (jsonl(*GOOD).decode().encode("utf-16"), {}, "line 1 is in UTF-16; save the file as UTF-8"),
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
        (tmp_path / "posts.txt", r"must end in \.jsonl or \.csv"),
        (tmp_path, r"must end in \.jsonl or \.csv"),
        ("a\0.csv", "is not there|cannot be read"),
    ]:
        with pytest.raises(DataError, match=said):
            load_dataset(path)


@pytest.mark.parametrize("spelling", ["M", " male", "Man", "f", "FEMALE", "woman ", "w"])
def test_genders_are_spelt_in_many_ways(tmp_path, spelling):
    data = read_file(written(tmp_path, jsonl(*GOOD, {"text": "odd", "gender": spelling, "age": 40})))
    expected = data.targets["gender"].labels.index(GENDER_OF[spelling.strip().casefold()])
    [found] = [part.targets["gender"][part.texts.index("odd")] for part in all_samples(data) if "odd" in part.texts]
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


def test_the_registry_imports_no_framework():
    program = (
        "import sys; from zoo.datasets import list_datasets; list_datasets();"
        "print({'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


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
