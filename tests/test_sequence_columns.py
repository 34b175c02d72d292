"""Stories and verse as kinds of columns: what is learnt, how it is encoded, and that it survives JSON."""

import json

import numpy as np
import pytest

from zoo.columns import KINDS, Schema, StoryColumn, VerseColumn
from zoo.columns.characters import LINE_END, STEP_INPUTS, UNKNOWN
from zoo.columns.verse import LONGEST, TARGET
from zoo.errors import ConfigError, DataError, UnknownNameError, ZooError
from zoo.samples import MISSING_CLASS, Target

STORIES = ["Ann went home. Bob left!", ("Bob came.", "He sat."), "Is it late?"]
POEMS = [("白日依山盡", "黃河入海流"), "春眠不覺曉\n處處聞啼鳥", ("山", "水山")]
LYRICS = ["Sweet love\nthy wealth", ("thy sweet", "such love brings"), "love"]


def through_text(column):
    return type(column).from_json(json.loads(json.dumps(column.to_json())))


def story(**options):
    return StoryColumn.fit(STORIES, "story", **options)


def verse(**options):
    return VerseColumn.fit(POEMS, "verse", free=False, **options)


def lyrics(**options):
    return VerseColumn.fit(LYRICS, "verse", separator=" ", free=True, **options)


COLUMNS = {
    "sentences": lambda: (story(), STORIES),
    "newest sentences": lambda: (story(memories=1, length=2), STORIES),
    "words": lambda: (story(layout="words"), STORIES),
    "sentence": lambda: (story(layout="sentence"), STORIES),
    "form": lambda: (verse(), POEMS),
    "free": lambda: (lyrics(), LYRICS),
}


@pytest.fixture(params=COLUMNS)
def case(request):
    """(a column that was fitted, its training values)."""
    return COLUMNS[request.param]()


def arrays(column, values):
    """Input -> array, and the column's own targets."""
    encoded = column.encode(values)
    found = encoded if isinstance(encoded, dict) else {"": encoded}
    return found | column.encode_targets(values)


def same_steps(one, other):
    """Whether two padded arrays hold the same: the longest of the rows decides how much is padded."""
    shape = tuple(max(sizes) for sizes in zip(one.shape, other.shape, strict=True))
    one, other = (np.pad(each, [(0, most - size) for most, size in zip(shape, each.shape, strict=True)])
                  for each in (one, other))  # fmt: skip
    return (one == other).all()


# --- the contract, for both kinds


def test_a_column_out_of_json_is_the_same_and_reads_the_same(case):
    column, values = case
    again = through_text(column)
    assert again == column
    assert hash(again) == hash(column)
    for name, array in arrays(column, values).items():
        np.testing.assert_array_equal(arrays(again, values)[name], array)


def test_what_is_encoded_has_the_inputs_types_and_dimensions_that_the_column_says(case):
    column, values = case
    encoded = column.encode(values)
    found = encoded if isinstance(encoded, dict) else {column.input: encoded}
    assert list(found) == list(column.inputs)
    for name, array in found.items():
        spec = column.inputs[name]
        assert array.dtype == spec.dtype
        assert len(array) == len(values)
        assert array.ndim == 1 + len(spec.shape)


def test_rows_are_encoded_alike_in_any_order_and_alone(case):
    column, values = case
    whole = arrays(column, values)
    order = [2, 0, 1]
    for name, array in arrays(column, [values[row] for row in order]).items():
        np.testing.assert_array_equal(array, whole[name][order])
    for row, value in enumerate(values):
        for name, array in arrays(column, [value]).items():
            assert same_steps(array, whole[name][row : row + 1]), (name, row)


def test_own_targets_are_those_that_are_encoded(case):
    column, values = case
    assert column.own_targets.keys() == column.encode_targets(values).keys()


def test_a_damaged_column_is_told(case):
    column, _ = case
    first = "vocabulary" if isinstance(column, StoryColumn) else "characters"
    for changed in ({first: [1]}, {first: "abc"}, {"name": None}):
        with pytest.raises(DataError, match="The schema is damaged: '"):
            type(column).from_json({**column.to_json(), **changed})
    with pytest.raises(DataError, match="The schema is damaged: 'wordz' is nothing that a saved "):
        type(column).from_json({**column.to_json(), "wordz": 1})


# --- stories


