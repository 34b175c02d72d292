"""The report of a training on pictures: who is taken for whom, the worst and best pictures, what looks alike."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from zoo.datasets.pictures.facts import facts_of
from zoo.datasets.pictures.lookalikes import lookalikes
from zoo.datasets.pictures.pictures_file import read_pictures
from zoo.report import build_report
from zoo.report.candidates import BASELINES, Baseline
from zoo.report.examples import confused_pairs, examples
from zoo.samples import MISSING_CLASS, Target
from zoo.tasks.picture_groups import picture_groups
from zoo.tasks.picture_report import PAIRS, picture_report

LABELS = ("cat", "dog", "fox")


def scene(seed, size=(60, 50), grey=False):
    """A picture (width, height) of smooth shapes, no two of which are alike."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 7, 3)).astype(np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    return image.convert("L") if grey else image


def png(image):
    """The bytes of its file."""
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


@pytest.fixture
def table(tmp_path):
    """A CSV with three outputs of which labels are missing, beside 40 grey pictures of three sizes."""
    for number in range(40):
        scene(number, (40 + 10 * (number % 3), 30), grey=True).save(tmp_path / f"{number:02}.png")
    frame = pd.DataFrame(
        {
            "photo": [f"{number:02}.png" for number in range(40)],
            "animal": [None if number % 9 == 4 else LABELS[number % 3] for number in range(40)],
            "tame": ["yes" if number % 2 else "no" for number in range(40)],
            "weight": [None if number % 7 == 2 else 1.5 * number for number in range(40)],
        }
    )
    frame.to_csv(tmp_path / "photos.csv", index=False)
    return read_pictures(
        tmp_path / "photos.csv",
        targets={"animal": "classification", "tame": "binary", "weight": "regression"},
        size=16,
    )


def reported(dataset, predictions, targets=None):
    targets = dataset.targets if targets is None else targets
    baselines = {name: {kind: Baseline(note="left out: not asked for") for kind in BASELINES} for name in targets}
    splits = {"train": dataset.train, "validation": dataset.validation}
    test = replace(dataset.test, groups={**dataset.test.groups, **picture_groups(dataset, dataset.train, dataset.test)})
    report = build_report(predictions, **splits, test=test, targets=targets, baselines=baselines)
    return replace(report, supplement=picture_report(report, dataset))


def test_the_worst_rows_are_those_whose_true_label_is_least_likely():
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5], [0.0, 1.0]])
    labels = np.array([0, 0, 1, MISSING_CLASS, 1])
    worst, best = examples(labels, shares, Target("classification", ("a", "b")), worst=2, best=9)
    assert [each.row for each in worst] == [1, 2]
    assert [each.row for each in best] == [4, 0]
    assert worst[0].probability == (0.2, 0.8)
    assert (worst[0].true, worst[0].predicted, worst[0].right) == ("a", "b", False)
    assert best[0].right


def test_the_worst_rows_of_a_number_are_those_farthest_away_and_of_a_binary_output_those_most_sure_and_wrong():
    worst, best = examples(
        np.array([1.0, np.nan, 3.0, 9.0]), np.array([1.1, 0.0, 5.0, 2.0]), Target("regression"), worst=1, best=1
    )
    assert ([each.row for each in worst], [each.row for each in best]) == ([3], [0])
    assert worst[0].error == -7.0
    worst, _ = examples(np.array([0, 1]), np.array([0.9, 0.4]), Target("binary", ("no", "yes")), worst=1, best=0)
    assert (worst[0].row, worst[0].true, worst[0].predicted) == (0, "no", "yes")


def test_rows_without_any_label_have_no_examples():
    assert examples(np.full(3, np.nan), np.zeros(3), Target("regression"), worst=4, best=4) == ([], [])


def test_the_most_confused_pairs_of_two_hundred_classes_are_found():
    labels = np.repeat(np.arange(200), 3)
    shares = np.eye(200)[labels]
    shares[:9] = np.eye(200)[[7, 7, 7, 1, 7, 7, 0, 2, 2]]
    names = [f"class {number}" for number in range(200)]
    found = confused_pairs(labels, shares, names, most=2)
    assert [(each.true, each.predicted, each.count) for each in found] == [
        ("class 0", "class 7", 3),
        ("class 1", "class 7", 2),
    ]
    assert found[1].share == pytest.approx(2 / 3)


def test_altered_pictures_look_alike_and_others_do_not(tmp_path):
    images = [scene(seed, (200, 160)) for seed in range(30)]
    altered = [
        ImageEnhance.Brightness(images[0]).enhance(0.6),
        images[1].crop((6, 6, 196, 156)),
        images[2].convert("L"),
    ]
    found, compared = lookalikes(*(facts_of(list(map(png, part))) for part in (altered, images[:10])))
    assert {each.row: each.other for each in found} == {0: 0, 1: 1, 2: 2}
    assert compared == 3
    plain = [Image.fromarray(np.tile(np.linspace(126, 130, 40), (40, 1)).astype(np.uint8))]
    (same,), _ = lookalikes(*(facts_of(list(map(png, plain))) for _ in range(2)))
    assert same.copy  # of little contrast, and the same
    assert lookalikes(*(facts_of(list(map(png, part))) for part in (images[:15], images[15:])))[0] == []


def test_several_outputs_with_missing_labels_have_a_page_with_the_pictures_by_name(table, tmp_path):
    dataset = table.dataset()
    random = np.random.default_rng(0)
    rows = len(dataset.test)
    predictions = {
        "animal": random.dirichlet(np.ones(3), rows),
        "tame": random.random(rows),
        "weight": random.normal(30, 5, rows),
    }
    report = reported(dataset, predictions)
    assert "pictures.png" in {path.name for path in report.save(tmp_path)}
    width, height = Image.open(tmp_path / "pictures.png").size
    assert width == 1600
    assert height > 2000
    told = json.loads((tmp_path / "scores.json").read_text())["pictures"]
    assert set(told["outputs"]) == {"animal", "tame", "weight"}
    shown = told["outputs"]["animal"]["worst"][0]
    assert shown["picture"] == table.test["photo"][shown["row"]]
    assert table.test["animal"][shown["row"]] == shown["true"]
    assert told["lookalikes"]["compared"] == rows
    assert {row["column"] for row in report.groups} >= {"brightness", "original's size"}
    assert len(report.supplement.tables()) >= 3


def test_a_page_of_two_hundred_classes_shows_those_that_are_confused(table, tmp_path):
    dataset = table.dataset()
    rows = len(dataset.test)
    names = tuple(f"species {number}" for number in range(200))
    labels = np.arange(rows, dtype=np.int32)
    dataset = replace(
        dataset,
        test=replace(dataset.test, targets={"animal": labels}),
        train=replace(dataset.train, targets={"animal": np.arange(len(dataset.train), dtype=np.int32)}),
        targets={"animal": Target("classification", names)},
    )
    report = reported(dataset, {"animal": np.eye(200)[(labels + 1) % 200]})
    report.save(tmp_path)
    part = report.supplement.outputs["animal"]
    assert len(part.confused) == min(PAIRS, rows)
    assert all(each.share == 1.0 for each in part.confused)


def test_the_thirds_of_test_pictures_are_those_of_training(table):
    dataset = table.dataset()
    groups = picture_groups(dataset, dataset.train, dataset.test)
    looks = [each.brightness for each in table.train["looks"]]
    dark = [each.brightness <= np.quantile(looks, 1 / 3) for each in table.test["looks"]]
    assert [each.startswith("dark") for each in groups["brightness"]] == dark
    assert set(groups) == {"brightness", "original's size"}  # three classes tell by themselves
