"""Corpora of poems: cleaned, split without near-duplicates, and told step by step where the next character stands."""

import os
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import VerseColumn
from zoo.columns.characters import LINE_END, RESERVED, STEP_INPUTS, UNKNOWN, Characters, inputs_of, layout, step_inputs
from zoo.columns.verse import LONGEST, TARGET, cuts, fit_characters
from zoo.datasets.poems.chinese import read_chinese, read_lines
from zoo.datasets.poems.corpora import poem_dataset
from zoo.datasets.poems.split import ALIKE, LONG_LINE, groups_of, split_poems
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.samples import MISSING_CLASS
from zoo.tasks import load_dataset, load_pipeline, train
from zoo.tasks.poems import other_characters

mirrored = pytest.mark.skipif(not os.environ.get("ZOO_MIRROR"), reason="the poems are in a mirror: set ZOO_MIRROR")
SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("白日依山盡，黃河入海流。", ("白日依山盡", "黃河入海流")),
        ("三冬季月景[龍]年，萬乘觀風出灞川。", ("三冬季月景龍年", "萬乘觀風出灞川")),  # restored by an editor
        ("白日依山盡（一作近），黃河入海流。", ("白日依山盡", "黃河入海流")),
        ("《其一》白日依山盡！黃河入海流？", ("其一白日依山盡", "黃河入海流")),
        ("白日依□盡，黃河入海流。", None),
        ("歸去來。", None),  # a fragment
    ],
)
def test_editors_marks_are_left_out_and_damaged_poems_too(text, lines):
    assert read_lines(text) == lines