def test_a_vocabulary_is_learnt_of_all_sentences_the_most_frequent_words_first():
    column = story()
    assert column.vocabulary[0] == "bob"
    assert set(column.vocabulary) == {"ann", "went", "home", "bob", "left", "came", "he", "sat", "is", "it", "late"}
    assert column.size == len(column.vocabulary) + 2
    assert column.describe() == "11 words"


def test_a_vocabulary_may_be_given():
    column = story(vocabulary=["ann", "bob"])
    assert column.vocabulary == ("ann", "bob")
    assert column.encode(["Ann saw Bob."]).tolist() == [[[2, 1, 3]]]


def test_a_text_and_its_sentences_are_one_story_and_raw_is_what_was_read():
    column = story(memories=1)
    told, listed = column.encode(["Ann went home. Bob left!"]), column.encode([["Ann went home.", "Bob left!"]])
    np.testing.assert_array_equal(told, listed)
    assert column.raw(STORIES) == ["Bob left!", "He sat.", "Is it late?"]


def test_a_story_without_a_sentence_is_padding():
    assert story().encode(["", "..."]).tolist() == [[[0]], [[0]]]
    assert story(layout="words").encode([""]).tolist() == [[0]]


@pytest.mark.parametrize("value", [None, 7, float("nan"), ["Ann sat.", 7]])
def test_a_cell_that_is_no_story_is_told(value):
    with pytest.raises(DataError, match="The column 'story' must hold texts or lists of sentences; received '"):
        story().encode([value])


def test_an_option_of_a_story_that_does_not_fit_is_told():
    with pytest.raises(UnknownNameError, match="did you mean 'sentences'"):
        story(layout="sentencs")
    with pytest.raises(ConfigError, match="'memories' of a layout must be a whole number >= 1; received 0"):
        story(memories=0)


# --- verse


def test_characters_are_learnt_the_most_frequent_first_and_rare_ones_are_unknown():
    assert verse().characters[:2] == ("山", "處")
    assert verse(least=3).characters == ("山",)
    assert verse(least=3).encode_targets([("春山",)])[TARGET][0, :2].tolist() == [UNKNOWN, 3]
    assert verse(characters=["水"]).characters == ("水",)
    with pytest.raises(DataError, match="No character occurs 9 times in these 3 poems"):
        verse(least=9)


def test_words_are_the_characters_of_free_text_and_its_lines_end():
    column = lyrics()
    assert column.separator == " "
    target = column.encode_targets(["sweet love\nthy wealth"])[TARGET][0]
    assert (target[:6] == LINE_END).tolist() == [False, False, True, False, False, True]
    assert (target[6:] == MISSING_CLASS).all()
    assert column.groups(LYRICS)["form"].tolist() == ["free"] * 3


def test_the_form_of_a_poem_is_its_group_and_the_next_character_its_target():
    column = verse()
    assert column.groups(POEMS)["form"].tolist() == ["5x2", "5x2", "mixed"]
    target = column.own_targets[TARGET]
    assert (target.kind, len(target.labels)) == ("classification", column.vocabulary.size)
    assert set(column.inputs) == set(STEP_INPUTS)


def test_a_long_poem_is_cut_into_pieces_which_are_rows_of_their_own():
    poem = ("山水山水山水山",) * 20
    frame = {"verse": [POEMS[0], poem]}
    schema = Schema.fit(frame, targets={}, types={"verse": "verse"}, options={"verse": {"free": False}})
    pieces, owner = schema.cut(frame)
    assert owner.tolist() == [0, 1, 1, 1]
    target = schema.encode(pieces).targets[TARGET]
    assert (target != MISSING_CLASS).sum() == 10 + 140
    assert target.shape == (4, LONGEST)
    with pytest.raises(ConfigError, match=r"A poem of 140 steps is read in pieces: `Schema.cut` makes them"):
        schema.encode(frame)


def test_data_of_another_manner_than_the_model_s_is_told():
    verse().require_options({"free": False})
    with pytest.raises(ConfigError, match="taught poems of given forms, and the data is a corpus of free text"):
        verse().require_options({"free": True})


@pytest.mark.parametrize("value", [None, 7, [], ["白日", 7]])
def test_a_cell_that_is_no_poem_is_told(value):
    with pytest.raises(DataError, match="A poem is a text, or a list of lines; received "):
        verse().encode([value])


@pytest.mark.parametrize("value", ["", " \n ", [""], ["", "\u3000"]])
def test_an_empty_poem_is_told(value):
    with pytest.raises(DataError, match="A poem is empty: it has no line with a character"):
        verse().pieces([value])


