"""Drawings of graphs: what is one box, what lines lead where, as text and as pictures."""

import random
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from functools import cache
from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.cli.main import main
from zoo.drawing.boxes import Box, boxes_of, folded
from zoo.drawing.calls import read_calls
from zoo.drawing.grouping import edges_between, group_calls
from zoo.drawing.layout import layout
from zoo.drawing.text import DOWN, LEFT, LINES, RIGHT, UP, as_text
from zoo.errors import ConfigError, UnwritableError
from zoo.weights import without_values


def boxes(model):
    return boxes_of(read_calls(model))


def named(model):
    """Title without marks -> box."""
    return {box.name: box for box in boxes(model)}


def read_by(model):
    """Name of each box -> names of the boxes that it reads."""
    found = boxes(model)
    return {box.name: {found[parent].name for parent in box.parents} for box in found}


def built(name, **config):
    with without_values():
        return zoo.create_model(name, **config)


@cache
def calls_of(name):
    return read_calls(built(name))


def dense(units, name):
    return layers.Dense(units, name=name)


def diamond():
    x = keras.Input((4,), name="x")
    left, right = dense(8, "left")(x), dense(8, "right")(x)
    y = layers.Add(name="sum")([left, right])
    return keras.Model([x], {"age": dense(1, "age")(y), "sex": dense(2, "sex")(y)})


def test_inputs_are_at_the_top_and_named_outputs_at_the_bottom():
    lines = zoo.draw(diamond()).splitlines()
    assert "x  input float32  4" in lines[1]
    assert "age → output" in lines[-4]
    assert "sex → output" in lines[-4]
    assert read_by(diamond()) == {
        "x": set(), "left": {"x"}, "right": {"x"}, "sum": {"left", "right"}, "age": {"sum"}, "sex": {"sum"},
    }  # fmt: skip


def test_an_output_of_another_name_is_told():
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"price": dense(1, "last")(x)})
    assert "last → output price" in zoo.draw(model)


def test_layers_whose_names_begin_alike_are_one_block_and_equal_blocks_in_a_row_one_box():
    found = named(built("resnet50"))
    assert list(found)[3:5] == ["conv2_block1", "conv2_block2 … 3"]
    assert found["conv2_block1"].content == "12 layers: 4 Conv2D, Add"
    assert found["conv4_block2 … 6"].title == "conv4_block2 … 6 ×5"
    assert found["conv4_block2 … 6"].size == "14×14×1024"
    assert len(zoo.draw(built("resnet50")).splitlines()) <= 40, "it must stay on one screen"


def test_blocks_that_keras_names_by_their_end_are_found_too():
    found = named(built("nasnet_mobile"))
    assert found["block 10 … 12"].count == 3
    assert found["block 10 … 12"].content.endswith("reads the two before")
    assert named(built("mobilenet"))["conv 7 … 11"].count == 5


def test_blocks_of_growing_width_are_equal_but_not_of_other_sizes():
    found = named(built("densenet121"))
    assert [box.count for box in found.values() if "block" in box.name] == [6, 12, 24, 16]
    assert {box.count for box in boxes(built("vgg16"))} == {1}
    found = named(built("googlenet"))
    assert {"conv2", "conv3", "inception4a … 4e"} <= found.keys()  # a convolution of 1x1, one of 3x3


def test_a_layer_called_twice_is_one_box_with_two_lines_in():
    model = built("text_similarity_tiny")
    box = named(model)["encoder"]
    assert box.shared
    assert "encoder (shared)" in zoo.draw(model)
    assert read_by(model)["encoder"] == {"left", "right"}
    assert box.content == "2 layers: Embedding, LSTM"


def test_a_layer_called_on_its_own_output_is_a_box_for_each_call():
    layer, x = dense(4, "again"), keras.Input((4,), name="x")
    model = keras.Model([x], {"y": dense(1, "y")(layer(dense(4, "between")(layer(x))))})
    assert [box.title for box in boxes(model)] == ["x", "again (shared)", "between", "again (shared)", "y → output"]


