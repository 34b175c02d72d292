"""Pairs of pictures as data: drawn, or read from folders and files, and none that leaks a person."""

import warnings

import numpy as np
import pytest

import zoo
from tests.people_pictures import PEOPLE, every_row, people_in, written
from zoo.datasets.image_pairs.build import SAME, SIDES, all_pairs, draw_pairs, split_classes
from zoo.datasets.image_pairs.folders import read_class_folders
from zoo.datasets.image_pairs.links import Links, person_of
from zoo.datasets.image_pairs.pairs_file import read_image_pairs
from zoo.datasets.image_pairs.signs import signs
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.tasks.metric_learning import pictures_of, triplets_of


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return people_in(tmp_path_factory.mktemp("people"))


# --- who is who


def test_pairs_of_the_same_link_people():
    links = Links.of(list("aced"), list("bdfe"), [True, True, False, True])
    people = person_of(links)
    assert people["c"] == people["d"] == people["e"]
    assert len({people[key] for key in "acf"}) == 3
    assert len(set(person_of(links, also_different=True).values())) == 2


def test_drawn_pairs_hang_together_by_class():
    classes = np.repeat(np.arange(5), 6)
    pairs = draw_pairs(classes, 80, seed=0)
    assert (pairs.same == (classes[pairs.left] == classes[pairs.right])).all()
    assert pairs.same.sum() == (~pairs.same).sum() == 40
    people = person_of(Links.of(pairs.left.astype(str), pairs.right.astype(str), pairs.same))
    assert len(set(people.values())) == 5
    assert len({tuple(sorted(pair)) for pair in zip(pairs.left, pairs.right, strict=True)}) == 80
    assert len(all_pairs(classes).same) == 30 * 29 / 2


def test_pictures_and_triplets_are_read_off_pairs():
    data = signs(classes=12, drawn=4, count=80, size=16)
    train = data.dataset().train
    found, names = pictures_of(train)
    split = split_classes(range(12), seed=0)
    assert len(names) == list(split.values()).count("train")
    assert len(found) == 4 * len(names)
    class_of = {
        picture.tobytes(): int(label)
        for picture, label in zip(found.inputs["image"][:], found.targets["class"], strict=True)
    }
    triplets = triplets_of(train)
    anchor, positive, negative = (
        np.array([class_of[picture.tobytes()] for picture in triplets.inputs[name][:]])
        for name in ("anchor", "positive", "negative")
    )
    assert (anchor == positive).all()
    assert (anchor != negative).all()


# --- data


def test_nobody_stands_in_two_splits_of_class_folders(people):
    table = read_class_folders(people, size=16, count=40)
    seen = [
        {path.split("/")[-2] for side in SIDES for path in getattr(table, split)[side]}
        for split in ("train", "validation", "test")
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert set.union(*seen) == set(PEOPLE)
    samples = table.dataset().test
    assert samples.inputs["left"].shape[1:] == samples.inputs["right"].shape[1:] == (16, 16, 1)
    assert samples.inputs["left"][:].shape == (len(table.test), 16, 16, 1)


def test_one_person_alone_is_told(people, tmp_path):
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "ann").symlink_to(people / "a")
    with pytest.raises(DataError, match=r"pictures of 'ann' alone.*at least 6 classes"):
        read_class_folders(tmp_path / "only")


def test_a_person_in_two_split_folders_is_refused(people, tmp_path):
    for split, names in {"train": "abcd", "validation": "ef", "test": "ga"}.items():
        (tmp_path / split).mkdir()
        for name in names:
            (tmp_path / split / name).symlink_to(people / name)
    with pytest.raises(DataError, match="class 'a' stands in the splits"):
        read_class_folders(tmp_path, size=16)


