"""Rows are shared out to three splits: each once, every class alike, none left empty; and options are checked first."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.datasets.splits import split_by_labels
from zoo.datasets.table import Table, split_rows
from zoo.datasets.tables.rossmann import rossmann
from zoo.errors import ConfigError, DataError
from zoo.samples import Target
from zoo.tasks import load_dataset, load_table


@settings(max_examples=40)
@given(labels=st.lists(st.sampled_from("abc"), min_size=10, max_size=300), seed=st.integers(0, 2**32 - 1))
def test_a_split_shares_out_every_row_once_and_every_class_alike(labels, seed):
    frame = pd.DataFrame({"row": range(len(labels)), "label": labels})
    parts = split_rows(frame, seed=seed, strata=frame["label"].to_numpy())
    assert sorted(row for part in parts for row in part["row"]) == list(range(len(labels)))
    wanted = np.array([[round(share * labels.count(label)) for label in "abc"] for share in (0.1, 0.2)])
    found = np.array([[int((part["label"] == label).sum()) for label in "abc"] for part in parts[1:]])
    for place, numbers in enumerate(wanted):
        if numbers.any():
            assert found[place].tolist() == numbers.tolist()
        else:  # of every label too few
            assert found[place].sum() == max(1, round((0.1, 0.2)[place] * len(labels)))


def test_a_split_refuses_too_few_rows_and_negative_seeds():
    with pytest.raises(DataError, match="at least 10 rows"):
        split_rows(pd.DataFrame({"x": range(9)}), seed=0)
    with pytest.raises(ConfigError, match="negative"):
        split_rows(pd.DataFrame({"x": range(20)}), seed=-1)


def test_a_rare_label_of_any_target_stands_in_every_split():
    """Three rows of a label, in a second column whose labels the first one knows nothing of."""
    for seed in range(20):
        rows = np.random.default_rng(seed).permutation(200)
        first, second = np.where(rows < 80, "a", "b"), np.where(rows % 67 == 1, "rare", np.where(rows % 2, "x", "y"))
        parts = split_rows(
            pd.DataFrame({"first": first, "second": second}), seed=seed, strata=np.stack([first, second], axis=1)
        )
        assert [len(part) for part in parts] == pytest.approx([140, 20, 40], abs=2)
        assert [int((part["second"] == "rare").sum()) for part in parts] == [1, 1, 1]
        for label in "ab":
            shares = np.array([(part["first"] == label).sum() for part in parts]) / (first == label).sum()
            assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_a_file_with_a_rare_label_of_its_second_target_has_it_in_every_split(tmp_path):
    rare = np.where(np.arange(60) % 20 == 7, "rare", "usual")
    pd.DataFrame({"x": np.arange(60.0), "y": ["a", "b"] * 30, "z": rare}).to_csv(tmp_path / "t.csv", index=False)
    data = load_dataset(tmp_path / "t.csv", targets=["y", "z"], seed=3)
    assert all(set(split.targets["z"]) == {0, 1} for split in (data.train, data.validation, data.test))


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_classes_too_small_for_a_share_leave_no_split_empty(classes):
    labels = np.arange(10) % classes
    parts = split_rows(pd.DataFrame({"y": labels}), seed=0, strata=labels)
    assert all(len(part) for part in parts)
    assert sum(map(len, parts)) == 10


WRONG = {
    "a seed below 0": ("plane", {"seed": -1}, "seed must not be negative; received -1"),
    "half a seed": ("older_than_five", {"seed": 0.5}, "seed must be a whole number; received 0.5"),
    "a seed in words": ("membership", {"seed": "one"}, "seed must be a whole number; received 'one'"),
    "no points": ("plane", {"points": 0}, "'points' must be a whole number >= 2; received 0"),
    "points in words": ("plane", {"points": "ten"}, "'points' must be a whole number"),
    "no rows": ("older_than_five", {"rows": 0}, "'rows' must be a whole number >= 1; received 0"),
    "half a row": ("older_than_five", {"test": 2.5}, "'test' must be a whole number"),
    "visits in words": ("membership", {"validation": "many"}, "'validation' must be a whole number"),
}


@pytest.mark.parametrize(("name", "options", "words"), WRONG.values(), ids=WRONG)
def test_an_option_that_is_none_is_told_in_one_sentence(name, options, words):
    with pytest.raises(ConfigError, match=words):
        load_table(name, **options)


@pytest.mark.parametrize("day", ["yesterday", 2013, None, "2013-13-01", "2013-01-01T00:00+02:00"])
def test_a_first_day_that_is_none_is_told_before_anything_is_read(day):
    with pytest.raises(ConfigError, match=r"'from_day' must be a day as in '2013-01-01'"):
        rossmann(from_day=day)


@pytest.mark.parametrize("targets", [None, [], 3])
def test_targets_that_are_none_are_told(tmp_path, targets):
    pd.DataFrame({"x": range(20)}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ConfigError, match="Name at least one column"):
        load_table(tmp_path / "t.csv", targets=targets)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_label_that_no_training_row_has_is_told_as_that(split):
    rows = pd.DataFrame({"x": [0.0, 1.0, 2.0], "y": ["a", "b", "a"]})
    parts = {"train": rows, "validation": rows, "test": rows, split: rows.assign(y=["a", "b", "c"])}
    told = rf"no training row has the label 'c' of 'y', which stands in the {split} rows: .*Target\('classification'"
    with pytest.raises(DataError, match=told):
        Table("t", **parts, targets={"y": "classification"}).dataset()
    named = Table("t", **parts, targets={"y": Target("classification", ("a", "b", "c"))})
    assert getattr(named.dataset(), split).targets["y"].tolist() == [0, 1, 2]


def test_a_split_by_very_many_labels_looks_at_every_row_once_for_each_column(monkeypatch):
    looked_at = []
    original = np.flatnonzero
    monkeypatch.setattr(np, "flatnonzero", lambda values: looked_at.append(len(values)) or original(values))
    found = split_by_labels(np.arange(3_000)[:, None] // 2, (0.1, 0.2), np.random.default_rng(0))
    assert sum(looked_at) <= 3 * 3_000
    assert np.bincount(found, minlength=3).all()