# --- all kinds in one schema


def every_kind():
    """A table with a column of every kind, and a target of every kind."""
    count = 12
    rows = range(count)
    return {
        "size": [row / 3 for row in rows],
        "colour": [("red", "blue", None)[row % 3] for row in rows],
        "day": [f"2024-0{1 + row % 9}-11" for row in rows],
        "note": [f"Good, it's number {row}!" for row in rows],
        "left": [f"a boy {row}" for row in rows],
        "right": [f"a girl {row}" for row in rows],
        "tale": [f"Ann has {row} keys. Bob left." for row in rows],
        "poem": [("白日", "依山") for _ in rows],
        "photo": [np.full((9, 9, 3), 20 * row, np.uint8) for row in rows],
        "clip": [np.full((4, 6), -5.0 * row, np.float32) for row in rows],  # decibels
        "scan": [np.full((3, 4, 5), row, np.int16) for row in rows],
        "price": [1.5 + row for row in rows],
        "sold": [("no", "yes")[row % 2] for row in rows],
        "grade": [("c", "b", "a")[row % 3] for row in rows],
        "answer": [("x", "y")[row % 2] for row in rows],
        "marks": [("p;q", "q", "")[row % 3] for row in rows],
    }


TYPES = {
    "note": "text",
    "left": "text",
    "right": "text",
    "tale": "story",
    "poem": "verse",
    "day": "date",
    "photo": "picture",
    "clip": "sound",
    "scan": "volume",
}
TARGETS = {
    "price": Target("regression", unit="points of 1 to 20"),
    "sold": "binary",
    "grade": Target("ordered", ("c", "b", "a")),
    "answer": "classification",
    "marks": "tags",
}


def fitted(**changes):
    options = {
        "types": TYPES,
        "log": ["price"],
        "ranges": {"price": "training"},
        "others": {"answer": "(another)"},
        "shared": (("left", "right"),),
        "options": {"note": {"words": 4, "cut": True}, "poem": {"free": False}, "tale": {"memories": 3}},
    }
    return Schema.fit(every_kind(), TARGETS, **{**options, **changes})


def test_a_schema_of_every_kind_survives_a_trip_through_text_and_encodes_the_same():
    schema = fitted()
    again = Schema.from_json(json.loads(json.dumps(schema.to_json(), allow_nan=False)))
    assert again == schema
    assert {column.kind for column in schema.columns} == set(KINDS)
    assert again.inputs == schema.inputs
    assert again.model_config() == schema.model_config()
    one, other = (each.encode(each.cut(every_kind())[0], targets=True) for each in (schema, again))
    assert one.inputs.keys() == schema.inputs.keys()
    for part in ("inputs", "targets"):
        assert getattr(one, part).keys() == getattr(other, part).keys()
        for name, array in getattr(one, part).items():
            np.testing.assert_array_equal(array[:], getattr(other, part)[name][:], err_msg=name)


def test_an_option_of_a_target_is_kept_beside_the_others():
    """The label of answers that training never gave is not lost where outputs are named."""
    schema = fitted(ranges={"price": (1, 20)})
    outputs = {column.name: column for column in schema.outputs}
    assert outputs["answer"].other == "(another)"
    assert outputs["answer"].target.labels == ("x", "y", "(another)")
    assert outputs["price"].log
    assert (outputs["price"].low, outputs["price"].high) == pytest.approx((0.0, np.log(20)))
    assert outputs["price"].scale == (1.0, 20.0)
    changed = {**every_kind(), "answer": ["z"] * 12}
    assert schema.encode(schema.cut(changed)[0]).targets["answer"].tolist() == [2] * len(schema.cut(changed)[0])


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"date"}))
def test_a_schema_of_one_kind_survives_a_trip_through_text(kind):
    column = {
        "number": "size", "category": "colour", "text": "note", "story": "tale", "verse": "poem",
        "picture": "photo", "sound": "clip", "volume": "scan",
    }[kind]  # fmt: skip
    frame = {name: values for name, values in every_kind().items() if name in (column, "price")}
    schema = Schema.fit(frame, {"price": "regression"}, types={column: kind})
    assert [each.kind for each in schema.columns] == [kind]
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_a_schema_of_another_kind_of_column_is_told():
    values = fitted().to_json()
    values["columns"][0] = {**values["columns"][0], "kind": "storry"}
    with pytest.raises(ZooError, match="did you mean 'story'"):
        Schema.from_json(values)
