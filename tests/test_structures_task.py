"""Small structures in volumes of one's own: reading, training, searching, thresholds, spacings."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from tests.structures import NODE, Box
from zoo.cli.main import main
from zoo.costs import CostMatrix
from zoo.datasets.volumes.labelled import (
    Labelled,
    LabelledVolumes,
    from_model,
    mask_from_model,
    mask_to_model,
    numbers_of,
    prepared,
    to_model,
    trained_window,
)
from zoo.datasets.volumes.phantom import phantom, phantoms
from zoo.datasets.volumes.structures_file import read_structures
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.pipeline.thresholds import with_threshold
from zoo.samples import FOUND, Target
from zoo.structures import find_structures, froc_of
from zoo.structures.froc import dice
from zoo.structures.masks import centroid, find_mask, mean_shape
from zoo.structures.search import blended_maps
from zoo.structures.structure import Structure
from zoo.tasks.drift import _training_rows, drift
from zoo.tasks.structure_report import decided, scores_of_centres
from zoo.tasks.structures import find, find_in
from zoo.training import Head, Optimiser, Recipe, fit
from zoo.volumes import Volume


def test_a_detector_learns_searches_and_is_loaded_again_with_its_threshold(tmp_path, capsys):
    options = {"volumes": 4, "validation_volumes": 2, "test_volumes": 2, "side": 24, "windows": 8}
    costs = CostMatrix.of_mistakes(FOUND, false_positive=2, false_negative=7)
    plain = {
        "optimiser": Optimiser("adam", learning_rate=3e-3),
        "steps_per_execution": 1,
        "config": {"filters": (4, 4)},
    }
    trained, report = zoo.train(
        "structure_detector_tiny", "phantom", folder=tmp_path, data_options=options, epochs=2, baselines="none",
        costs=costs, **plain,
    )  # fmt: skip
    assert report.note.startswith("A missed structure costs 7, a false alarm 2: ")
    losses = [row["centre_loss"] for row in report.history]
    assert losses[1] < losses[0]
    assert report.scores[0]["metric"] == "sensitivity at 3 false alarms a volume"
    assert (tmp_path / "report.png").stat().st_size > 10_000
    volume = phantom(**options).table.test[0].volume.voxels
    np.save(tmp_path / "scan.npy", volume)
    assert trained.thresholds == zoo.load_pipeline(tmp_path).thresholds == {"centre": report.threshold}
    low, high = with_threshold(trained, 0.0), with_threshold(trained, 1.0)
    everything, chosen = find_in(low, volume), find_in(trained, volume)
    assert chosen == [each for each in everything if each.score >= report.threshold] != everything
    assert find_in(high, volume) == []
    assert find_in(trained, volume, threshold=0.0) == everything
    assert low.costs == trained.costs
    keeping_none = replace(trained, thresholds={})
    with pytest.warns(DataWarning, match="keeps no threshold of structures: 0.3 is taken"):
        assert find_in(keeping_none, volume) == find_in(trained, volume, threshold=0.3)
    keeping_none.save(tmp_path / "none.keras")
    judged = zoo.evaluate(tmp_path / "none.keras")
    assert judged.threshold == 0.3  # as it finds, not as the validation volumes would say
    assert judged.note.endswith("the trained model keeps no threshold: 0.3 is taken.")
    assert main(["evaluate", str(tmp_path)]) == main(["describe", str(tmp_path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"decided by threshold {report.threshold:.4g} (structure for nothing costs 2; nothing for" in shown
    assert main(["predict", str(tmp_path), str(tmp_path / "scan.npy"), "--threshold", "0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(everything)
    first, again = (
        find(with_threshold(each, 0.0), [str(tmp_path / "scan.npy")]) for each in (trained, zoo.load_pipeline(tmp_path))
    )
    pd.testing.assert_frame_equal(first, again, atol=2e-3)
    assert zoo.load_pipeline(tmp_path).costs == {"centre": costs}
    assert _training_rows(trained) == (None, None, "Compared with the schema alone: the training data is no table.")
    scans = written(tmp_path, [{"volume": str(tmp_path / "scan.npy")}])
    with pytest.raises(DataError, match="reads none of number, category, text: there is no column whose drift is"):
        drift(tmp_path, scans)
    with pytest.raises(ConfigError, match="maps of a volume"):
        trained.predict({"volume": [volume]})
    assert list(first.columns) == ["volume", "x", "y", "z", "x_mm", "y_mm", "z_mm", "radius", "score"]


def test_a_mask_is_found_and_the_mean_shape_stands_in_the_middle():
    mask = np.zeros((8, 8, 8), np.int32)
    mask[3:5, 3:5, 3:5] = 1
    model = zoo.create_model("structure_detector_tiny", outputs={"mask": {"kind": "mask", "classes": 2}}, stride=1,
                             filters=(4, 4))  # fmt: skip
    head = Head(Target("mask", ("background", "a")))
    samples = zoo.samples.Samples({"volume": mask[None, ..., None].astype("float32")}, {"mask": mask[None]})
    fit(model, samples, samples, Recipe({"mask": head}, epochs=1, batch_size=1, start_at_prior=False))
    assert find_mask(model, mask.astype("float32")).shape == mask.shape
    assert (mean_shape([mask, mask], (10, 8, 6), 2) == 1).sum() == 8
    assert centroid(mean_shape([mask], (10, 8, 6), 2)).tolist() == [4.5, 3.5, 2.5]


def test_places_go_to_what_the_model_sees_and_back():
    volume = zoo.volumes.Volume(np.zeros((10, 20, 30), np.float32), (2.0, 1.0, 1.0))
    there = to_model(NODE, volume, (20, 20, 30), (0.5, 1.0, 1.0))
    assert there.centre == (16.5, 10.0, 12.0)
    back = from_model(there, volume, (20, 20, 30), (0.5, 1.0, 1.0))
    assert back.centre == NODE.centre
    assert back.millimetres == (16.0, 10.0, 12.0)
    assert Labelled("a", volume).structures == ()


def ball(shape, spacing, place, radius=4.0):
    """A bright ball in the middle of voxels of these millimetres; `place` and `radius` in millimetres."""
    axes = [np.arange(side) * step - at for side, step, at in zip(shape, spacing, place, strict=True)]
    far = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2][None, None, :] ** 2)
    return np.exp(-far / radius).astype(np.float32)


def test_volumes_of_several_spacings_are_searched_in_one_and_findings_are_in_their_own_voxels(tmp_path):
    spacings = [(1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (2.5, 0.5, 0.5)]
    rows = []
    for number, spacing in enumerate(spacings):
        shape = [round(40 / step) for step in spacing]
        place = (20.0, 10.0, 15.0)
        np.savez(tmp_path / f"{number}.npz", volume=ball(shape, spacing, place), spacing=np.array(spacing))
        z, y, x = np.divide(place, spacing)
        split = ("train", "train", "val", "test")[number]
        rows.append({"volume": f"{number}.npz", "x": x, "y": y, "z": z, "radius": 4, "split": split})
    dataset = read_structures(written(tmp_path, rows))
    (column,) = dataset.schema.of("volume")
    assert (column.spacing, column.said) == ((1.0, 1.0, 1.0), True)
    schema = replace(dataset.schema, columns=(replace(column, low=0.0, high=1.0),))
    numbers, (known,), _ = prepared(dataset.table.test[0], schema)
    assert numbers.shape == (40, 40, 40)
    assert np.unravel_index(np.argmax(numbers), numbers.shape) == tuple(np.rint(known.centre).astype(int))
    pipeline = SimpleNamespace(model=Box(), schema=schema, thresholds={"centre": 1.0})
    for number, spacing in enumerate(spacings):
        found = find_in(pipeline, tmp_path / f"{number}.npz")[0]
        np.testing.assert_allclose(found.millimetres, (20, 10, 15), atol=1.3)
        np.testing.assert_allclose(found.centre, np.divide((20, 10, 15), spacing), atol=1.3 / min(spacing))
        assert found.radius == pytest.approx(2.0 * np.mean(np.divide(1.0, spacing)))
    with pytest.warns(DataWarning, match="does not say its spacing: 1 mm is taken"):
        find_in(pipeline, np.zeros((16, 16, 16), np.float32))
    (finer,) = read_structures(written(tmp_path, rows), spacing=0.5).schema.of("volume")
    assert finer.spacing == (0.5, 0.5, 0.5)
    with pytest.raises(ConfigError, match="three lengths in millimetres above 0"):
        read_structures(written(tmp_path, rows), spacing=-1)
    np.save(tmp_path / "0.npz.npy", np.zeros((40, 40, 40), np.float32))
    rows[0]["volume"] = "0.npz.npy"
    with pytest.warns(DataWarning, match="1 of 4 volumes of 'scans.csv' do not say their spacing"):
        read_structures(written(tmp_path, rows))


def test_a_mask_is_judged_where_the_model_sees_and_given_back_in_the_volumes_own_voxels():
    mask = np.zeros((10, 20, 7), np.uint8)
    mask[2:6, 5:15, 3] = 1
    there = mask_to_model(mask, (20, 10, 7), (0.5, 2.0, 1.0))
    assert there.shape == (20, 10, 7)
    assert (there[4:12, 3:7, 3] == 1).all()
    assert there.sum() == pytest.approx(mask.sum(), rel=0.3)
    back = mask_from_model(there, mask.shape, (0.5, 2.0, 1.0))
    assert dice(back, mask, 1) > 0.85
    same = np.random.default_rng(0).integers(0, 3, (5, 6, 7))
    assert (mask_to_model(same, same.shape, (1.0, 1.0, 1.0)) == same).all()


def test_a_detector_of_more_levels_than_windows_have_room_for_is_refused():
    with pytest.raises(ConfigError, match=r"needs 2 to 4 filters.*received \(4, 4, 4, 4, 4\) and 2"):
        zoo.create_model("structure_detector_tiny", filters=(4, 4, 4, 4, 4))
    four = zoo.create_model("structure_detector_tiny", filters=(4, 4, 4, 4))
    assert find_structures(four, np.zeros((24, 9, 17), np.float32), threshold=1.0) == []


@pytest.fixture
def scans(tmp_path):
    for number, each in enumerate(phantoms(5, seed=1, side=26, nodes=(1, 1))):
        np.save(tmp_path / f"{number}.npy", each.volume)
        np.save(tmp_path / f"mask{number}.npy", (each.volume > 2).astype(np.uint8))
    return tmp_path


def written(folder, rows, name="scans.csv"):
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return folder / name


def test_centres_of_ones_own_are_read_and_points_outside_are_refused(scans):
    rows = [{"volume": f"{n}.npy", "x": 5 + n, "y": 6, "z": 7, "radius": 2} for n in range(4)]
    rows.append({"volume": "4.npy", "x": None, "y": None, "z": None, "radius": None})
    dataset = read_structures(written(scans, rows))
    parts = [dataset.table.train, dataset.table.validation, dataset.table.test]
    assert sorted(len(part) for part in parts) == [1, 1, 3]
    known = {each.name[-5]: each.structures for part in parts for each in part}
    assert known["2"] == (Structure((7.0, 6.0, 7.0), 2.0),)
    assert known["4"] == ()
    rows[1]["x"] = 40
    with pytest.raises(DataError, match=r"Row 2 of .* at x 40, y 6, z 7, outside of its volume of 26 x 26 x 26 voxels"):
        read_structures(written(scans, rows))
    nothing = [{**row, "x": None, "y": None, "z": None, "radius": None} for row in rows]
    with pytest.raises(DataError, match="there is nothing to learn"):
        read_structures(written(scans, nothing))


def test_masks_are_found_in_windows_of_the_shape_that_training_had():
    """What lies beyond a window changes what a network of convolutions says near its border."""
    model = zoo.create_model("structure_detector_tiny", outputs={"mask": {"kind": "mask", "classes": 2}}, stride=1)
    volume = np.random.default_rng(0).normal(size=(9, 12, 8)).astype("float32")
    padded = np.pad(volume, [(0, 15), (0, 4), (0, 8)], mode="edge")
    expected = keras.ops.convert_to_numpy(model([padded[None, ..., None]])["mask"])[0, :9, :12, :8]
    found = blended_maps(model, volume, window=(24, 16, 16), outputs=("mask",))["mask"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    smaller = blended_maps(model, volume, outputs=("mask",))["mask"]
    assert np.abs(smaller - expected).max() > 1e-4
    assert (find_mask(model, volume, window=(24, 16, 16)) == expected.argmax(axis=-1)).all()


def test_all_splits_have_windows_of_the_shape_that_training_needs():
    parts = [
        Labelled(str(side), Volume(np.zeros((side, 9, 16), np.float32)), mask=np.ones((side, 9, 16), np.int32))
        for side in (12, 20, 33)
    ]
    data = LabelledVolumes("boxes", *([each] for each in parts), labels=("background", "inside"), side=64).dataset()
    shapes = [part.targets["mask"].shape for part in (data.train, data.validation, data.test)]
    assert shapes == [(1, 16, 16, 16), (2, 16, 16, 16), (3, 16, 16, 16)]
    assert trained_window(data.schema) == (16, 16, 16)
    assert [int((part.targets["mask"] == 1).sum()) for part in (data.train, data.validation, data.test)] == [
        side * 9 * 16 for side in (12, 20, 33)
    ]


def test_splits_are_those_of_files_and_columns_and_each_has_structures(scans):
    rows = [{"volume": f"{n}.npy", "x": 5, "y": 6, "z": 7, "radius": 2} for n in range(5)]
    rows[0] |= dict.fromkeys(("x", "y", "z", "radius"))
    for seed in range(4):
        table = read_structures(written(scans, rows), seed=seed).table
        assert all(any(each.structures for each in part) for part in (table.train, table.validation, table.test))
    given = {"validation": written(scans, rows[3:4], "held.csv"), "test": written(scans, rows[4:], "test.csv")}
    table = read_structures(written(scans, rows[:3]), **given).table
    names = [[each.name[-5] for each in part] for part in (table.train, table.validation, table.test)]
    assert names == [["0", "1", "2"], ["3"], ["4"]]
    with pytest.raises(DataError, match=r"3.npy' of .* has rows in the splits train and validation; expected one"):
        read_structures(written(scans, rows[:4]), **given)
    split = [{**row, "split": name} for row, name in zip(rows, ("train", "train", "test", "test", "val"), strict=True)]
    with pytest.raises(DataError, match=r"has the test split already; leave '.*test.csv' out"):
        read_structures(written(scans, split), test=given["test"])
    split[2]["split"] = split[3]["split"] = "val"
    split[4] |= {**rows[0], "volume": "4.npy", "split": "test"}
    with pytest.raises(DataError, match=r"No volume to test in .* has a structure"):
        read_structures(written(scans, split))


def test_numbers_are_learnt_of_whole_volumes_and_not_of_their_middle(tmp_path):
    bright = np.zeros((64, 32, 32), np.float32)
    bright[:20] = np.random.default_rng(0).normal(100, 10, (20, 32, 32))
    for number in range(3):
        np.save(tmp_path / f"{number}.npy", bright)
    rows = [{"volume": f"{n}.npy", "x": 5, "y": 6, "z": 7, "radius": 2} for n in range(3)]
    (column,) = read_structures(written(tmp_path, rows)).schema.of("volume")
    assert column.low == 0
    assert column.high > 100


def test_the_costs_that_are_given_choose_the_threshold_and_are_told():
    found = [[replace(NODE, score=0.9), replace(NODE, centre=(1.0, 1.0, 1.0), score=0.6)]]
    known = [[NODE, replace(NODE, centre=(30.0, 30.0, 30.0))]]
    found[0].append(replace(known[0][1], score=0.3))
    froc = froc_of(found, known)
    cautious, bold = (CostMatrix.of_mistakes(FOUND, false_positive=1, false_negative=missed) for missed in (10.0, 0.5))
    assert (decided(froc, cautious), decided(froc, bold)) == (0.3, 0.9)
    assert scores_of_centres(froc, bold, 0.9)[-1]["model"] == 0.5
    head = Head(Target("heat_map"), costs=bold)
    assert head.costs is bold
    with pytest.raises(UnknownNameError, match="label of the cost matrix"):
        Head(Target("heat_map"), costs=CostMatrix({"a": {"a": 0, "b": 1}, "b": {"a": 1, "b": 0}}))


def test_what_a_file_says_of_its_voxels_is_told_where_centres_may_be_wrong_or_voxels_too_many(tmp_path):
    for number in range(3):
        np.savez(tmp_path / f"{number}.npz", volume=np.eye(8)[None].repeat(8, 0), spacing=np.full(3, 1.0))
    np.save(tmp_path / "3.npy", np.zeros((8, 8, 8), np.float32))
    rows = [{"volume": f"{n}.npz", "x": 4, "y": 4, "z": 4, "radius": 2, "split": "train"} for n in range(3)]
    rows[1]["split"], rows[2]["split"] = "val", "test"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = read_structures(written(tmp_path, rows)).schema
    rows[1]["volume"] = "3.npy"
    for given in (None, 1.0):
        with pytest.warns(DataWarning, match=r"^1 of 3 volumes of 'scans.csv' do not say their spacing"):
            read_structures(written(tmp_path, rows), spacing=given)
    with pytest.raises(DataError, match=r"8 x 8 x 8 voxels of 1000 x 1000 x 1000 mm would have .* right spacing\?"):
        numbers_of(Volume(np.zeros((8, 8, 8), np.float32), (1e3, 1e3, 1e3)), schema)


def test_centres_in_volumes_that_were_turned_are_told(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    rows = [{"volume": f"{n}.nii", "x": 4, "y": 4, "z": 4, "radius": 2} for n in range(3)]
    for number in range(3):
        affine = np.diag([1.0, -1.0 if number else 1.0, 1.0, 1.0])
        nibabel.save(
            nibabel.Nifti1Image(np.eye(8, dtype="float32")[None].repeat(8, 0), affine), tmp_path / f"{number}.nii"
        )
    with pytest.warns(DataWarning, match=r"^2 of 3 volumes were turned to RAS, .* as `read_volume` gives them"):
        read_structures(written(tmp_path, rows))


def test_masks_of_another_shape_are_refused(scans):
    rows = [{"volume": f"{n}.npy", "mask": f"mask{n}.npy"} for n in range(5)]
    dataset = read_structures(written(scans, rows), targets=["mask"])
    assert dataset.targets["mask"].labels == ("background", "label 1")
    with pytest.raises(DataError, match=r"0.npy' stands in two rows; each has one mask"):
        read_structures(written(scans, [*rows, rows[0]]), targets=["mask"])
    np.save(scans / "mask1.npy", np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(DataError, match=r"mask1.npy' has the shape \(4, 4, 4\); its volume .* has \(26, 26, 26\)"):
        read_structures(written(scans, rows), targets=["mask"])
    for number in range(5):
        np.save(scans / f"mask{number}.npy", np.zeros((26, 26, 26), np.uint8))
    with pytest.raises(DataError, match="hold no label above 0"):
        read_structures(written(scans, rows), targets=["mask"])
