"""Rhyme and tone: what the table says, what poets of the Tang did, and how poems are judged by both."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import ConfigError
from zoo.poetry import Corpus, Form, distinct_pairs, in_form, is_regulated, pingshui, rhymes
from zoo.poetry.forms import FREE, LEVEL, OBLIQUE, regulated_patterns

ARCHIVE = Path(os.environ.get("ZOO_MIRROR", "missing")) / "poems/chinese-poetry.zip"
# Wang Zhihuan, Du Fu (the first line does not rhyme), Li Bai (it does; and free of the patterns), Wang Changling (人 is
# level where an oblique tone should stand: a known licence, which the patterns do not have)
STORK_TOWER = ("白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓")
JUEJU = ("兩箇黃鸝鳴翠柳", "一行白鷺上青天", "窗含西嶺千秋雪", "門泊東吳萬里船")
WHITE_EMPEROR = ("朝辭白帝彩雲間", "千里江陵一日還", "兩岸猿聲啼不住", "輕舟已過萬重山")
FRONTIER = ("秦時明月漢時關", "萬里長征人未還", "但使龍城飛將在", "不教胡馬度陰山")
QUIET_NIGHT = ("牀前看月光", "疑是地上霜", "舉頭望山月", "低頭思故鄉")


def test_the_table_holds_the_106_rhymes_and_names_its_sources():
    prosody = pingshui()
    assert len(prosody.rhymes) == len(set(prosody.rhymes)) == 106
    assert prosody.level.sum() == 30
    assert all(sum(number in read for read in prosody.readings.values()) > 5 for number in range(106))
    assert "平水韻" in prosody.source
    assert "Guangyun" in prosody.source


@pytest.mark.parametrize(
    ("character", "named"),
    [
        ("東", ["上平聲一東"]),
        ("流", ["下平聲十一尤"]),
        ("月", ["入聲六月"]),
        ("爲", ["上平聲四支", "去聲四寘"]),
        ("x", []),
    ],
)
def test_a_character_has_its_rhymes(character, named):
    prosody = pingshui()
    assert [prosody.rhymes[number] for number in sorted(prosody.rhymes_of(character))] == named


def test_a_character_with_two_readings_has_both_tones_and_an_unknown_one_none():
    level, oblique = pingshui().tones(["重", "山", "月", "x"])
    assert level.tolist() == [True, True, False, False]
    assert oblique.tolist() == [True, False, True, False]


def test_a_rhyme_is_found_by_its_name_its_last_character_and_any_of_its_own():
    prosody = pingshui()
    assert prosody.find("上平聲一東") == prosody.find("東") == prosody.find("風") - prosody.find("送") == frozenset({0})
    assert len(prosody.find("上")) == 2  # no rhyme is called so; the character has two readings
    for nonsense in ("", "xyz", "東東"):
        with pytest.raises(ConfigError, match="No rhyme is called"):
            prosody.find(nonsense)


def test_a_regulated_quatrain_s_lines_alternate_and_its_rhymes_are_level():
    for form in ("5x4", "7x4", "5x8", "7x8"):
        patterns = regulated_patterns(Form.parse(form))
        assert len({pattern.tones.tobytes() for pattern in patterns}) == 4
        for pattern in patterns:
            ends = pattern.tones[:, -1]
            assert all(ends[line] == LEVEL for line in pattern.rhyming)
            assert all(ends[line] == OBLIQUE for line in range(len(ends)) if line not in pattern.rhyming)
            second, fourth = pattern.tones[:, 1], pattern.tones[:, 3]
            assert ((second != fourth) & (second != FREE)).all()  # the second and the fourth character differ in tone
            assert (second[1:-1:2] == second[2::2]).all()  # couplets stick together
            assert (second[::2] != second[1::2]).all()  # and lines of a couplet are opposed


@pytest.mark.parametrize(
    ("poem", "rhymed", "regulated"),
    [
        (STORK_TOWER, True, True),
        (JUEJU, True, True),
        (WHITE_EMPEROR, True, True),
        (FRONTIER, True, False),
        (QUIET_NIGHT, True, False),
        ((*STORK_TOWER[:3], "更上一層山"), False, False),
        ((*STORK_TOWER[:3], "更上一水流"), False, False),  # the same character is no rhyme
        ((STORK_TOWER[0], "黃河入海月", *STORK_TOWER[2:]), False, False),
        (("白山依山盡", *STORK_TOWER[1:]), True, False),  # level where an oblique tone must stand
        ((*JUEJU[:3], "門泊東吳萬里山"), False, False),
    ],
)
def test_known_poems_are_judged_as_the_handbooks_do(poem, rhymed, regulated):
    assert rhymes(poem, pingshui()) is rhymed
    assert is_regulated(poem, pingshui()) is regulated


def test_lines_of_other_lengths_are_out_of_form():
    assert in_form(STORK_TOWER, Form.parse("5x4"))
    assert not in_form(STORK_TOWER, Form.parse("7x4"))
    assert not in_form((*STORK_TOWER[:3], "更上一層"), Form.parse("5x4"))
    assert in_form(("歸去來", "歸去來", "歸去來兮歸去來"), Form.parse("3,3,7"))


@pytest.fixture(scope="module")
def tang():
    """Quatrains of the Tang, as lines."""
    if not ARCHIVE.is_file():
        pytest.skip("set ZOO_MIRROR to a mirror that holds the Tang poems")
    from zoo.datasets.poems.chinese import read_chinese

    lengths = {Form.parse(form).lengths for form in ("5x4", "7x4")}
    return [poem for poem in read_chinese("tang", ARCHIVE) if tuple(map(len, poem)) in lengths]


def test_poets_rhymed_by_the_table_and_chance_does_not(tang):
    prosody = pingshui()
    others = np.random.default_rng(0).permutation(len(tang))
    chance = [(*poem[:3], tang[other][3]) for poem, other in zip(tang, others, strict=True)]
    assert np.mean([rhymes(poem, prosody) for poem in tang]) > 0.93
    assert np.mean([rhymes(poem, prosody) for poem in chance]) < 0.07


def test_poets_followed_the_tone_patterns_and_shuffled_characters_do_not(tang):
    prosody, generator = pingshui(), np.random.default_rng(0)
    shuffled = ["".join(generator.permutation(list("".join(poem)))) for poem in tang]
    mixed = [
        tuple(text[start : start + len(poem[0])] for start in range(0, len(text), len(poem[0])))
        for text, poem in zip(shuffled, tang, strict=True)
    ]
    assert np.mean([is_regulated(poem, prosody) for poem in tang]) > 0.4
    assert np.mean([is_regulated(poem, prosody) for poem in mixed]) < 0.01


def test_nearly_all_characters_of_the_tang_have_a_reading(tang):
    characters = [character for poem in tang for line in poem for character in line]
    known = pingshui().readings
    assert np.mean([character in known for character in characters]) > 0.99


def test_an_overlap_is_the_longest_run_of_one_poem_across_line_ends():
    corpus = Corpus([STORK_TOWER, JUEJU])
    new = ("依山盡黃河", "入水江江江", "兩箇黃鸝江", "江江江江江")
    across = ("更上一層樓", "兩箇黃鸝鳴")  # the end of one poem and the beginning of the next
    assert corpus.longest_overlaps([STORK_TOWER, new, across, ("龘龘",), ()]) == [20, 6, 5, 0, 0]


def test_shared_lines_and_couplets_are_counted():
    corpus = Corpus([STORK_TOWER, JUEJU])
    mixed = (STORK_TOWER[0], STORK_TOWER[1], JUEJU[1], STORK_TOWER[3])
    assert corpus.shared_lines([mixed]) == 1
    assert corpus.shared_couplets([mixed]) == pytest.approx(1 / 3)
    assert corpus.shared_lines([QUIET_NIGHT]) == corpus.shared_couplets([QUIET_NIGHT]) == 0


def test_distinct_pairs_are_a_share_of_all_pairs():
    assert distinct_pairs([("山水山",)]) == 1
    assert distinct_pairs([("山水", "山水"), ("水月",)]) == pytest.approx(2 / 3)
    assert distinct_pairs([("山",)]) == 0


def test_the_archive_is_the_one_of_the_manifest():
    if not ARCHIVE.is_file():
        pytest.skip("set ZOO_MIRROR to a mirror that holds the Tang poems")
    with zipfile.ZipFile(ARCHIVE) as archive:
        assert sum("poet.tang" in name for name in archive.namelist()) > 50
