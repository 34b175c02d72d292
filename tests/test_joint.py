"""Several senses in one model: what is absent is masked, what is shared exists once, and users' rows are understood."""

import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zoo
from blocks.senses import attend_to_senses, concatenate_senses, gate_senses, multiply_senses, sense_dropout
from zoo.datasets.joint.shop import LABELS, MOTIFS, SENSES, limits, shop
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.models import joint_tiny
from zoo.models.senses import SENSES as READ
from zoo.models.senses import Sense
from zoo.report import best_weights, sense_rows, vote
from zoo.samples import Samples, Target
from zoo.tasks.joint import explain_senses, fit_joint, senses_of
from zoo.training import Head, Recipe

FUSIONS = {
    "concatenate": concatenate_senses,
    "gated": lambda *given, name: gate_senses(*given, 8, name=name),
    "attention": lambda *given, name: attend_to_senses(*given, 8, name=name),
    "product": lambda *given, name: multiply_senses(*given, 8, name=name),
}
ROOMS = {"pictures": dict.fromkeys(("hall", "yard"), (16, 16, 3)), "texts": {}, "optional": ("hall", "yard")}


@pytest.mark.backends
@pytest.mark.parametrize("fusion", FUSIONS)
def test_what_is_absent_is_not_looked_at(fusion):
    inputs = [keras.Input((size,)) for size in (3, 5)]
    present = [keras.Input((1,)) for _ in inputs]
    model = keras.Model([*inputs, *present], FUSIONS[fusion](inputs, present, name="fusion"))
    random = np.random.default_rng(0)
    left, right, other = (random.normal(size=(2, size)).astype("float32") for size in (3, 5, 5))
    one, none = np.ones((2, 1), "float32"), np.zeros((2, 1), "float32")

    def out(*given):
        return keras.ops.convert_to_numpy(model(list(given)))

    np.testing.assert_allclose(out(left, right, one, none), out(left, other, one, none), atol=1e-6)
    assert np.abs(out(left, right, one, one) - out(left, other, one, one)).max() > 1e-3
    assert np.isfinite(out(left, right, none, none)).all()


@pytest.mark.backends
def test_training_hides_senses_and_prediction_none():
    given = keras.Input((1,))
    model = keras.Model(given, sense_dropout(given, 0.25, name="hidden"))
    ones = np.ones((4_000, 1), "float32")
    np.testing.assert_array_equal(np.asarray(model(ones)), ones)
    seen = np.asarray(model(ones, training=True))
    assert set(np.unique(seen)) == {0.0, 1.0}
    assert seen.mean() == pytest.approx(0.75, abs=0.03)


def test_one_encoder_reads_all_pictures():
    one = joint_tiny(pictures={"hall": (16, 16, 3)}, texts={}, optional=("hall",))
    two = joint_tiny(**ROOMS)
    vectors = two.get_layer("yard_vector").count_params() + 8 * 9  # of fusion and trunk: 8 values and a mask more
    assert two.count_params() == one.count_params() + vectors


def test_a_wide_model_adds_what_each_column_says():
    model = joint_tiny(wide=True, categories={"group": 5}, texts={}, pictures={}, optional=(), hidden_senses=0.5)
    kernel, bias = model.get_layer("target").get_weights()
    kernel[:8], kernel[8:, 0], bias[:] = 0.0, np.arange(1, len(kernel) - 7), 0.5  # of the trunk nothing
    model.get_layer("target").set_weights([kernel, bias])
    rows = {"numbers": np.array([[2.0, 3.0], [np.nan, np.nan]], "float32"), "group": np.array([4, 0], "int32")}
    columns = 2 + 2 + 4  # numbers, their flags, and the values of the group, the first of them for none
    assert len(kernel) == 8 + columns
    said = np.asarray(model(rows)["target"])[:, 0]
    assert said[0] == pytest.approx(0.5 + 2.0 * 1 + 3.0 * 2 + 8.0)  # the third value of the group
    assert said[1] == pytest.approx(0.5)  # no column at all: the table is absent


@pytest.mark.parametrize("name", ["joint", "fashion_trend", "house_photos", "joint_tiny"])
def test_the_graph_fits_one_screen(name):
    from zoo.weights import without_values

    with without_values():
        lines = zoo.draw(zoo.create_model(name)).splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 120


