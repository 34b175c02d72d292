"""python -m examples.write_poem: poems as asked for, the source of rhyme named, a clear sentence for what cannot be."""

import re

import keras
import pytest

from examples.write_poem import main
from tests.poetry import CHARACTERS
from zoo.catalogue import describe
from zoo.columns import Schema, VerseColumn
from zoo.models.poem import poem_tiny
from zoo.pipeline import Pipeline
from zoo.poetry import in_form, is_regulated, pingshui, rhymes
from zoo.poetry.forms import Form

WORDS = ("thy", "sweet", "love", "remembered", "such", "wealth", "brings")
POEM_LINE = re.compile(r"   (\S+?)[，。]")


def saved(path, characters, *, free, separator=""):
    """The file of a model with random weights: what it writes makes no sense, and is verse all the same."""
    keras.utils.set_random_seed(0)
    verse = VerseColumn("verse", "verse", characters=tuple(characters), separator=separator, free=free)
    config = {"vocabulary_size": verse.vocabulary.size}
    origin = {"entry": "poem_tiny", "config": config, "data": "none", "seed": 0}
    Pipeline(Schema((verse,), (), None, 0), poem_tiny(**config), origin=origin).save(path)
    return str(path)


@pytest.fixture(scope="module")
def verse(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("verse") / "verse.h5", CHARACTERS, free=False)


@pytest.fixture(scope="module")
def lyrics(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("lyrics") / "lyrics.keras", WORDS, separator=" ", free=True)


def written(capsys, *options):
    assert main(options) == 0, capsys.readouterr().err
    shown = capsys.readouterr().out
    lines = POEM_LINE.findall(shown)
    return shown, lines


def test_ten_quatrains_begin_with_spring_rhyme_and_name_their_source(capsys, verse):
    shown, lines = written(capsys, "--first", "春", "--form", "7x4", "--count", "10", "--weights", verse)
    poems = [tuple(lines[start : start + 4]) for start in range(0, 40, 4)]
    assert len(lines) == 40
    assert all(in_form(poem, Form.parse("7x4")) and poem[0][0] == "春" and rhymes(poem, pingshui()) for poem in poems)
    assert pingshui().source in shown


def test_a_poem_of_an_odd_number_of_lines_ends_with_a_full_stop(capsys, verse):
    shown, lines = written(capsys, "--form", "3,3,5", "--weights", verse)
    assert [len(line) for line in lines] == [3, 3, 5]
    assert [shown[shown.index(line) + len(line)] for line in lines] == ["，", "。", "。"]


def test_an_acrostic_with_a_word_in_regulated_tones(capsys, verse):
    options = ("--acrostic", "春江花明", "--must", "白雲", "--rhyme", "東", "--tones", "regulated", "--no-repeats")
    _, lines = written(capsys, *options, "--form", "5x4", "--weights", verse)
    assert "".join(line[0] for line in lines) == "春江花明"
    assert any("白雲" in line for line in lines)
    assert is_regulated(lines, pingshui())
    assert len(set("".join(lines))) == 20


def test_a_seed_writes_the_same_and_another_seed_another_poem(capsys, verse):
    first, again, other = (written(capsys, "--seed", seed, "--weights", verse)[0] for seed in ("1", "1", "2"))
    assert first == again != other


def test_free_text_has_lines_of_its_own_lengths_and_no_rhyme(capsys, lyrics):
    shown, _ = written(capsys, "--first", "sweet love", "--weights", lyrics)
    lines = [line.strip() for line in shown.splitlines()[1:]]
    assert lines[0].startswith("sweet love")
    assert len(lines) == 4
    assert all(set(line.split()) <= set(WORDS) for line in lines)
    assert "Rhyme" not in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--form", "7by4"], "CHARACTERSxLINES"),
        (["--form", "0x4"], "1 to 1000 lines"),
        (["--count", "0"], "1 to 1,000,000 poems"),
        (["--count", "x"], "not a whole number"),
        (["--temperature", "-1"], "'temperature'"),
        (["--top-p", "0"], "'top_p'"),
        (["--rythm", "on"], "did you mean"),
        (["--tones", "regular"], "did you mean 'regulated'"),
        (["--first", "龘"], "not in the vocabulary"),
        (["--acrostic", "春江花月夜"], "has 5 characters"),
        (["--first", "人月山石", "--tones", "regulated", "--form", "5x4"], "exclude each other"),
        (["--avoid", "tangg"], "did you mean 'tang'"),
        (["--weights", "nowhere.h5"], "no file or folder"),
        (["--weights", "author_profile_small.posts"], "no language model of poems, but author_profile_small"),
    ],
)
def test_what_cannot_be_is_one_sentence(capsys, verse, options, said):
    assert main(["--weights", verse, *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_rhyme_is_not_asked_of_english(capsys, lyrics):
    assert main(["--weights", lyrics, "--rhyme", "on", "--form", "4x4"]) == 2
    assert "turn both off" in capsys.readouterr().err


def test_the_weights_that_come_with_the_zoo_write_verse(capsys):
    if not describe("poem").weights:
        pytest.skip("the zoo brings no weights of 'poem' yet")
    _, lines = written(capsys, "--acrostic", "春江花月", "--tones", "regulated", "--count", "2")
    assert [line[0] for line in lines] == list("春江花月" * 2)
    assert all(is_regulated(lines[start : start + 4], pingshui()) for start in (0, 4))
