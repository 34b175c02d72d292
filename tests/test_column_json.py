"""Columns of a module that postpones its annotations are saved and read as others are."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from zoo.columns.column import from_json
from zoo.errors import DataError


@dataclass(frozen=True)
class Postponed:
    name: str
    ends: tuple[tuple[str, int], ...] = ()
    least: int | None = None


def test_postponed_annotations_and_negative_numbers_are_read():
    assert from_json(Postponed, {"name": "a", "ends": [["low", -3]], "least": -7}) == Postponed("a", (("low", -3),), -7)


@pytest.mark.parametrize("values", [{"name": 5}, {"name": "a", "least": 1.5}, {"name": "a", "ends": [["low"]]}])
def test_values_of_another_type_are_refused(values):
    with pytest.raises(DataError, match="schema is damaged"):
        from_json(Postponed, values)
