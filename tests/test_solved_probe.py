"""The heads of a linear probe are solved: the gradient of a convex problem is 0, by an L2 chosen on unseen rows."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from tests.pretrained import LABELS, changed, network, pictures, pretend_learnt, recipe, values
from zoo.errors import TrainingError
from zoo.report.progress import progress
from zoo.samples import Samples, Target
from zoo.training import FineTune, Head, Recipe, fit
from zoo.training.fine_tuning.linear_solver import LinearRows, solve_path
from zoo.training.fine_tuning.solved import STRENGTHS, chosen_strength, folds_of, worth_a_refit

TRAIN, VALIDATION = pictures(48, 0, wrong=0.2), pictures(40, 1, wrong=0.2)
SOLVED = FineTune("linear_probe", solve=True)
KINDS = {
    "category": Target("classification", LABELS),
    "size": Target("regression"),
    "both": Target("regression"),
    "good": Target("binary", ("no", "yes")),
    "tags": Target("tags", ("a", "b")),
}


@pytest.fixture(autouse=True)
def kept_in(tmp_path, monkeypatch):
    """The features of a test stand in a folder of its own."""
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))


def several(n, seed):
    """Pictures with a target of every kind, of which some are not known, and weights of rows."""
    samples, random = pictures(n, seed, wrong=0.3), np.random.default_rng(seed)
    label = samples.targets["category"]
    size = (1_000 + 200 * label + random.normal(size=n) * 150).astype("float32")
    both = np.stack([size / 1_000, random.normal(size=n)], axis=1).astype("float32")
    good = ((label == 1) ^ (random.random(n) < 0.2)).astype("int32")
    tags = np.stack([good, label == 2], axis=1).astype("int32")
    size[::7], good[::5], tags[::6, 1], both[::8, 0] = np.nan, -1, -1, np.nan
    label = np.where(np.arange(n) % 9 == 0, -1, label).astype("int32")
    targets = {"category": label, "size": size, "both": both, "good": good, "tags": tags}
    weight = (random.random(n) + 0.2).astype("float32")
    return Samples(samples.inputs, targets, sample_weight={"size": weight, "category": weight})


def with_heads():
    """The small network with a head of every kind."""
    base = network()
    features = base.get_layer("average").output
    heads = {
        "category": layers.Dense(3, activation="softmax", name="category_head"),
        "size": layers.Dense(1, name="size_head"),
        "both": layers.Dense(2, name="both_head"),
        "good": layers.Dense(1, activation="sigmoid", name="good_head"),
        "tags": layers.Dense(2, activation="sigmoid", name="tags_head"),
    }
    model = keras.Model(base.inputs, {name: head(features) for name, head in heads.items()}, name="several")
    pretend_learnt(model)
    return model


def features_of(model, samples):
    """Means over places, (n, d) float64."""
    average = keras.Model(model.inputs, model.get_layer("average").output)
    return average.predict(samples.inputs["image"], verbose=0).astype(np.float64)


def gradient(model, samples, layer, targets, weights, strength, unit=1.0):
    """Of the summed losses and of L2, by a head's kernel for standardised features, and by its bias."""
    features = features_of(model, samples)
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    kernel = model.get_layer(layer).get_weights()[0] * deviation[:, None] / unit
    found = model.predict(samples.inputs["image"], verbose=0)[layer.removesuffix("_head")]
    slopes = weights * (found - targets) / unit
    return ((features - mean) / deviation).T @ slopes + strength * kernel, slopes.sum(axis=0)


def test_solutions_are_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression, Ridge

    random = np.random.default_rng(0)
    for rows, columns in ((40, 60), (90, 7)):
        features = random.normal(size=(rows, columns)) * np.exp(random.normal(size=columns))
        label = (features[:, :3] + random.normal(size=(rows, 3))).argmax(axis=1)
        ones, path = np.ones((rows, 1)), (100.0, 1.0)
        for strength, (kernel, bias) in zip(
            path, solve_path(LinearRows(features, np.eye(3)[label], ones, "softmax"), path), strict=True
        ):
            theirs = LogisticRegression(C=1 / strength, tol=1e-10, max_iter=10_000).fit(features, label)
            powers = np.exp(features @ kernel + bias)
            shares = powers / powers.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(shares, theirs.predict_proba(features), atol=2e-4)
        wide = features[:, :2] @ random.normal(size=(2, 2)) + random.normal(size=(rows, 2))
        ((kernel, bias),) = solve_path(LinearRows(features, wide, ones, "linear"), (3.0,))
        np.testing.assert_allclose(
            features @ kernel + bias, Ridge(3.0).fit(features, wide).predict(features), atol=1e-6
        )


