"""Volumes are trained on: folders, tables and known sets, by the public verbs; and refused in words."""

import os
import warnings

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.pipeline import Pipeline
from zoo.tasks.volumes import measures, pooled
from zoo.training import Optimiser
from zoo.volumes import Crop

needs_mirror = pytest.mark.skipif(
    not os.environ.get("ZOO_MIRROR"), reason="set ZOO_MIRROR to a mirror that holds the samples of volumes"
)


def ball(radius, random):
    """(10, 10, 10) noise with a bright ball about the middle."""
    places = np.indices((10, 10, 10)) - 4.5
    return ((places**2).sum(axis=0) <= radius**2) * 2.0 + 0.3 * random.normal(size=(10, 10, 10))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("scans")
    random = np.random.default_rng(0)
    for name, radius in {"small": 1.5, "large": 4.0}.items():
        (path / name).mkdir()
        for number in range(12):
            np.save(path / name / f"{number}.npy", ball(radius, random).astype("float32"))
    return path


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "volumes"
    settings = {"epochs": 12, "batch_size": 8, "optimiser": Optimiser("adam", learning_rate=3e-2)}
    return run, zoo.train("volume_classifier_tiny", folder, folder=run, baselines="none", augmentation="flip_axes",
                          **settings)[0]  # fmt: skip


def test_a_folder_of_volumes_is_trained_on_and_its_file_predicts_paths(folder, trained):
    paths = [str(folder / "small" / "0.npy"), str(folder / "large" / "1.npy")]
    found = trained[1].predict({"volume": paths})
    assert list(found["label"]) == ["small", "large"]
    again = zoo.load_pipeline(trained[0])
    pd.testing.assert_frame_equal(again.predict({"volume": [np.load(path) for path in paths]}), found)
    report = zoo.evaluate(trained[0], data=str(folder), baselines="none")
    assert report.scores[0]["model"] > 0.9


