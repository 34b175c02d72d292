"""Files of pairs of pictures: judged as they were trained on, linked by every row, refused in words."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zoo
from zoo.datasets.image_pairs.build import SAME
from zoo.errors import DataWarning
from zoo.samples import Target
from zoo.tasks.image_pairs import file_options

PEOPLE = tuple("abcdefgh")


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A folder of eight people, two pictures each."""
    root, random = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for name in PEOPLE:
        (root / name).mkdir()
        for number in range(2):
            Image.fromarray(random.integers(0, 255, (16, 16), dtype=np.uint8)).save(root / name / f"{number}.png")
    return root


def written(people, rows, name="pairs.csv", columns=("left", "right", "label")):
    pd.DataFrame(rows, columns=columns).to_csv(people / name, index=False)
    return people / name


def every_row(labels=("0", "1")):
    """Each person's two pictures, and the first ones of all who differ."""
    rows = [(f"{name}/0.png", f"{name}/1.png", labels[1]) for name in PEOPLE]
    return rows + [(f"{one}/0.png", f"{other}/0.png", labels[0]) for one in PEOPLE for other in PEOPLE if one < other]


def test_a_model_of_zeros_and_ones_is_judged_on_its_own_file(people, tmp_path):
    path = written(people, every_row())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        zoo.train("image_similarity_tiny", path, folder=tmp_path, epochs=1, baselines="none", data_options={"size": 16})
        assert zoo.evaluate(tmp_path, data=str(path), baselines="none").scores[0]["output"] == SAME


@pytest.mark.parametrize("names", [("unlike", "alike"), ("0", "1")])
def test_labels_with_names_of_their_own_are_asked_of_other_files(names):
    outputs = [SimpleNamespace(target=Target("binary", names))]
    assert file_options(SimpleNamespace(outputs=outputs)) == {"labels": list(names)}