def test_a_nested_model_is_one_box():
    inner = keras.Sequential([keras.Input((4,)), dense(3, "one"), dense(2, "two")], name="inner")
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"y": dense(1, "y")(inner(x))})
    assert named(model)["inner"].content == "model of 2 layers"
    assert read_by(model)["y"] == {"inner"}


def test_what_keras_named_goes_with_what_reads_it():
    x = keras.Input((4,), name="x")
    y = dense(3, "head")(keras.ops.relu(keras.ops.where(keras.ops.isnan(x), 0.0, x)))
    assert [box.name for box in boxes(keras.Model([x], {"head": y}))] == ["x", "head"]


def test_many_equal_columns_are_one_box():
    inputs = [keras.Input((), dtype="int32", name=f"c{number}") for number in range(6)]
    vectors = [layers.Embedding(9, 2 + number, name=f"c{number}_vector")(x) for number, x in enumerate(inputs)]
    model = keras.Model(inputs, {"y": dense(1, "y")(layers.Concatenate(name="features")(vectors))})
    assert [(box.title, box.parents) for box in boxes(model)][:3] == [
        ("c0 … 5 ×6", ()),
        ("c0_vector … 5_vector ×6", (0,)),
        ("features", (1,)),
    ]


@pytest.mark.parametrize("name", zoo.list_models("*_tiny", for_tests=True))
def test_every_call_is_in_a_block_and_blocks_are_in_no_circle(name):
    calls = calls_of(name)
    assert all(parent < place for place, call in enumerate(calls) for parent in call.parents)
    assert all(parent < place for place, box in enumerate(boxes_of(calls)) for parent in box.parents)
    groups = group_calls(calls)
    assert len(groups) == len(calls)
    assert all((after, before) not in edges_between(calls, groups) for before, after in edges_between(calls, groups))
    outputs = [output for box in boxes_of(calls) for output in box.outputs]
    assert sorted(outputs) == sorted(built(name).output)


LARGE = ["memory_network", "mobilenet_v3_large_minimal", "nasnet_mobile", "text_similarity_aligned"]


TINY = set(zoo.list_models("*_tiny", for_tests=True)) - {"memory_network_tiny"}  # seven tables side by side


@pytest.mark.parametrize("name", [*sorted(TINY), *LARGE])
def test_a_drawing_fits_a_screen(name):
    lines = as_text(boxes_of(calls_of(name))).splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("most_readers", [1, None])
@pytest.mark.parametrize("seed", range(20))
def test_boxes_without_weights_are_folded_into_what_reads_them_and_none_stands_in_a_circle(seed, most_readers):
    given = [replace(box, weighted=random.Random(str((seed, box.name))).random() < 0.5) for box in random_boxes(seed)]
    left = folded(given, most_readers=most_readers)
    assert all(parent < place for place, box in enumerate(left) for parent in box.parents)
    readers = {box.name: sum(place in other.parents for other in given) for place, box in enumerate(given)}
    kept = {box.name for box in given if box.weighted or box.is_input or not readers[box.name]}
    assert kept <= {box.name for box in left}
    assert all(most_readers and readers[box.name] > 1 for box in left if box.name not in kept)


# --- the lines of a text lead where they should


def rectangle(lines, title):
    """(top, bottom, left, right) of the box with this title."""
    row, x = next((row, line.index(f" {title} ")) for row, line in enumerate(lines) if f" {title} " in line)
    left = max(lines[row].rfind(side, 0, x + 1) for side in "│║")
    right = min(found for side in "│║" if (found := lines[row].find(side, x + 1)) > 0)
    bottom = next(below for below in range(row, len(lines)) if lines[below][left] in "╰└╚")
    return row - 1, bottom, left, right


