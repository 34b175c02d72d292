"""Samples that are pieces of rows: the rows that they make."""

import numpy as np
import pytest

from zoo.errors import DataError
from zoo.samples import Samples, mean_of_pieces

PIECES = Samples(
    {"x": np.arange(5)},
    {"y": np.array([7, 7, 8, 9, 9])},
    {"who": np.array(list("aabcc"))},
    {"x": ["one", "two", "three", "four", "five"]},
    owner=np.array([0, 0, 1, 2, 2]),
)


def test_the_pieces_of_a_row_are_one_row_with_the_whole_text():
    rows = PIECES.whole()
    assert rows.targets["y"].tolist() == [7, 8, 9]
    assert rows.groups["who"].tolist() == ["a", "b", "c"]
    assert rows.raw["x"] == ["one two", "three", "four five"]
    assert rows.whole() is rows


def test_pieces_that_are_chosen_or_joined_stay_pieces_of_their_rows():
    assert PIECES.take(np.array([3, 2, 4])).whole().raw["x"] == ["three", "four five"]
    rows = PIECES.whole()
    assert PIECES.joined(PIECES).whole().raw["x"] == 2 * rows.raw["x"]
    assert PIECES.joined(rows).whole().raw["x"] == rows.joined(PIECES).whole().raw["x"] == 2 * rows.raw["x"]


def test_predictions_of_a_row_are_the_mean_of_its_pieces():
    values = np.array([[0.0, 1.0], [1.0, 0.0], [0.2, 0.8]])
    np.testing.assert_allclose(mean_of_pieces(values, np.array([4, 4, 9])), [[0.5, 0.5], [0.2, 0.8]])


def test_owners_of_another_number_are_told():
    with pytest.raises(DataError, match="owners of 2 samples must be as many; received 1"):
        Samples({"x": np.zeros(2)}, owner=np.zeros(1, int))
