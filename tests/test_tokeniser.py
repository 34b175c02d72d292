"""The tokeniser gives the same ids everywhere, survives a round trip through its file, and refuses foreign files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns.tokeniser import PADDING, RESERVED, UNKNOWN, Tokeniser, words_of
from zoo.errors import ConfigError, DataError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t PANIC, it's 42!", ["don't", "panic", ",", "it's", "42", "!"]),
        ("'quoted' rock'n'roll dogs'", ["'", "quoted", "'", "rock'n'roll", "dogs", "'"]),
        ("snake_case www.site.com", ["snake", "_", "case", "www", ".", "site", ".", "com"]),
        ("Straße ﬁne ２０", ["strasse", "fine", "20"]),  # case folding, a ligature, full-width digits
        ("cafe\u0301 café", ["café", "café"]),  # both spellings of é are one word
        ("हिन्दी", ["हिन्दी"]),  # vowel signs belong to their letters
        ("日本 go", ["日", "本", "go"]),
        ("so 👍🏽\u200d!", ["so", "👍", "🏽", "!"]),
        ("a\u200bb\x00\ud800", ["a", "b"]),  # unseen characters
        (" \t\n", []),
        ("สวัสดี ก็", ["ส", "วั", "ส", "ดี", "ก็"]),  # Thai
        ("ດີ 3ລາວ", ["ດີ", "3", "ລ", "າ", "ວ"]),  # Lao
        ("ខ្ញុំ", ["ខ្", "ញុំ"]),  # Khmer
        ("မင်္ဂလာပါ", ["မ", "င်္", "ဂ", "လာ", "ပါ"]),  # Burmese
    ],
)
def test_words(text, words):
    assert words_of(text) == words


@given(st.text())
def test_words_of_words_are_the_same_words(text):
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    assert all(word and not any(letter.isspace() for letter in word) for word in words)


@given(st.lists(st.text()))
def test_white_space_always_parts_words(texts):
    assert words_of(" ".join(texts)) == [word for text in texts for word in words_of(text)]


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_text_has_the_same_words_on_the_general_path(text):
    assert words_of(text + " é")[:-1] == words_of(text)


def test_ids_rank_words_by_frequency_then_alphabet():
    tokeniser = Tokeniser.fit(["b a c c", "d c a b"], vocabulary_size=5)
    assert tokeniser.words == ("c", "a", "b")
    assert tokeniser.size == 5
    assert tokeniser.encode("a b c d A").tolist() == [3, 4, 2, UNKNOWN, 3]


def test_a_batch_is_padded_on_the_right_and_cut():
    tokeniser = Tokeniser(["a", "b"])
    batch = tokeniser.encode_batch(["a b a", "", "b x"])
    assert batch.dtype == np.int32
    assert batch.tolist() == [[2, 3, 2], [PADDING] * 3, [3, UNKNOWN, PADDING]]
    assert tokeniser.encode_batch(["a b a", "b"], max_length=2).tolist() == [[2, 3], [3, PADDING]]
    assert tokeniser.encode_batch([""]).shape == (1, 1)
    assert tokeniser.encode_batch([]).shape == (0, 1)


@given(st.lists(st.text(max_size=30), max_size=5), st.integers(1, 8))
def test_a_batch_holds_every_row_as_encoded_alone(texts, longest):
    tokeniser = Tokeniser.fit(texts, vocabulary_size=6)
    for row, text in zip(tokeniser.encode_batch(texts, max_length=longest), texts, strict=True):
        alone = tokeniser.encode(text)[:longest]
        assert row[: len(alone)].tolist() == alone.tolist()
        assert not row[len(alone) :].any()
        assert row.max() < tokeniser.size


def test_known_share_counts_words_and_not_punctuation():
    tokeniser = Tokeniser(["a", "!"])
    assert tokeniser.known_share("a b, a!") == pytest.approx(2 / 3)
    assert tokeniser.known_share("привет!") == 0.0
    assert tokeniser.known_share("!") == 0.0


@settings(max_examples=30)
@given(texts=st.lists(st.text(st.characters()), max_size=5))
def test_a_saved_vocabulary_loads_as_it_was(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("vocabulary") / "words.json"
    tokeniser = Tokeniser.fit(texts, vocabulary_size=50)
    tokeniser.save(path)
    loaded = Tokeniser.load(path)
    assert loaded.words == tokeniser.words
    assert loaded.fingerprint == tokeniser.fingerprint


def test_the_fingerprint_depends_on_words_and_order():
    prints = {Tokeniser(words).fingerprint for words in (["a", "b"], ["b", "a"], ["a"], ["ab"], [])}
    assert len(prints) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a saved vocabulary"),
        (b'{"words": ["a"]}', "not a saved vocabulary"),
        (b'{"format": "keras-functional-zoo tokeniser", "version": 1}', "not a saved vocabulary"),
        (b'{"format": "keras-functional-zoo tokeniser", "version": 9, "words": []}', "version 9"),
        (b'{"format": "keras-functional-zoo tokeniser", "version": 1, "words": ["a", "a"]}', "'a' stands in it twice"),
        (b'{"format": "keras-functional-zoo tokeniser", "version": 1, "words": [3]}', "received 3"),
        (b'{"format": "keras-functional-zoo tokeniser", "version": 1, "words": ["\\ud800"]}', "printable"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path, content, said):
    path = tmp_path / "words.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        Tokeniser.load(path)


def test_a_missing_vocabulary_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.json cannot be read"):
        Tokeniser.load(tmp_path / "nowhere.json")


def test_sizes_too_small_are_refused():
    with pytest.raises(ConfigError, match="vocabulary_size must be above 2"):
        Tokeniser.fit(["a"], vocabulary_size=RESERVED)
    with pytest.raises(ConfigError, match="max_length must be at least 1"):
        Tokeniser([]).encode_batch(["a"], max_length=0)


def test_the_ids_do_not_depend_on_the_process(tmp_path):
    """A set or a hash in the ranking would give other ids under another hash seed."""
    program = (
        "import json; from zoo.columns.tokeniser import Tokeniser;"
        "print(json.dumps(Tokeniser.fit(['z y x w', 'é ü ö 日本'], vocabulary_size=9).words))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
    assert json.loads(found.pop()) == ["w", "x", "y", "z", "é", "ö", "ü"]