def traced(text, titles):
    """(title above, title below) of every two boxes that lines in the text connect, never upwards."""
    width = max(map(len, text.splitlines()))
    lines = [line.ljust(width) for line in text.splitlines()]
    place = {title: rectangle(lines, title) for title in titles}
    found = set()
    for title, (_, bottom, left, right) in place.items():
        starts = [x for x in range(left + 1, right) if lines[bottom][x] in "┬╦"]
        found |= {(title, other) for x in starts for other in reached(lines, (bottom + 1, x, DOWN), place)}
    return found


def reached(lines, start, place):
    """The titles of the boxes to which a line leads."""
    pending, seen, found = [start], set(), set()
    while pending:
        row, x, way = step = pending.pop()
        if step in seen:
            continue
        seen.add(step)
        box = [title for title, (top, _, left, right) in place.items() if row == top and left < x < right]
        if way == DOWN and box:
            found |= set(box) if lines[row][x] in "┴╩" else set()
            continue
        arms = LINES.index(lines[row][x])
        if way != DOWN and arms == UP | DOWN:  # a line that only crosses
            arms = way
        for arm, next_step in ((DOWN, (row + 1, x)), (LEFT, (row, x - 1)), (RIGHT, (row, x + 1))):
            if arms & arm and {way, arm} != {LEFT, RIGHT}:
                pending.append((*next_step, arm))
    return found


def random_boxes(seed):
    """A graph of 4 to 14 boxes, each reading up to three before it."""
    draw, found = random.Random(seed), []
    for place in range(draw.randint(4, 14)):
        parents = tuple(sorted(draw.sample(range(place), min(place, draw.choice((1, 1, 2, 3))))))
        found.append(Box(f"b{place}", "Dense", (place,), parents, (place,), is_input=not parents))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_lines_lead_from_each_box_to_those_that_read_it_and_nowhere_else(seed):
    found = random_boxes(seed)
    lines = traced(as_text(found), [box.title for box in found])
    assert lines == {(found[parent].name, box.name) for box in found for parent in box.parents}


@pytest.mark.parametrize("seed", range(20))
def test_slots_of_a_rank_do_not_overlap(seed):
    for row in layout(random_boxes(seed), lambda box, alone: 9 + len(box.name), gap=2):
        for left, right in pairwise(row):
            assert left.x + left.width // 2 + 2 < right.x - right.width // 2


# --- pictures, the command, and what is refused


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_is_written_as_its_name_says(tmp_path, suffix):
    path = tmp_path / f"drawing.{suffix}"
    text = zoo.draw(diamond(), path)
    assert text == zoo.draw(diamond())
    if suffix == "png":
        from matplotlib.image import imread

        assert np.ptp(imread(path)) > 0.5
    else:
        words = " ".join(ElementTree.parse(path).getroot().itertext())
        assert all(word in words for word in ("left", "right", "sum", "age → output", "Dense 8"))


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("a.svg", "b.svg"):
        zoo.draw(built("poem_tiny"), tmp_path / name)
    first, second = ((tmp_path / name).read_text().splitlines() for name in ("a.svg", "b.svg"))
    assert [line for line in first if "dc:date" not in line] == [line for line in second if "dc:date" not in line]


def test_the_command_draws_in_the_terminal_or_into_a_file(tmp_path, capsys):
    assert main(["describe", "question_answering_tiny", "--graph"]) == 0
    assert "text_and_question" in capsys.readouterr().out
    assert main(["describe", "question_answering_tiny", "--graph", str(tmp_path / "x.svg")]) == 0
    assert (tmp_path / "x.svg").read_text().startswith("<?xml")


class NoGraph(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("resnet50", r"Only a keras\.Model can be drawn; received 'resnet50'"),
        (NoGraph(name="mine"), "mine has no graph to draw"),
    ],
)
def test_what_has_no_graph_is_refused(model, sentence):
    with pytest.raises(ConfigError, match=sentence):
        zoo.draw(model)


def test_a_file_that_is_no_picture_or_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"ends in \.png or \.svg; received '.*model\.dot'"):
        zoo.draw(diamond(), tmp_path / "model.dot")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(UnwritableError):
        zoo.draw(diamond(), tmp_path / "folder.svg")