def test_the_form_says_where_the_next_character_stands():
    ids = np.arange(10, 38)[None]
    steps = inputs_of(ids, (7, 7, 7, 7))
    second_line = {name: values[0, 9].item() for name, values in steps.items()}  # third place of the second line
    assert second_line == {
        "character": 18, "above": 12, "rhyme": 16, "place": 3, "left": 5, "line": 2, "form": 4
    }  # fmt: skip
    assert steps["rhyme"][0, 14] == steps["rhyme"][0, 27] == 23  # lines 3 and 4: the end of line 2
    assert steps["character"][0, 0] == steps["above"][0, 0] == steps["rhyme"][0, 0] == LINE_END


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(0, 1000), st.booleans())
def test_generation_is_told_what_training_was_told(lengths, seed, free):
    random = np.random.default_rng(seed)
    lines = [random.integers(RESERVED, 50, (2, length)) for length in lengths]
    ends = np.full((2, 1), LINE_END)
    ids = np.concatenate([part for line in lines for part in ((line, ends) if free else (line,))], axis=1)
    form = tuple(length + free for length in lengths)
    taught = inputs_of(ids, form, free=free)
    for at in (0, ids.shape[1] // 2, ids.shape[1] - 1):
        asked = step_inputs(ids[:, :at], () if free else form)
        assert set(asked) == set(STEP_INPUTS)
        for name, values in asked.items():
            np.testing.assert_array_equal(values, taught[name][:, at], err_msg=name)


@given(st.lists(st.integers(1, 70), min_size=1, max_size=30))
def test_every_number_has_a_row_in_its_embedding(lengths):
    for free in (False, True):
        where = layout(tuple(lengths), free=free)
        for name, size in STEP_INPUTS.items():
            if size is not None:
                assert getattr(where, name).min() >= 1
                assert getattr(where, name).max() < size


@given(st.lists(st.integers(1, 150), min_size=1, max_size=30))
def test_long_poems_are_cut_into_short_pieces_at_line_ends(lengths):
    bounds = cuts(lengths)
    ends = set(np.cumsum(lengths).tolist())
    assert (bounds[0], bounds[-1]) == (0, sum(lengths))
    assert all(0 < end - start <= LONGEST for start, end in pairwise(bounds))
    assert max(lengths) > LONGEST or set(bounds[1:]) <= ends


def test_a_vocabulary_encodes_and_decodes_characters_and_words():
    letters = Characters(tuple("春江花月夜"))
    assert letters.decode(letters.encode("春江\n花月")) == "春江\n花月"
    assert letters.encode("春x").tolist() == [RESERVED, UNKNOWN]
    words = Characters(("thy", "sweet", "love"), " ")
    assert words.decode(words.encode("Thy sweet\nlove")) == "thy sweet\nlove"


def test_pieces_hold_every_character_once():
    poems = [("白日依山盡", "黃河入海流"), ("一二三",) * 50, ("春", "江花")]
    verse = VerseColumn.fit(poems, "verse", free=False)
    pieces = [piece for each in verse.pieces(poems) for piece in each]
    inputs, target = verse.encode(pieces), verse.encode_targets(pieces)[TARGET]
    assert verse.groups(pieces)["form"].tolist().count("3x50") == 3
    for poem in poems:
        own = target[[piece.poem == poem for piece in pieces]]
        assert verse.vocabulary.decode(own[own != MISSING_CLASS]) == "".join(poem)
    assert ((inputs["place"] > 0) == (target != MISSING_CLASS)).all()
    assert verse.vocabulary == fit_characters(poems)


def some_poems(n=300):
    """n different poems of four lines, and after every tenth a version of it with a few other characters."""
    random = np.random.default_rng(0)
    poems = [["".join(chr(0x4E00 + c) for c in line) for line in random.integers(0, 400, (4, 7))] for _ in range(n)]
    versions = [["天" + line[1:] for line in poem] for poem in poems[::10]]
    sharing = [["山" * 7, "水" * 7, "風" * 7, poem[0]] for poem in poems[5::10]]
    return poems + versions + sharing


def test_versions_of_a_poem_stay_in_one_split():
    poems = some_poems()
    split = split_poems(poems, seed=0)
    assert sorted(number for numbers in split.values() for number in numbers) == list(range(len(poems)))
    place = {number: name for name, numbers in split.items() for number in numbers}
    for number in range(30):
        assert place[10 * number] == place[300 + number]
        assert place[10 * number + 5] == place[330 + number]
    assert split != split_poems(poems, seed=1)
    assert split == split_poems(poems, seed=0)


def test_a_seed_that_is_none_is_told():
    with pytest.raises(ConfigError, match="A seed must not be negative"):
        split_poems(some_poems(), seed=-1)


def test_repetitions_are_left_out():
    assert groups_of([["春江花月夜"], ["春江花月夜"], ["白日依山盡"]]) == [0, -1, 2]


def test_the_sonnets_need_no_mirror():
    data = load_dataset("sonnets")
    assert data.card["free"]
    text = data.schema.column("verse").vocabulary.decode(data.train.targets[TARGET][0].clip(0))
    assert text.count("\n") >= 2
    assert data.targets == data.schema.targets
    assert len(data.targets[TARGET].labels) == data.schema.column("verse").vocabulary.size
    for split in SPLITS:
        assert set(getattr(data, split).groups) == {"form", "poem"}


def test_characters_of_a_corpus_that_a_trained_model_lacks_are_counted_by_its_vocabulary():
    own = load_dataset("sonnets")
    assert other_characters(own) == own.card["other_characters"] > 0
    few = load_dataset("sonnets", least=20)
    assert few.card["other_characters"] > own.card["other_characters"]
    assert other_characters(own.table.dataset(few.schema)) == few.card["other_characters"]


def test_free_text_does_not_teach_a_model_of_poems_of_a_form(tmp_path):
    sentence = "The model was taught poems of given forms, and the data is a corpus of free text"
    with pytest.raises(ConfigError, match=sentence):
        train("poem", "sonnets", folder=tmp_path / "run", weights="tang")
    with pytest.raises(ConfigError, match=sentence):
        load_dataset("sonnets").table.dataset(load_pipeline("poem.tang").schema)


def test_any_text_is_a_corpus(tmp_path):
    verse = tmp_path / "lyrics.txt"
    verse.write_text("\n\n".join(f"{word} one two\nthree {word} four" for word in "abcdefghijkl"), encoding="utf-8")
    assert load_dataset(verse, task="poems").schema.column("verse").separator == " "
    chinese = tmp_path / "verse.txt"
    chinese.write_text("\n".join(" ".join(poem) for poem in some_poems(20)[:20]), encoding="utf-8")
    data = load_dataset(chinese, task="poems", least=1)
    assert data.schema.column("verse").separator == ""
    assert data.card["poems"] == {"train": 17, "validation": 1, "test": 2}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"one line", "at least 10"),
        (b"", "at least 10"),
        (b"caf\xe9\n" * 20, "not UTF-8"),
        (b"again\n" * 50, "at least 10"),
    ],
)
def test_texts_that_are_no_corpus_are_refused_in_one_sentence(tmp_path, content, said):
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(DataError, match=said):
        load_dataset(tmp_path / "x.txt", task="poems")


def test_other_mistakes_are_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(tmp_path / "missing.txt", task="poems")
    with pytest.raises(UnknownNameError, match="did you mean 'tang'"):
        load_dataset("tan")
    with pytest.raises(ConfigError, match="'least'"):
        load_dataset("sonnets", least=0)
    with pytest.raises(UnknownNameError, match="unit"):
        load_dataset(tmp_path / "x.txt", task="poems", units="words")
    with pytest.raises(ConfigError, match="complete"):
        step_inputs(np.zeros((1, 10), "int32"), (5, 5))
    with pytest.raises(ConfigError, match="at least 1"):
        layout((5, 0))


@mirrored
def test_no_poem_of_the_tang_is_told_by_another_split():
    poems = read_chinese("tang")
    assert len(poems) == 56_486
    some = poems[::8]
    data = poem_dataset("part", some, free=False, least=5, seed=0, card={})
    numbers = split_poems(some, seed=0)
    taught = {line for number in numbers["train"] for line in some[number] if len(line) >= LONG_LINE}
    pairs = [{both for line in some[number] for both in pairwise(line)} for number in numbers["train"]]
    for number in numbers["test"][:100]:
        assert not taught & set(some[number])
        own = {both for line in some[number] for both in pairwise(line)}
        assert max(len(own & other) / len(own | other) for other in pairs) < 2 * ALIKE
    assert data.card["poems"] == {name: len(numbers[name]) for name in SPLITS}