def test_every_kind_of_head_ends_where_the_gradient_is_0_and_predicts_in_its_own_units():
    train, model = several(60, 0), with_heads()
    run = fit(model, train, several(50, 1), Recipe({name: Head(target) for name, target in KINDS.items()},
                                                   batch_size=16, fine_tune=SOLVED))  # fmt: skip
    (row,) = run.history
    assert "solved (L2 of category" in run.notes[0]
    assert all(row[f"l2_{name}"] in STRENGTHS for name in KINDS)
    weight = train.sample_weight["size"][:, None].astype(np.float64)
    for name in KINDS:
        target = train.targets[name].reshape(60, -1).astype(np.float64)
        known = np.isfinite(target) & (target >= 0) if name not in ("size", "both") else np.isfinite(target)
        counted = np.where(known, 1.0, 0.0)
        unit = 1.0
        if name in ("size", "category"):
            counted *= weight / weight[known].mean()
        if name in ("size", "both"):
            filled = np.where(known, target, 0.0)
            mean = (counted * filled).sum(axis=0) / counted.sum(axis=0)
            unit = np.sqrt((counted * np.square(filled - mean)).sum(axis=0) / counted.sum(axis=0))
        wanted = np.eye(3)[target[:, 0].astype(int)] if name == "category" else np.where(known, target, 0.0)
        kernel, bias = gradient(model, train, f"{name}_head", wanted, counted, row[f"l2_{name}"], unit)
        assert max(np.abs(kernel).max(), np.abs(bias).max()) < 0.02, name


def test_the_strength_is_that_of_the_least_loss_on_rows_that_are_not_trained_on():
    random = np.random.default_rng(0)
    features, other = random.normal(size=(2, 60, 12))
    told = features[:, :1] * 0.3 + random.normal(size=(60, 1))
    noise = LinearRows(features, told, np.ones((60, 1)), "linear")
    agrees = LinearRows(features, told, np.ones((60, 1)), "linear")
    opposes = LinearRows(other, -other[:, :1], np.ones((60, 1)), "linear")
    assert chosen_strength(noise, agrees, 1) <= 1.0  # beyond which rounding decides
    assert chosen_strength(noise, opposes, 1) == max(STRENGTHS)
    assert min(STRENGTHS) < chosen_strength(noise, None, 1) <= max(STRENGTHS)


def test_views_of_a_row_stand_in_one_fold_and_are_judged_by_the_first():
    features = np.arange(30.0)[:, None]
    label = np.arange(30) % 3
    rows = LinearRows(np.tile(features, (2, 1)), np.tile(np.eye(3)[label], (2, 1)), np.ones((60, 1)), "softmax")
    pairs = folds_of(rows, views=2)
    for learnt, judged in pairs:
        assert set(learnt.features[:, 0]).isdisjoint(judged.features[:, 0])
        assert len(learnt.features) == 48
        assert judged.targets.sum(axis=0).tolist() == [2, 2, 2]
    assert sorted(value for _, judged in pairs for value in judged.features[:, 0]) == list(range(30))


def test_with_refit_the_validation_rows_are_learnt_from_and_choose_nothing():
    strengths = {}
    for refit in (False, True):
        model = network()
        run = fit(model, TRAIN, VALIDATION, recipe(fine_tune=SOLVED, refit=refit))
        strengths[refit] = run.history[0]["l2_category"]
        rows = TRAIN.joined(VALIDATION) if refit else TRAIN
        label = np.eye(3)[rows.targets["category"]]
        kernel, bias = gradient(model, rows, "category", label, np.ones((len(rows), 1)), strengths[refit])
        assert max(np.abs(kernel).max(), np.abs(bias).max()) < 0.02
    swapped = replace(VALIDATION, targets={"category": np.roll(VALIDATION.targets["category"], 1)})
    worse = fit(network(), TRAIN, swapped, recipe(fine_tune=SOLVED)).history[0]["l2_category"]
    assert worse > strengths[False]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"head": Head(Target("classification", LABELS), loss="generalised_crossentropy")}, "generalised_crossentropy"),
        ({"head": Head(Target("classification", LABELS), loss="smoothed_crossentropy")}, "smoothed_crossentropy"),
        ({"head": Head(Target("classification", LABELS), imbalance="focal")}, "focal"),
        ({"balance": "uncertainty"}, "learns"),
    ],
)
def test_what_is_not_convex_is_trained_in_steps_and_it_is_said_why(changes, why):
    run = fit(network(), TRAIN, VALIDATION, recipe(fine_tune=SOLVED, **changes))
    assert len(run.history) == 3
    assert "trained in steps, as" in run.notes[0]
    assert why in run.notes[0]
    assert not any(key.startswith("l2_") for row in run.history for key in row)


@pytest.mark.parametrize("calibrated", [False, True])
def test_class_weights_are_weights_of_rows_and_probabilities_are_brought_back_where_wanted(calibrated):
    rows = TRAIN.take(np.flatnonzero((TRAIN.targets["category"] > 0) | (np.arange(len(TRAIN)) % 3 == 0)))
    weights = {"red": 6.0, "green": 1.0, "blue": 1.0}
    given = {"imbalance": "class_weights"} if calibrated else {"class_weights": weights}
    model, head = network(), Head(Target("classification", LABELS), **given)
    strength = fit(model, rows, VALIDATION, recipe(fine_tune=SOLVED, head=head)).history[0]["l2_category"]
    label = rows.targets["category"]
    table = head.class_weight_table(label).astype(np.float64)
    assert table.max() > 1.5 * table.min()
    if calibrated:  # as training saw the labels
        kernel, bias = model.get_layer("category").get_weights()
        model.get_layer("category").set_weights([kernel, bias + np.log(table)])
    found, beside = gradient(model, rows, "category", np.eye(3)[label], table[label][:, None], strength)
    assert max(np.abs(found).max(), np.abs(beside).max()) < 0.02