def test_a_table_names_its_column_of_volumes_patients_and_points(folder, tmp_path):
    rows = [(f"{folder / name / file.name}", name, f"{name} {number // 2}", 5, 5, 5) for name in ("small", "large")
            for number, file in enumerate(sorted((folder / name).iterdir()))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["scan", "size", "patient", "z", "y", "x"])
    frame.to_csv(tmp_path / "scans.csv", index=False)
    options = {"types": {"scan": "volume"}, "targets": ["size"], "group": "patient", "points": ["z", "y", "x"]}
    dataset = zoo.load_dataset(tmp_path / "scans.csv", task="volumes", shape=4, **options)
    assert dataset.train.inputs["volume"].shape[1:] == (4, 4, 4, 1)
    parts = [set(getattr(dataset.table, part)["patient"]) for part in ("train", "validation", "test")]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    schema = dataset.schema
    pipeline = Pipeline(
        schema,
        zoo.create_model("volume_classifier_tiny", input_shape=(4, 4, 4, 1), outputs=schema.model_config()["outputs"]),
    )
    rows = frame.assign(z=[3, 5] * 12).drop(columns="size")
    rows.to_csv(tmp_path / "new.csv", index=False)
    first, other = (
        pipeline.predictions({"scan": [Crop(path, (z, 5, 5)) for path in rows["scan"][:2]]})["size"] for z in (3, 5)
    )
    for given in (rows[:2], {name: list(rows[name][:2]) for name in rows}):
        np.testing.assert_allclose(pipeline.predictions(given)["size"], [first[0], other[1]], rtol=1e-5)
    np.testing.assert_allclose(pipeline.predictions(tmp_path / "new.csv")["size"][:2], [first[0], other[1]], rtol=1e-5)
    pipeline.predict_file(tmp_path / "new.csv", tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(out["size=small"][:2], pipeline.predict(rows[:2])["size=small"], rtol=1e-4)
    with pytest.raises(DataError, match="comes without: give the columns z, y, x of rows"):
        pipeline.predictions({"scan": list(rows["scan"][:2])})
    with pytest.raises(UnknownNameError, match="column of 'points' 'w'"):
        zoo.load_dataset(tmp_path / "scans.csv", task="volumes", **{**options, "points": ["z", "y", "w"]})
    with pytest.raises(UnknownNameError, match="did you mean 'scan'"):
        zoo.load_dataset(tmp_path / "scans.csv", task="volumes", types={"scam": "volume"}, targets=["size"])
    frame.assign(size="small").to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(DataError, match="All volumes have the same 'size': two are needed at least"):
        zoo.load_dataset(tmp_path / "one.csv", task="volumes", **options)


def test_damaged_empty_and_repeated_volumes_of_a_folder_are_told(folder, tmp_path):
    for name in ("small", "large"):
        (tmp_path / name).mkdir()
        for file in (folder / name).iterdir():
            (tmp_path / name / file.name).write_bytes(file.read_bytes())
    np.save(tmp_path / "small" / "empty.npy", np.zeros((10, 10, 10)))
    np.save(tmp_path / "small" / "again.npy", np.load(folder / "small" / "0.npy"))
    (tmp_path / "large" / "broken.npy").write_bytes((folder / "large" / "0.npy").read_bytes()[:500])
    with pytest.warns(DataWarning) as told:
        table = zoo.load_dataset(tmp_path, task="volumes").table
    said = " ".join(str(each.message) for each in told)
    assert "1 of 27 volumes" in said
    assert "broken.npy' is cut off" in said
    assert "1 of 26 volumes" in said
    where = {each: name for name in ("train", "validation", "test") for each in getattr(table, name)["volume"]}
    assert where[str(tmp_path / "small" / "again.npy")] == where[str(tmp_path / "small" / "0.npy")]
    with pytest.raises(DataError, match=r"broken\.npy' is cut off"):
        zoo.load_dataset(tmp_path, task="volumes", damaged="refuse")


@pytest.mark.backends
def test_the_network_takes_volumes_of_any_size_and_refuses_other_inputs():
    keras.utils.set_random_seed(0)
    model = zoo.create_model("volume_classifier", filters=(4, 6))
    for sides in ((8, 8, 8), (5, 9, 3), (1, 1, 1)):
        volumes = np.random.default_rng(0).normal(size=(2, *sides, 1)).astype("float32")
        found = zoo.predict(model, {"volume": volumes})["label"]
        assert found.shape == (2, 2)
        assert np.isfinite(found).all()
    for shape in ((8, 8, 1), (8, 8, 8, 3)):
        with pytest.raises(ConfigError, match=r"must be \(depth, height, width, 1\)"):
            zoo.create_model("volume_classifier", input_shape=shape)


def test_what_simple_models_see_of_a_volume():
    volume = np.zeros((1, 8, 8, 8, 1), "float32")
    volume[0, 2:4, 1:5, 3:6, 0] = 2.0
    volume[0, 2, 1, 3, 0] = 0.0
    found = measures(volume, 0.0)[0]
    np.testing.assert_allclose(found, [np.log(23), 2, 4, 3, 2.0, 0.0, 23 / 24], rtol=1e-5)
    assert pooled(volume, 2).shape == (1, 8)
    assert pooled(volume, 2).sum() * 64 == pytest.approx(46)


@needs_mirror
def test_an_exam_of_nodules_stands_in_one_split_and_the_glands_are_those_of_the_paper():
    from zoo.datasets.volumes.adrenal import adrenal3d
    from zoo.datasets.volumes.nodules import nodules

    table = nodules()
    exams = [set(getattr(table, part)["exam"]) for part in ("train", "validation", "test")]
    assert sum(map(len, exams)) == len(set().union(*exams))
    assert sum(len(getattr(table, part)) for part in ("train", "validation", "test")) == 597
    glands = adrenal3d()
    assert (len(glands.train) + len(glands.validation), len(glands.test)) == (1_188, 98)
    assert glands.validation["volume"][0].shape == (32, 32, 32)


def test_a_joint_model_reads_volumes_beside_numbers(folder):
    rows = [(f"{name}/{number}.npy", number, name) for name in ("small", "large") for number in range(12)]
    pd.DataFrame(rows, columns=["scan", "age", "kind"]).to_csv(folder / "joint.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        dataset = zoo.load_dataset(folder / "joint.csv", task="joint", types={"scan": "volume"}, targets=["kind"])
    (folder / "joint.csv").unlink()
    config = {**dataset.schema.model_config()}
    model = zoo.create_model("joint", texts={}, pictures={}, others={"volumes": config.pop("volumes")}, **config)
    batch = {name: values[np.arange(2)] for name, values in dataset.train.inputs.items()}
    assert zoo.predict(model, batch)["kind"].shape == (2, 1)