def test_a_new_sense_is_one_row(monkeypatch):
    def heights(name, size):
        given = keras.Input((size,))
        return keras.Model(given, keras.layers.Dense(3, name="dense")(given), name=name)

    row = Sense(make_input=lambda name, size: keras.Input((size,), name=name), encoders={"dense": heights})
    monkeypatch.setitem(READ, "profiles", row)
    model = joint_tiny(others={"profiles": {"slope": 4}})
    assert "slope" in {tensor.name for tensor in model.inputs}
    with pytest.raises(UnknownNameError, match="profiles"):
        joint_tiny(others={"profile": {"slope": 4}})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"fusion": "gate"}, "did you mean 'gated'"),
        ({"text": "bags"}, "did you mean 'bag'"),
        ({"picture": "mobilnet"}, "encoder"),
        ({"optional": ("phot",)}, "did you mean 'photo'"),
        ({"pictures": {"photo": 16}}, "as \\(64, 64, 3\\)"),
        ({"numbers": 0, "categories": None, "texts": {}, "pictures": {}}, "needs a column to predict from"),
        ({"numbers": 0, "categories": None, "wide": True}, "'wide' reads the columns of a table"),
    ],
)
def test_a_wrong_option_is_told(given, told):
    with pytest.raises((ConfigError, UnknownNameError), match=told):
        zoo.create_model("joint_tiny", **{"optional": (), **given})