def test_a_model_that_does_not_predict_what_its_solution_says_is_not_given_back(monkeypatch):
    from zoo.training.fine_tuning import solved

    right = solved.assign
    monkeypatch.setattr(solved, "assign", lambda layer, kernel, bias: right(layer, kernel, bias + np.arange(3)))
    with pytest.raises(TrainingError, match="'category'"):
        fit(network(), TRAIN, VALIDATION, recipe(fine_tune=SOLVED))


def test_a_solved_run_that_was_interrupted_ends_with_the_same_bits_and_tells_its_strengths(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise KeyboardInterrupt

    whole, model = network(), network()
    tune = replace(SOLVED, stages=("linear_probe", "last_stage"))
    expected = fit(whole, TRAIN, VALIDATION, recipe(fine_tune=tune), folder=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(model, TRAIN, VALIDATION, recipe(fine_tune=tune), folder=tmp_path / "run", callbacks=[Stop()])
    run = fit(model, TRAIN, VALIDATION, recipe(fine_tune=tune), folder=tmp_path / "run")
    assert [row["stage"] for row in run.history] == [1, 2, 2, 2]
    assert run.history[0]["l2_category"] == expected.history[0]["l2_category"]
    assert changed(values(whole), values(model)) == set()
    again = fit(network(), TRAIN, VALIDATION, recipe(fine_tune=tune), folder=tmp_path / "run")
    assert again.notes == run.notes
    config = (tmp_path / "run" / "stages" / "1_linear_probe" / "config.json").read_text()
    assert '"chosen_on": "validation"' in config


def test_inputs_that_are_features_are_solved_as_they_are():
    random = np.random.default_rng(0)
    features = (random.normal(size=(80, 6)) * (1e-2, 1.0, 10.0, 1.0, 1.0, 1.0)).astype("float32")
    samples = Samples({"f": features}, {"size": (features[:, 0] * 300 + 2_000).astype("float32")})
    x = keras.Input((6,), name="f")
    model = keras.Model([x], {"size": layers.Dense(1, name="size")(layers.Dropout(0.5)(x))})
    run = fit(model, samples.take(np.arange(60)), samples.take(np.arange(60, 80)),
              Recipe({"size": Head(Target("regression"))}, fine_tune=SOLVED))  # fmt: skip
    assert "the inputs are the features" in run.notes[0]
    assert run.history[0]["val_skill"] > 0.98
    np.testing.assert_allclose(model.predict(features, verbose=0)["size"][:, 0], samples.targets["size"], atol=0.3)


def test_features_of_one_place_are_solved_through_dropout_and_flattening():
    """MobileNet's last features are (n, 1, 1, d)."""
    base = network()
    x = layers.GlobalAveragePooling2D(keepdims=True, name="average_kept")(base.get_layer("average").input)
    x = layers.Flatten(name="flat")(layers.Dropout(0.2, name="dropout")(x))
    model = keras.Model(base.inputs, {"category": layers.Dense(3, activation="softmax", name="head")(x)})
    pretend_learnt(model)
    run = fit(model, TRAIN, VALIDATION, recipe(fine_tune=SOLVED))
    assert any("linear_probe, solved (L2 of category" in note for note in run.notes), run.notes
    assert len(run.history) == 1


def test_few_rows_of_plain_classes_are_worth_a_refit():
    head = Head(Target("classification", LABELS))
    tune = FineTune("auto", solve=True)
    assert worth_a_refit(recipe(fine_tune=tune), 60)
    assert not worth_a_refit(recipe(fine_tune=tune), 600)  # another stage chooses its best epoch
    assert worth_a_refit(recipe(fine_tune=SOLVED), 600)
    assert not worth_a_refit(recipe(fine_tune=SOLVED), 60_000)
    assert not worth_a_refit(recipe(fine_tune=FineTune("linear_probe")), 60)
    assert not worth_a_refit(recipe(fine_tune=SOLVED, head=replace(head, imbalance="class_weights")), 60)
    assert not worth_a_refit(recipe(fine_tune=SOLVED, head=Head(Target("regression"))), 60)


def test_the_report_says_that_there_were_no_epochs():
    history = [{"val_skill": 0.3, "l2_category": 10.0}]
    assert progress(history, 60).startswith("Solved, not trained in epochs")
    assert "refit" in progress(history, 60, refit=True)
    assert progress([{"val_skill": 0.3}], 60).startswith("Stopped after 1 of 60")
