"""Files of pairs of pictures: judged as they were trained on, linked by every row, refused in words."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zoo
from zoo.artifacts import artifact, can_be_fetched
from zoo.datasets.image_pairs.build import LABELS, SAME
from zoo.datasets.image_pairs.middlebury import middlebury
from zoo.datasets.image_pairs.pairs_file import read_image_pairs
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.models import image_similarity_tiny
from zoo.samples import Target
from zoo.tasks import image_pairs
from zoo.tasks.image_pairs import file_options, fit_pairs
from zoo.training import Head, Recipe

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


def test_a_column_that_is_not_there_is_told_with_those_that_are(people):
    path = written(people, every_row(), "other.csv", columns=("first", "second", "label"))
    with pytest.raises(UnknownNameError, match=r"other\.csv.*needs left, right, label.*'left'\. Known: first"):
        read_image_pairs(path)


def test_scenes_leave_room_for_two_crops_and_one_to_validate():
    with pytest.raises(ConfigError, match="either to test on or held out to validate; received 'Dolls' for both"):
        middlebury(test="Dolls", held_out="Dolls")
    if not can_be_fetched(artifact("middlebury.sample")):
        pytest.skip("the sample is not there")
    for crop in (185, 500):
        with pytest.raises(ConfigError, match="'crop' must be less than half of the 370 pixels"):
            middlebury(crop=crop, count=2)
    assert len(middlebury(crop=60, count=4).train) == 3 * 2 * 4


@pytest.mark.parametrize("objective", ["contrastive", "triplet", "classes"])
def test_an_objective_with_nothing_to_train_is_refused(monkeypatch, objective):
    model = image_similarity_tiny(objective=objective)
    monkeypatch.setattr(image_pairs, "_pretrained", lambda model: [model.get_layer("cnn_tiny")])
    recipe = Recipe(
        {SAME: Head(Target("binary", LABELS))}, entry="image_similarity_tiny", config={"objective": objective}
    )
    with pytest.raises(ConfigError, match=f"objective={objective} has nothing to train.*units=128.*fine_tune='all'"):
        fit_pairs(model, None, None, recipe)


def test_pictures_that_cannot_be_read_still_say_who_is_who(people):
    (people / "b" / "broken.png").write_bytes(b"no picture")
    rows = [
        *(("a/0.png", "b/broken.png", 1, "train"), ("b/broken.png", "c/0.png", 1, "train")),
        *(("a/0.png", "a/1.png", 1, "train"), ("a/0.png", "d/0.png", 0, "train")),
        *(("e/0.png", "e/1.png", 1, "dev"), ("e/0.png", "f/0.png", 0, "dev")),
        *(("c/0.png", "c/1.png", 1, "test"), ("c/0.png", "g/0.png", 0, "test")),
    ]
    path = written(people, rows, columns=("left", "right", "label", "split"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(DataError, match=r"person or thing of '.*' stands in the splits"):
            read_image_pairs(path, size=16)


def test_one_damaged_page_under_two_names_is_not_one_picture(people):
    for name in "ab":
        (people / name / "page.png").write_bytes(b"<html>not found</html>")
    rows = [*every_row(), ("a/0.png", "a/page.png", 1), ("b/0.png", "b/page.png", 1)]
    with pytest.warns(DataWarning, match="2 rows with them are left out"):
        read_image_pairs(written(people, rows), size=16)
