"""CIFAR-10's pictures stand beside their own labels, whatever else the files count."""

import os
import pickle

import numpy as np
import pytest

from zoo.datasets.pictures import cifar10
from zoo.errors import DataError


def packed(labels, rows=None, **more):
    """The bytes of a file as the official ones are: the number 0 stands after the labels too, in the array's own."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (len(labels) if rows is None else rows, 3072), dtype=np.uint8)
    content = {
        "batch_label": "testing batch 1 of 1",
        "labels": labels,
        "data": pixels,
        "filenames": ["a_1.png"],
        **more,
    }
    return pickle.dumps(content, protocol=2), pixels


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(cifar10, "ROWS", 12)


def test_labels_are_those_of_their_pictures():
    labels = [3, 8, 8, 0, 6, 6, 1, 6, 3, 1, 0, 9]
    content, pixels = packed(labels)
    pictures, found = cifar10.parsed(content)
    assert found.tolist() == labels
    assert np.array_equal(pictures, pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def test_other_numbers_are_no_labels():
    labels = [1] * 12
    assert cifar10.parsed(packed(labels, zahlen=[7, 8])[0])[1].tolist() == labels


@pytest.mark.parametrize("content", [packed([1] * 11)[0], packed([1] * 12, rows=11)[0], packed([10] * 12)[0]])
def test_a_file_without_as_many_labels_as_pictures_is_refused(content):
    with pytest.raises(DataError, match="10,000 pictures"):
        cifar10.parsed(content)


def test_the_official_test_pictures_begin_with_a_cat(monkeypatch):
    if not os.path.isfile(os.path.join(os.environ.get("ZOO_MIRROR", ""), "cifar10", "test_batch.head")):
        pytest.skip("CIFAR-10 is not in the mirror.")
    monkeypatch.undo()
    names = dict.fromkeys([cifar10.TEST])
    monkeypatch.setattr(cifar10, "MD5", {name: cifar10.MD5[name] for name in names})
    ((name, (pictures, labels)),) = cifar10._batches()
    assert name == "test_batch"
    assert pictures.shape == (10_000, 32, 32, 3)
    assert labels[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]
    assert np.bincount(labels).tolist() == [1000] * 10
