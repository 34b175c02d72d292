"""Questions about stories: bAbI and files in its form, generated stories, files of one's own. Real with a mirror."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from zoo.columns import StoryColumn
from zoo.columns.story import sentences_of
from zoo.datasets.questions.babi import read_stories
from zoo.datasets.questions.build import OTHER, Layout, Question, split_off
from zoo.datasets.questions.stories import stories
from zoo.errors import ConfigError, DataError, UnknownNameError, ZooError
from zoo.tasks import load_dataset, recipe_for

SMALL = {"train": 60, "validation": 20, "test": 20}
LINES = "1 Ann went to the hall.\n2 Where is Ann?\tHall\t1\n3 She took the milk.\n4 Where is the milk?\thall\t1 3\n"


@pytest.fixture(scope="module")
def mirror():
    place = os.environ.get("ZOO_MIRROR", "")
    if not (Path(place) / "babi" / "tasks_1-20_v1-2.zip").is_file():
        pytest.skip("bAbI is not here: set ZOO_MIRROR to a folder that holds babi/tasks_1-20_v1-2.zip")


# --- bAbI's form


def test_a_question_is_read_with_all_that_its_story_said_before():
    first, second = read_stories(LINES, "a file", of="a")
    assert (first.story, first.question, first.answer) == (("Ann went to the hall.",), "Where is Ann?", "hall")
    assert second.story == ("Ann went to the hall.", "She took the milk.")
    assert first.of == second.of


def test_a_story_begins_anew_at_line_number_one():
    found = read_stories(LINES * 2, "a file", of="a")
    assert [len(each.story) for each in found] == [1, 2, 1, 2]
    assert len({each.of for each in found}) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Ann went to the hall.", "line 1 must be a number, a blank and a sentence"),
        ("2 Ann went to the hall.", "a story must begin with line number 1; received 2"),
        ("1 Where is Ann?\t \t1", "the question has no answer behind its tab"),
    ],
)
def test_a_line_that_is_not_in_the_form_is_told_with_its_number(text, sentence):
    with pytest.raises(DataError, match=sentence):
        read_stories(text, "a file", of="a")


# --- layouts


def test_sentences_end_at_marks_and_at_the_ends_of_lines():
    assert sentences_of("Ann came. Did Bob?\nNo one\n\n!") == ("Ann came.", "Did Bob?", "No one")
    assert sentences_of("安娜来了。鲍勃走了。") == ("安娜来了。", "鲍勃走了。")


def test_of_a_long_story_the_newest_sentences_are_kept():
    vocabulary = tuple(f"w{number}" for number in range(9))
    stories_ = [[f"w{number}." for number in range(9)], ["w0 w1"]]
    by_sentence = StoryColumn("text", vocabulary=vocabulary, memories=3)
    assert by_sentence.encode(stories_).tolist() == [[[8, 0], [9, 0], [10, 0]], [[2, 3], [0, 0], [0, 0]]]
    question = StoryColumn("question", vocabulary=vocabulary, layout="sentence", memories=3)
    assert question.encode(["w5?", "w1 w2 w3"]).tolist() == [[7, 0, 0], [3, 4, 5]]
    by_word = StoryColumn("text", vocabulary=vocabulary, layout="words", memories=3)
    assert by_word.encode(stories_).tolist() == [[8, 9, 10], [2, 3, 0]]


@pytest.mark.parametrize("given", [{"memories": 0}, {"length": 1.5}])
def test_a_layout_that_is_none_is_told(given):
    (name,) = given
    with pytest.raises(ConfigError, match=f"'{name}' of a layout must be a whole number >= 1"):
        Layout(**given)


# --- generated stories


def test_the_same_seed_tells_the_same_stories():
    first, again, other = stories(**SMALL), stories(**SMALL), stories(**SMALL, seed=1)
    assert first.train.raw == again.train.raw != other.train.raw
    np.testing.assert_array_equal(first.test.inputs["text"], again.test.inputs["text"])


@pytest.mark.parametrize("seed", [-1, 1.5, "0"])
def test_a_seed_that_is_none_is_told(seed):
    several = [Question(("Ann sat.",), "Who sat?", "ann", of=f"story {number}") for number in range(4)]
    for call in (lambda: stories(**SMALL, seed=seed), lambda: split_off(several, seed=seed, share=0.5)):
        with pytest.raises(ConfigError, match="A seed must"):
            call()


def test_every_answer_of_a_generated_story_follows_from_it():
    dataset = stories(train=400, validation=1, test=1)
    labels = dataset.targets["answer"].labels
    checked = 0
    for text, question, number, kind in zip(
        *dataset.train.raw.values(), dataset.train.targets["answer"], dataset.train.groups["task"], strict=True
    ):
        told = sentences_of(text)
        if kind == "person":
            name = question.split()[-1].rstrip("?")
            walks = [each for each in told if each.startswith(name) and each.split()[-2] == "the"]
            places = [w.split()[-1].rstrip(".") for w in walks if " to the " in w]
            assert labels[number] == places[-1]
            checked += 1
    assert checked > 50


# --- bAbI itself


@pytest.mark.parametrize("size", ["1k", "10k"])
def test_babi_has_its_official_counts(mirror, size):
    dataset = load_dataset("babi", tasks=(1, 19), size=size)
    assert len(dataset.train) + len(dataset.validation) == 2_000 * (10 if size == "10k" else 1)
    assert len(dataset.test) == 2_000
    assert {str(task) for task in dataset.test.groups["task"]} == {"qa1", "qa19"}
    assert "n,e" in dataset.targets["answer"].labels


def test_no_story_of_babi_stands_in_training_and_validation(mirror):
    dataset = load_dataset("babi-qa1")
    assert not set(dataset.train.groups["story"]) & set(dataset.validation.groups["story"])
    assert len(dataset.validation) == 100


def test_the_training_file_that_the_archive_lacks_is_told(mirror):
    with pytest.raises(DataError, match="no train file of task 3 in 10k"):
        load_dataset("babi-10k-qa3")


def test_the_answers_are_the_first_words_of_the_vocabulary(mirror):
    dataset = load_dataset("babi-qa8")
    assert dataset.name == "babi-qa8"
    labels = dataset.targets["answer"].labels
    assert dataset.schema.column("text").tokeniser.words[: len(labels)] == labels
    assert dataset.test.targets["answer"].max() == labels.index(OTHER)  # an answer that training never gave


def test_of_questions_about_sizes_names_that_are_no_answers_are_exchanged(mirror):
    dataset = load_dataset("babi-qa18", layout="sentences")
    groups = recipe_for(dataset, "memory_network", data="babi-qa18", options={}).shuffled_entities
    names = [dataset.schema.column("text").tokeniser.words[token - 2] for group in groups for token in group]
    assert sorted(names) == ["box", "chest", "chocolate", "container", "suitcase"]
    assert not set(names) & set(dataset.targets["answer"].labels)
    assert recipe_for(dataset, "question_answering", data="babi-qa18", options={}).shuffled_entities is None


@pytest.mark.parametrize(
    ("name", "options", "guess"),
    [
        ("bab", {}, "did you mean 'babi'"),
        ("babi", {"tasks": 21}, "Unknown task of bAbI '21'"),
        ("babi", {"size": "1m"}, "did you mean '1k'"),
        ("babi", {"layout": "sentence"}, "did you mean 'sentences'"),
        ("stories", {"sed": 1}, "did you mean 'seed'"),
    ],
)
def test_a_wrong_name_of_questions_is_told_with_the_nearest_right_one(name, options, guess):
    with pytest.raises(UnknownNameError, match=guess):
        load_dataset(name, **options)


# --- files of one's own


def rows_of(count):
    return [f'"Ann went to place{n}. Bob left.","Where is Ann?",place{n % 3},s{n}' for n in range(count)]


def load(path, **options):
    return load_dataset(path, task="questions", **options)


def written(folder, text, name="questions.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_story_may_be_named_zero(tmp_path):
    rows = [
        {"text": f"Ann went to place{n}.", "question": "Where is Ann?", "answer": f"place{n % 2}", "story": n % 10}
        for n in range(20)
    ]
    dataset = load(written(tmp_path, "\n".join(json.dumps(row) for row in rows), "zero.jsonl"))
    parts = (dataset.train, dataset.validation, dataset.test)
    assert {name for part in parts for name in part.groups["story"]} == {str(n) for n in range(10)}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".txt"])
def test_a_file_of_questions_is_read_in_four_forms(tmp_path, suffix):
    header = ["text", "question", "answer", "story"]
    table = [[f"Ann went to place{n}. Bob left.", "Where is Ann?", f"Place{n % 3}", f"s{n}"] for n in range(20)]
    mark = "\t" if suffix == ".tsv" else ","
    text = "\n".join(mark.join(row) for row in [header, *table])
    if suffix == ".jsonl":
        text = "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in table)
    if suffix == ".txt":
        text = "\n".join(f"1 {row[0][:-10]}\n2 Bob left.\n3 {row[1]}\t{row[2]}\t1" for row in table)
    dataset = load(written(tmp_path, text, f"mine{suffix}"))
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (14, 2, 4)
    assert set(dataset.targets["answer"].labels) == {"place0", "place1", "place2", OTHER}
    assert dataset.train.inputs["text"].shape[1:] == (2, 4)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("text,question,answr\na,b,c", "the column 'answer' is missing; did you mean 'answr'"),
        ("text,question,answer\n,b,c", "line 2: the text is empty"),
        ("text,question,answer\na,?!,c", "the question has no word"),
        ("text,question,answer\na,b,c", "questions about 1 of the 10 stories"),
        ("text,question,answer,story\n" + "\n".join(f"a b.,c?,d,s{n}" for n in range(12)), "two different answers"),
        (f"text,question,answer\na,b,{'c' * 300}", "the answer has 300 characters"),
    ],
)
def test_a_file_that_does_not_fit_is_told_with_the_line(tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        load(written(tmp_path, text))


def test_answers_that_a_model_does_not_know_are_told(tmp_path):
    path = written(tmp_path, "text,question,answer,story\n" + "\n".join(rows_of(20)))
    with pytest.raises(DataError, match="3 answers that are not among the 1 of the model, such as 'place0'"):
        load(path, vocabulary=["hall", "ann"], answers=["hall", OTHER])


def test_an_answer_that_training_never_gave_has_a_label_of_its_own(tmp_path):
    rows = [f'"Ann went to hall.","Where is Ann?",{"yes" if n % 2 else "no"},s{n}' for n in range(20)]
    path = written(tmp_path, "text,question,answer,story\n" + "\n".join(rows))
    dataset = load(path)
    tested = dataset.table.test.copy()
    tested.loc[0, "answer"] = "perhaps"
    found = dataset.schema.encode(tested).targets["answer"]
    assert dataset.schema.column("text").vocabulary[:3] == dataset.targets["answer"].labels == ("no", "yes", OTHER)
    assert found[0] == 2
    assert set(found[1:].tolist()) <= {0, 1}


def test_answers_that_a_trained_model_does_not_know_are_told_by_its_schema(tmp_path):
    path = written(tmp_path, "text,question,answer,story\n" + "\n".join(rows_of(20)))
    known = stories(**SMALL).schema
    with pytest.raises(DataError, match=r"has 3 labels of 'answer' that are not among the .* such as 'place0'"):
        load(path).table.dataset(known)


def test_questions_are_a_data_set_like_any():
    assert len(load_dataset("stories", **SMALL).train) == 60
    with pytest.raises(ZooError, match="at least one story"):
        load_dataset("stories", train=0)