def test_a_picture_of_two_people_is_refused_and_copies_are_read_once(people, tmp_path):
    for name in PEOPLE:
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / f"{number}.png").symlink_to(people / name / f"{number}.png")
    (tmp_path / "a" / "copy.png").symlink_to(people / "a" / "0.png")
    with pytest.warns(DataWarning, match=r"1 pictures of '.*' are copies of others of their class"):
        read_class_folders(tmp_path, size=16)
    (tmp_path / "b" / "copy.png").symlink_to(people / "a" / "0.png")
    with pytest.raises(DataError, match="are one picture, in two classes or splits"):
        read_class_folders(tmp_path, size=16)


def test_pairs_of_a_file_are_split_by_person(people):
    with pytest.warns(DataWarning, match=r"pairs of '.*' are of people or things in two splits"):
        table = read_image_pairs(written(people, every_row()), size=16)
    seen = [
        {str(path).split("/")[-2] for path in getattr(table, split)["left"]}
        for split in ("train", "validation", "test")
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert set(table.test[SAME]) == {"same", "different"}


def test_a_person_in_two_splits_of_a_file_is_refused(people):
    rows = [(*row, "train" if place % 2 else "test") for place, row in enumerate(every_row())]
    path = written(people, rows, columns=("left", "right", "label", "split"))
    with pytest.raises(DataError, match=r"person or thing of '.*' stands in the splits"):
        read_image_pairs(path, size=16)


def test_a_pair_with_itself_is_left_out_and_told(people):
    with pytest.warns(DataWarning, match=r"1 pairs of '.*' are of a picture with itself"):
        table = read_image_pairs(written(people, [*every_row(), ("a/0.png", "a/0.png", 1)]), size=16)
    assert all((frame["left"] != frame["right"]).all() for frame in (table.train, table.validation, table.test))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("https://example.org/1.png", "a/1.png", 1), "holds addresses.*download the pictures"),
        (("a/0.png b/0.png", "a/1.png", 1), "names 2 pictures"),
        (("", "a/1.png", 1), "has no picture in row 45"),
        (("a/0.png", "a/2.png", 0), "differ, and other pairs say that they show the same"),
        (("a/0.png", "a/2.png", "perhaps"), "must say whether a pair shows the same.*row 45 has 'perhaps'"),
    ],
)
def test_a_wrong_row_is_told(people, row, told):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(DataError, match=told):
            read_image_pairs(written(people, [*every_row(), row]), size=16)


def test_missing_and_broken_files_are_told(people):
    (people / "broken.png").write_bytes(b"no picture")
    rows = [*every_row(), ("broken.png", "a/0.png", 0), ("gone.png", "a/1.png", 0)]
    with pytest.warns(DataWarning, match=r"2 of 26 pictures of '.*' cannot be read.*2 rows with them are left out"):
        read_image_pairs(written(people, rows), size=16)
    with pytest.raises(DataError, match="cannot be read"):
        read_image_pairs(written(people, [("gone.png", "away.png", 1), ("far.png", "b/0.png", 0)]), size=16)


def test_words_of_ones_own_need_their_meaning(people):
    words = {1: "match", 0: "mismatch"}
    path = written(people, [(left, right, words[label]) for left, right, label in every_row()])
    with pytest.raises(DataError, match="labels=\\['different', 'same'\\]"):
        read_image_pairs(path, size=16)
    with pytest.warns(DataWarning, match="two splits"):
        table = read_image_pairs(path, size=16, labels=["mismatch", "match"])
    assert table.targets[SAME].labels == ("mismatch", "match")


@pytest.mark.parametrize(
    ("name", "options"), [("orl", {"fold": 10}), ("omniglot", {"test": "Greek"}), ("omniglot", {"test": "Latn"})]
)
def test_a_wrong_option_of_a_known_set_is_told(name, options):
    from zoo.artifacts import artifact, can_be_fetched

    if not can_be_fetched(artifact({"orl": "orl.sample", "omniglot": "omniglot.small1"}[name])):
        pytest.skip("the sample is not there")
    with pytest.raises((ConfigError, UnknownNameError)):
        zoo.load_dataset(name, **options)
