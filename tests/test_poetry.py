"""Poems keep every wish, whatever the seed; constraints that no poem can keep are told before anything is written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.poetry import CHARACTERS, language
from zoo.errors import ConfigError, UnknownNameError
from zoo.poetry import Constraints, Form, Language, Settings, in_form, is_regulated, make_plan, pingshui, rhymes, write
from zoo.poetry.sampling import sample

LANGUAGE = language()
QUATRAINS = ("5x4", "7x4")


def poems(count=1, *, seed=0, form="7x4", model=LANGUAGE, tries=16, temperature=1.0, top_p=1.0, **constraints):
    plan = make_plan(Constraints(Form.parse(form), **constraints), model, pingshui())
    return write(plan, model, count, Settings(seed, temperature, top_p, tries))


@st.composite
def constraints(draw):
    """Options that a poem can keep: level tones may begin each line of a pattern, and there is room for two words."""
    acrostic = draw(st.sampled_from(["", "春", "山中", "春江花明"]))
    return {
        "form": draw(st.sampled_from(["5x4", "7x4", "5x8", "7x8"])),
        "acrostic": acrostic,
        "first": acrostic[:1] or draw(st.sampled_from(["", "明月"])),
        "must": tuple(draw(st.lists(st.sampled_from(["白雲", "酒", "獨坐", "青山"]), max_size=2, unique=True))),
        "rhyme": draw(st.sampled_from(["off", "on", "東", "歌"])),
        "tones": draw(st.sampled_from(["off", "regulated"])),
        "repeats": True,
    }


@settings(max_examples=40)
@given(constraints(), st.integers(0, 2**32 - 1), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0.5, 0.9, 1.0]))
def test_every_poem_keeps_every_wish(asked, seed, temperature, top_p):
    written = poems(3, seed=seed, temperature=temperature, top_p=top_p, **asked).poems
    form, prosody = Form.parse(asked["form"]), pingshui()
    for poem in written:
        assert in_form(poem, form)
        assert [line[0] for line in poem][: len(asked["acrostic"])] == list(asked["acrostic"])
        assert poem[0].startswith(asked["first"])
        assert all(any(word in line for line in poem) for word in asked["must"])
        assert asked["rhyme"] == "off" or rhymes(poem, prosody)
        assert asked["tones"] == "off" or asked["rhyme"] == "off" or is_regulated(poem, prosody)
        if asked["rhyme"] in ("東", "歌"):
            assert prosody.rhymes_of(poem[1][-1]) & prosody.find(asked["rhyme"])
        assert len(set(poem)) == len(poem)


@given(st.integers(0, 2**32 - 1), st.sampled_from(QUATRAINS))
@settings(max_examples=15, deadline=None)
def test_no_character_stands_twice_where_none_may(seed, form):
    (poem,) = poems(seed=seed, form=form, repeats=False, rhyme="on", acrostic="春江", must=("明月",)).poems
    assert len(set("".join(poem))) == sum(map(len, poem))


def test_a_seed_writes_the_same_poems_whatever_their_number():
    few, many = (
        poems(3, seed=7, rhyme="on").poems,
        poems(600, seed=7, rhyme="on").poems,
    )  # more than are written at once
    assert few == many[:3]
    assert poems(3, seed=8, rhyme="on").poems != few
    assert len(set(many)) == 600


def test_without_rhyme_and_tones_poems_seldom_have_them():
    written = poems(200).poems
    assert sum(rhymes(poem, pingshui()) for poem in written) < 100
    assert sum(is_regulated(poem, pingshui()) for poem in written) < 20


def test_a_line_that_must_not_be_written_is_written_anew():
    free = poems(5, form="5x4", temperature=0.3)
    avoid = {line for poem in free.poems for line in poem}
    other = poems(5, form="5x4", temperature=0.3, avoid=avoid)
    assert free.discarded == 0
    assert other.discarded > 0
    assert not avoid & {line for poem in other.poems for line in poem}


def test_going_back_restores_the_memory_of_the_line_s_beginning():
    # two lines of two characters from two characters: most tries repeat a line, and the language checks its own memory
    model = language("山水")
    written = poems(50, form="2x4", model=model, tries=64)
    assert written.discarded > 50
    assert all(sorted(poem) == ["山山", "山水", "水山", "水水"] for poem in written.poems)


def test_a_form_with_too_few_different_lines_is_an_error_and_not_endless():
    with pytest.raises(ConfigError, match="3 of 3 poems found no way"):
        poems(3, form="1x4", model=language("山水"))


def test_what_hardly_follows_is_led_to_by_another_line():
    tokens = ("", *"山水月")

    def step(written, length, memory, lengths):
        before = np.where(length > 0, written[np.arange(len(written)), length - 1], 0)
        scores = np.zeros((len(written), 4), dtype="float32")
        scores[before == 1, 3] = -20.0  # 月 never follows 山
        return scores, {"nothing": np.zeros(len(written))}

    model = Language(tokens, step)
    written = poems(200, form="3x2", model=model, must=("月",), rhyme="off")
    pairs = [line[place : place + 2] for poem in written.poems for line in poem for place in range(2)]
    assert written.discarded > 0
    assert pairs.count("山月") == 0


def test_free_text_ends_its_lines_where_the_model_does():
    model = language(["thy", "sweet", "love", "remembered", "such", "wealth"], separator=" ", line_end=True)
    written = poems(20, form="*x3", model=model, first="thy", acrostic="thy such", must=("sweet love",)).poems
    lengths = {len(line.split()) for poem in written for line in poem}
    assert len(lengths) > 3
    assert all(poem[0].split()[0] == "thy" and poem[1].split()[0] == "such" for poem in written)
    assert all(any("sweet love" in line for line in poem) for poem in written)
    exact = poems(5, form="4x2", model=model).poems
    assert {len(line.split()) for poem in exact for line in poem} == {4}


def test_a_temperature_of_zero_takes_the_likeliest_character():
    assert len(set(poems(3, temperature=0, form="5x2").poems)) == 1


@pytest.mark.parametrize("top_p", [0.5, 1.0])
@pytest.mark.parametrize("temperature", [1e-9, 1e-50, 5e-324])
def test_a_temperature_close_to_zero_takes_it_too(temperature, top_p):
    scores = np.random.default_rng(0).normal(size=(20, 100)).astype("float32")
    drawn = sample(scores, lambda rows: np.full(len(rows), 0.5), temperature=temperature, top_p=top_p)
    assert drawn.tolist() == scores.argmax(axis=1).tolist()


@pytest.mark.parametrize("top_p", [0.3, 0.6, 0.95, 1.0])
def test_draws_follow_the_nucleus(top_p):
    share = np.array([0.4, 0.25, 0.2, 0.1, 0.05])
    generator = np.random.default_rng(0)
    scores = np.log(np.tile(share, (40_000, 1))).astype("float32")
    drawn = sample(scores, lambda rows: generator.random(len(rows)), temperature=1.0, top_p=top_p)
    inside = np.concatenate([[0], np.cumsum(share)[:-1]]) < top_p
    expected = share * inside / share[inside].sum()
    assert np.bincount(drawn, minlength=5) / 40_000 == pytest.approx(expected, abs=0.01)


def test_a_draw_at_the_very_end_of_the_interval_is_a_character_that_may_stand():
    scores = np.full((1, 200), -np.inf, dtype="float32")
    scores[0, 70] = 0
    scores[0, 3] = -30
    for uniform in (0.0, 0.5, np.nextafter(1.0, 0)):
        assert sample(scores, lambda rows, at=uniform: np.full(len(rows), at), temperature=1, top_p=1)[0] in (3, 70)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"acrostic": "春江花月夜"}, r"acrostic '春江花月夜' has 5 characters, and a poem of 7x4 4 lines"),
        ({"first": "春江花月夜明山水"}, r"beginning '春江花月夜明山水' has 8 characters"),
        ({"acrostic": "春江", "first": "月"}, r"begin with 月, as 'first' asks, and with 春, as 'acrostic' does"),
        ({"must": ("春江花月夜明山水",)}, r"must appear and has 8 characters; the longest line of 7x4 has 7"),
        ({"must": ("",)}, r"empty"),
        ({"acrostic": "春x"}, r"'x' of the acrostic is not in the vocabulary"),
        ({"must": ("龘",)}, r"'龘' of the word is not in the vocabulary"),
        ({"first": "谁"}, r"'谁' of the beginning is not in the vocabulary .* traditional characters"),
        ({"rhyme": "xyz"}, r"No rhyme is called 'xyz'"),
        ({"rhyme": "屋", "tones": "regulated"}, r"入聲一屋 is oblique, and verse of regulated tones"),
        ({"rhyme": "江", "form": "7x8"}, r"上平聲三江 has \d characters in the vocabulary .* 7x8 needs 4 different"),
        ({"form": "6x4", "tones": "regulated"}, r"5x4, 7x4, 5x8 and 7x8; received 6x4"),
        ({"form": "7x1", "rhyme": "on"}, r"one line has no line that rhymes"),
        ({"form": "*x4"}, r"does not end lines by itself"),
        ({"form": "100x4", "repeats": False}, r"has 400 characters, and the vocabulary \d+: .* no character twice"),
        ({"acrostic": "春春", "repeats": False}, r"'春' is asked for twice"),
        ({"acrostic": "春江", "must": ("春風",), "repeats": False, "first": "春花"}, r"exclude each other"),
        # one line of two characters, both asked for
        ({"form": "2x1", "first": "春江", "must": ("花",)}, r"the beginning 春江 and the word 花: they exclude"),
        ({"form": "2x1", "must": ("春江", "花")}, r"the words 春江, 花: there is no room for it"),
        # the same line twice
        ({"form": "1x2", "acrostic": "春春"}, r"the acrostic 春春: there is no room for it"),
        # the ends of the lines that rhyme, of two rhymes
        ({"form": "1x4", "acrostic": "春花山月", "rhyme": "on"}, r"the acrostic 春花山月 and rhyme: they exclude"),
        ({"form": "2x2", "first": "山", "rhyme": "東", "acrostic": "山水", "must": ("水歌",)}, r"the rhyme 東"),
        # a beginning of 仄平仄 behind its first character, which no pattern has
        ({"form": "5x4", "first": "人月山石", "tones": "regulated"}, r"beginning 人月山石 and regulated tones: they"),
    ],
)  # fmt: skip
def test_what_no_poem_can_be_is_told_before_anything_is_written(asked, said):
    def never(*given):
        raise AssertionError("the language model was asked")

    with pytest.raises(ConfigError, match=said):
        poems(model=Language(LANGUAGE.tokens, never), **asked)


def test_wishes_that_are_not_to_blame_are_not_named():
    with pytest.raises(ConfigError) as caught:
        poems(form="5x4", first="人月山石", tones="regulated", rhyme="on", must=("白雲",), repeats=False)
    assert "the beginning 人月山石 and regulated tones" in str(caught.value)
    assert all(name not in str(caught.value) for name in ("白雲", "rhyme", "twice"))


def test_a_vocabulary_without_chinese_has_no_rhyme():
    with pytest.raises(ConfigError, match="turn both off"):
        poems(form="4x4", model=language(["love", "dove"], separator=" "), rhyme="on")
    with pytest.raises(ConfigError, match="holds nothing that can be written"):
        poems(model=language(""))


@pytest.mark.parametrize(
    "text",
    ["", "7", "7x", "x4", "7x4x2", "-7x4", "0x4", "7x0", "7.5x4", "1001x1", "٣x٤", "7x99999", "1000x1000", "*x1000"],
)
def test_a_form_that_is_none_is_one_sentence(text):
    with pytest.raises(ConfigError, match="form"):
        Form.parse(text)


@pytest.mark.parametrize("given", [{"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}, {"top_p": 1.1},
                                   {"tries": 0}, {"seed": -1}, {"seed": 2**32}])  # fmt: skip
def test_settings_that_are_none_are_one_sentence(given):
    with pytest.raises(ConfigError, match=f"{next(iter(given))}"):
        Settings(**given)


@pytest.mark.parametrize("count", [0, -1, 10**9, 1.5])
def test_a_number_of_poems_that_is_none_is_one_sentence(count):
    with pytest.raises(ConfigError, match="poems can be written at once"):
        poems(count)


def test_unknown_tones_are_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'regulated'"):
        Constraints(Form.parse("7x4"), tones="regulate")


def test_the_characters_of_the_tests_are_of_the_table():
    assert all(pingshui().rhymes_of(character) for character in CHARACTERS)