def test_features_of_a_frozen_network_among_several_senses_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))
    keras.utils.set_random_seed(0)
    model = joint_tiny(**{**ROOMS, "pictures": dict.fromkeys(("hall", "yard"), (32, 32, 3))}, picture="mobilenet_tiny")
    random = np.random.default_rng(0)
    inputs = {
        "numbers": random.normal(size=(24, 2)).astype("float32"),
        "group": random.integers(0, 8, 24).astype("int32"),
        **{room: random.normal(size=(24, 32, 32, 3)).astype("float32") for room in ("hall", "yard")},
        **{f"{room}_present": np.ones(24, "float32") for room in ("hall", "yard")},
    }
    samples = Samples(inputs, {"target": random.normal(size=24).astype("float32")})
    before = model.get_layer("mobilenet_tiny").get_weights()
    recipe = Recipe({"target": Head(Target("regression"))}, epochs=3, batch_size=8)
    run = fit_joint(model, samples, samples, recipe)
    assert "features of 48 rows kept on disk" in run.notes[-1]
    for old, new in zip(before, model.get_layer("mobilenet_tiny").get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.get_layer("table_features").name == "table_features"  # as it was called before


# --- the generated shop


def test_more_senses_have_a_better_limit():
    items = shop(rows=2_000).test
    found = {senses: limits(items, senses) for senses in (("text",), ("text", "picture"), tuple(SENSES))}
    accuracies = [each["trend"]["log_loss"] for each in found.values()]
    errors = [each["price"]["mae"] for each in found.values()]
    assert accuracies == sorted(accuracies, reverse=True)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 3.0 < errors[-2]


def test_the_same_seed_makes_the_same_shop():
    first, second = shop(rows=60, seed=3).train, shop(rows=60, seed=3).train
    np.testing.assert_array_equal(np.stack(first.pop("photo")), np.stack(second.pop("photo")))
    pd.testing.assert_frame_equal(first, second)
    assert set(first["trend"]) == set(LABELS)
    assert set(first["motif"]) == set(MOTIFS)


# --- votes, and what senses are worth


def test_a_vote_has_the_weights_that_are_best_on_validation():
    truth = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    models = {"good": truth + 0.1, "bad": np.zeros(5), "opposite": truth - 0.1}
    weights = best_weights(models, truth, "mae")
    assert weights == {"good": 0.5, "bad": 0.0, "opposite": 0.5}
    np.testing.assert_allclose(vote(models, weights), truth)


def test_a_sense_is_worth_what_is_lost_without_it():
    random = np.random.default_rng(0)
    numbers, ids = random.normal(size=(300, 1)).astype("float32"), random.integers(0, 5, 300).astype("int32")
    samples = Samples({"numbers": numbers, "group": ids}, {"y": numbers[:, 0]})
    rows = sense_rows(
        lambda given: {"y": np.nan_to_num(given.inputs["numbers"][:, 0])},
        samples,
        {"table": ("numbers",), "other": ("group",)},
        {"y": Target("regression")},
    )
    worth = {row["sense"]: row for row in rows}
    assert worth["table"]["worth_without"] == pytest.approx(np.abs(numbers).mean(), rel=1e-5)
    assert worth["table"]["worth_permuted"] > worth["table"]["worth_without"]
    assert worth["other"]["worth_without"] == worth["other"]["worth_permuted"] == 0.0


# --- rows of the user's own


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    folder = tmp_path_factory.mktemp("items")
    (folder / "img").mkdir()
    table = shop(rows=120)
    frame = pd.concat([table.train, table.validation, table.test], ignore_index=True)
    for row, pixels in enumerate(frame["photo"]):
        Image.fromarray(pixels).save(folder / "img" / f"{row}.png")
    frame["photo"] = [f"img/{row}.png" for row in range(len(frame))]
    return folder, frame.drop(columns=["style", "motif"])


def written(items, name, **columns):
    folder, frame = items
    frame.assign(**columns).to_csv(folder / name, index=False)
    return folder / name


@pytest.fixture(scope="module")
def trained(items):
    folder, frame = items
    file = written(
        items,
        "items.csv",
        photo=["", "img/none.png", *frame["photo"][2:]],
        description=[None, *frame["description"][1:]],
        trend=[*frame["trend"][:-2], None, None],
        price=[None, *frame["price"][1:-1], None],
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pipeline, report = zoo.train(
            "joint_tiny",
            file,
            folder=folder / "run",
            epochs=1,
            baselines="none",
            data_options={"targets": ["trend", "price"], "size": 16},
        )
    return pipeline, report, [str(each.message) for each in told]


def test_kinds_are_told_before_training(trained):
    _, _, told = trained
    (kinds,) = [each for each in told if "taken for" in each]
    assert "text description" in kinds
    assert "picture photo" in kinds
    assert "trend (binary), price (regression)" in kinds
    assert any("1 of 118 pictures" in each and "none.png" in each for each in told)


def test_paths_bytes_and_arrays_have_the_same_predictions(items, trained):
    folder, frame = items
    pipeline = zoo.load_pipeline(folder / "run")
    rows = frame.head(4).drop(columns=["trend", "price"])
    files = [folder / path for path in rows["photo"]]
    given = {
        "paths": list(map(str, files)),
        "bytes": [file.read_bytes() for file in files],
        "arrays": [np.asarray(Image.open(file)) for file in files],
    }
    found = {kind: pipeline.predict(rows.assign(photo=pd.Series(each, dtype=object))) for kind, each in given.items()}
    pd.testing.assert_frame_equal(found["paths"], found["bytes"])
    pd.testing.assert_frame_equal(found["paths"], found["arrays"])


def test_paths_are_meant_from_where_the_file_stands(items, trained):
    folder, frame = items
    frame.head(3).drop(columns=["trend", "price"]).to_csv(folder / "new.csv", index=False)
    pipeline, *_ = trained
    outcome = pipeline.predict_file(folder / "new.csv", folder / "out.csv")
    assert (outcome.rows, outcome.failed) == (3, 0)
    assert len(pipeline.predict(folder / "new.csv")) == 3


def test_a_row_may_lack_its_photo_and_its_text(items, trained):
    pipeline, *_ = trained
    rows = items[1].head(2).drop(columns=["trend", "price"])
    found = pipeline.predict(rows.assign(photo=None, description=None))
    assert np.isfinite(found["price"]).all()
    with pytest.raises(DataError, match=r"nowhere\.png"):
        pipeline.predict(rows.assign(photo="nowhere.png"))


def test_each_prediction_says_what_it_owes_to_a_sense(items, trained):
    folder, frame = items
    pipeline, *_ = trained
    rows = frame.head(3).assign(photo=[None, *(str(folder / path) for path in frame["photo"][1:3])])
    found = explain_senses(pipeline, rows)
    assert set(senses_of(pipeline.schema)) == {"table", "description", "photo"}
    assert found["price from photo"].iloc[0] == 0.0  # there is none
    assert (found["price from table"] != 0.0).all()


@pytest.mark.parametrize(
    ("photo", "told"),
    [
        (lambda path: f"https://shop.example/{path}", "holds addresses"),
        (lambda path: f"{path}; img/1.png", "names 2 pictures in row 1"),
        (lambda path: f"elsewhere/{path}", "120 of 120 pictures of the column 'photo' cannot be read"),
    ],
)
def test_pictures_that_are_none_are_refused(photo, told, items):
    file = written(items, "bad.csv", photo=items[1]["photo"].map(photo))
    with pytest.raises(DataError, match=told):
        zoo.load_dataset(file, task="joint", targets=["price"])


def test_an_empty_column_of_pictures_is_refused(items):
    file = written(items, "empty.csv", photo=None)
    with pytest.raises(DataError, match="'photo' has no picture in any row"):
        zoo.load_dataset(file, task="joint", targets=["price"], types={"photo": "picture"})


def test_rows_without_any_text_are_refused(items):
    file = written(items, "silent.csv", description=None)
    with pytest.raises(DataError, match="'description' has no text in any training row"):
        zoo.load_dataset(file, task="joint", targets=["price"], types={"description": "text"})
