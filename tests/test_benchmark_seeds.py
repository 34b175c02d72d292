"""Figures of several seeds: their spread, and that a seed which has ended is never measured again."""

import pytest

from benchmarks.seeds import each_seed, spread, spread_of


def test_spread_of_one_value_is_zero_and_of_several_that_of_a_sample():
    assert spread([2.0]) == {"each": [2.0], "mean": 2.0, "deviation": 0.0}
    assert spread([1.0, 3.0])["deviation"] == pytest.approx(2.0**0.5)


def test_fractions_are_spread_wherever_they_stand_and_sequences_are_kept_one_a_seed():
    rows = [
        {"rate": {"network": rate}, "folds": [rate, rate], "by": "Greek", "epochs": epochs}
        for rate, epochs in ((0.25, 3), (0.75, 4))
    ]
    found = spread_of(rows)
    assert found["rate"]["network"]["each"] == [0.25, 0.75]
    assert found["folds"] == [[0.25, 0.25], [0.75, 0.75]]
    assert found["by"] == "Greek"
    assert found["epochs"] == [3, 4]
    assert spread_of(rows[:1])["folds"] == [[0.25, 0.25]]


def test_an_interrupted_measurement_goes_on_with_the_seed_that_it_was_in(tmp_path):
    measured = []

    def measure(seed):
        measured.append(seed)
        if measured == [0, 1]:
            raise KeyboardInterrupt
        return {"rate": seed / 4}

    def file(seed):
        return tmp_path / f"{seed}.json"

    with pytest.raises(KeyboardInterrupt):
        each_seed([0, 1], file, measure)
    found = each_seed([0, 1], file, measure)
    assert measured == [0, 1, 1]
    assert [found[seed]["found"]["rate"] for seed in (0, 1)] == [0.0, 0.25]
    assert all(row["seconds"] >= 0 and "commit" in row["machine"] for row in found.values())
