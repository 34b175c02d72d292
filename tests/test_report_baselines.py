"""Baselines: the constant answers by hand, the fitted ones on data whose answer is known, and the left-out ones."""

import numpy as np
import pytest

from zoo import metrics
from zoo.errors import UnknownNameError
from zoo.report.baselines import fit_baselines
from zoo.report.columns import with_means
from zoo.samples import Samples, Target

REGRESSION = {"y": Target("regression")}
BINARY = {"y": Target("binary", ("no", "yes"))}
THREE = {"y": Target("classification", ("a", "b", "c"))}


def score(metric, target, predicted) -> float:
    found = metrics.score(metric, target, predicted)
    assert found is not None
    return found


def fit(inputs, y, targets, *, texts=(), held_out=True, metrics=None, seed=0):
    """The first half is train, a quarter each validation and test."""
    y = np.asarray(y)
    everything = Samples(inputs, {"y": y}, {}, {next(iter(inputs)): list(texts)} if texts else {})
    n = len(y)
    cuts = np.split(np.arange(n), [n // 2, 3 * n // 4])
    train, validation, test = (everything.take(rows) for rows in cuts)
    if not held_out:
        validation = Samples(validation.inputs, {}, {}, validation.raw)
    return fit_baselines(train, validation, test, targets, metrics=metrics and {"y": metrics}, seed=seed)["y"], test


def test_the_constant_answer_is_median_mean_or_shares_of_the_known_labels():
    columns = {"x": np.zeros((8, 1), np.float32)}
    found, _ = fit(columns, np.array([1, 2, 9, np.nan, 0, 0, 0, 0], np.float32), REGRESSION)
    assert found["majority"].predictions["mae"].tolist() == [2, 2]
    assert found["majority"].predictions["rmse"].tolist() == [4, 4]
    found, _ = fit(columns, np.array([0, 2, 2, -1, 0, 0, 0, 0], np.int32), THREE)
    assert found["majority"].predictions["log_loss"] == pytest.approx(np.tile([1 / 3, 0, 2 / 3], (2, 1)))
    found, _ = fit(columns, np.array([1, 1, 1, 0, 0, 0, 0, 0], np.int32), BINARY)
    assert found["majority"].predictions["auc"].tolist() == [0.75, 0.75]


def test_the_linear_model_recovers_a_line_and_the_trees_a_step():
    x = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    x[::50, 2] = np.nan  # a missing number of a column without meaning
    found, test = fit({"x": x}, (3 * x[:, 0] - x[:, 1] + 5).astype(np.float32), REGRESSION)
    assert score("r2", test.targets["y"], found["linear"].predictions["r2"]) > 0.999
    step = (np.abs(x[:, 0]) > 0.7).astype(np.int32)  # no line divides it
    found, test = fit({"x": x}, step, BINARY)
    assert score("accuracy", test.targets["y"], found["trees"].predictions["accuracy"]) > 0.98
    assert score("auc", test.targets["y"], found["linear"].predictions["auc"]) < 0.8


def test_of_a_skew_target_the_linear_model_answers_the_median_for_the_absolute_error():
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 1)).astype(np.float32)
    found, _ = fit({"x": x}, (x[:, 0] + random.exponential(size=4000)).astype(np.float32), REGRESSION)
    above = found["linear"].predictions["rmse"] - found["linear"].predictions["mae"]
    assert np.mean(above) == pytest.approx(1 - np.log(2), abs=0.06)  # mean less median of the exponential


@pytest.mark.parametrize("given", ["texts", "ids"])
def test_words_that_tell_the_class_are_found_in_texts_and_in_ids(given):
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 600).astype(np.int32)
    ids = random.integers(10, 60, (600, 12)).astype(np.int32)
    ids[:, 4] = y + 2
    ids[:, 9:] = 0
    texts = [" ".join(f"w{i}" for i in row) for row in ids] if given == "texts" else ()
    found, test = fit({"posts": np.zeros((600, 1), np.int32) if texts else ids}, y, THREE, texts=texts)
    assert score("accuracy", test.targets["y"], found["linear"].predictions["accuracy"]) > 0.97
    assert score("accuracy", test.targets["y"], found["trees"].predictions["accuracy"]) > 0.5
    assert found["linear"].predictions["log_loss"].sum(axis=1) == pytest.approx(np.ones(len(test)))


def test_the_penalty_is_chosen_on_validation_alone():
    """Noise columns: the best penalty is large, and the test labels, all wrong, cannot be what chose it."""
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 60)).astype(np.float32)
    y = (x[:, 0] + random.normal(size=120)).astype(np.float32)
    found, _ = fit({"x": x}, y, REGRESSION)
    spoilt = y.copy()
    spoilt[90:] = -1000
    again, _ = fit({"x": x}, spoilt, REGRESSION)
    assert found["linear"].predictions["mae"].tolist() == again["linear"].predictions["mae"].tolist()
    assert "penalty 100 (chosen on validation)" in found["linear"].note


def test_without_labels_in_validation_the_note_says_so():
    x = np.arange(200, dtype=np.float32)[:, None]
    found, _ = fit({"x": x}, x[:, 0], REGRESSION, held_out=False)
    assert "validation has no label" in found["linear"].note


def test_a_class_absent_from_train_gets_probability_zero():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2)).astype(np.float32)
    y = np.where(x[:, 0] > 0, 2, 0).astype(np.int32)
    y[350:] = 1
    found, test = fit({"x": x}, y, THREE)
    for kind in ("majority", "linear", "trees"):
        probabilities = found[kind].predictions["accuracy"]
        assert probabilities.shape == (len(test), 3)
        assert np.all(probabilities[:, 1] == 0)


@pytest.mark.parametrize(
    ("inputs", "texts", "y", "targets", "reason"),
    [
        ({"x": np.zeros((24, 1), np.float32)}, (), np.arange(24.0), REGRESSION, "12 labelled training rows"),
        ({"x": np.zeros((80, 1), np.float32)}, (), np.ones(80, np.int32), BINARY, "all of one class"),
        ({"x": np.zeros((80, 1), np.int32)}, ["!"] * 80, np.arange(80.0), REGRESSION, "hold no word"),
        ({"x": np.zeros((80, 72, 72, 1), np.float32)}, (), np.arange(80.0), REGRESSION, "5184 dense columns"),
        ({"x": np.zeros((80, 1), np.float32)}, (), np.full(80, np.nan), REGRESSION, "0 labelled training rows"),
    ],
)
def test_what_cannot_be_fitted_is_left_out_with_the_reason(inputs, texts, y, targets, reason):
    found, _ = fit(inputs, y, targets, texts=texts)
    for kind in ("linear", "trees"):
        assert not found[kind].predictions
        assert reason in found[kind].note


def test_the_same_seed_gives_the_same_answers():
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in row) for row in random.integers(0, 40, (300, 10))]
    y = random.integers(0, 2, 300).astype(np.int32)
    first, _ = fit({"posts": np.zeros((300, 1), np.int32)}, y, BINARY, texts=texts, seed=3)
    second, _ = fit({"posts": np.zeros((300, 1), np.int32)}, y, BINARY, texts=texts, seed=3)
    for kind in ("linear", "trees"):
        assert first[kind].predictions["auc"].tolist() == second[kind].predictions["auc"].tolist()


def test_integers_without_a_length_are_categories_and_no_numbers():
    """What a category answers has nothing to do with the size of its id; a missing one has an answer of its own."""
    random = np.random.default_rng(0)
    ids = random.integers(0, 40, 2000).astype(np.int32)
    ids[ids == 1] = 0
    values = random.normal(size=40)
    found, test = fit({"shop": ids}, values[ids].astype(np.float32), REGRESSION)
    for kind in ("linear", "trees"):
        assert score("r2", test.targets["y"], found[kind].predictions["r2"]) > 0.95
    assert "1 categories" in found["linear"].note


def test_a_category_never_seen_in_training_is_answered():
    ids = np.repeat(np.array([2, 3, 1, 9], np.int32), 50)  # the third quarter is validation, the last one test
    found, _ = fit({"shop": ids}, np.repeat([1.0, 2.0, 1.5, 1.5], 50).astype(np.float32), REGRESSION)
    assert found["linear"].predictions["rmse"] == pytest.approx(np.full(50, 1.5), abs=0.02)
    assert np.isfinite(found["trees"].predictions["rmse"]).all()


def test_a_category_of_more_values_than_the_trees_take_is_ordered_by_its_mean_label():
    random = np.random.default_rng(0)
    ids = random.permutation(np.tile(np.arange(2, 402, dtype=np.int32), 20))
    effects = random.normal(size=402)
    y = (effects[ids] + 0.1 * random.normal(size=len(ids))).astype(np.float32)
    found, test = fit({"shop": ids}, y, REGRESSION)
    assert score("r2", test.targets["y"], found["trees"].predictions["r2"]) > 0.9
    found, test = fit({"shop": ids}, (effects[ids] > 0).astype(np.int32), BINARY)
    assert score("auc", test.targets["y"], found["trees"].predictions["auc"]) > 0.99


def test_means_of_ids_are_drawn_towards_the_mean_of_all_and_unseen_ids_are_missing():
    fitted, labels = np.array([2.0, 2, 3, np.nan]), np.array([1.0, 1, 0, 0])
    found = with_means(np.array([2.0, 3, 4, np.nan]), fitted, labels)
    assert found[:2] == pytest.approx([(2 + 10 * 0.5) / 12, 5 / 11])
    assert np.isnan(found[2:]).all()


def test_that_a_number_is_missing_tells_both_models_something():
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 2)).astype(np.float32)
    x[random.random(2000) < 0.4, 1] = np.nan
    found, test = fit({"numbers": x}, np.isnan(x[:, 1]).astype(np.int32), BINARY)
    for kind in ("linear", "trees"):
        assert score("accuracy", test.targets["y"], found[kind].predictions["accuracy"]) > 0.99


def test_one_number_out_of_all_proportion_does_not_decide_the_scale():
    x = np.random.default_rng(0).normal(size=(2000, 1)).astype(np.float32)
    x[7] = 1e9
    found, test = fit({"numbers": x}, (x[:, 0] > 0.3).astype(np.int32), BINARY)
    assert score("auc", test.targets["y"], found["linear"].predictions["auc"]) > 0.99


def test_every_metric_that_a_head_names_is_served_and_chosen_for():
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 2)).astype(np.float32)
    y = (x[:, 0] + random.normal(size=2000)).astype(np.float32)
    metrics_of_logs = ("exp_rmspe", "mae", "rmse")
    found, test = fit({"numbers": x}, y, REGRESSION, metrics=metrics_of_logs)
    for kind in ("majority", "linear", "trees"):
        assert tuple(found[kind].predictions) == metrics_of_logs
        by_error = {
            name: score("exp_rmspe", test.targets["y"], found[kind].predictions[name]) for name in metrics_of_logs
        }
        assert by_error["exp_rmspe"] < 0.9 * by_error["mae"]  # a percentage error is lower for low answers
    rare, _ = fit({"numbers": x}, (y > 1).astype(np.int32), BINARY, metrics=("average_precision", "calibration_error"))
    assert set(rare["trees"].predictions) == {"average_precision", "calibration_error"}


def test_trees_stop_where_validation_is_best():
    random = np.random.default_rng(0)
    x = random.normal(size=(800, 5)).astype(np.float32)
    found, _ = fit({"numbers": x}, (x[:, 0] + 3 * random.normal(size=800)).astype(np.float32), REGRESSION)
    steps = int(found["trees"].note.split(": ")[1].split()[0])
    assert 1 <= steps < 100  # little can be learnt from so much noise
    assert "chosen on validation" in found["trees"].note


def test_of_many_rows_the_linear_model_sees_a_part_and_says_so(monkeypatch):
    monkeypatch.setattr("zoo.report.features.LINEAR_ROWS", 300)
    x = np.random.default_rng(0).normal(size=(2000, 1)).astype(np.float32)
    found, test = fit({"numbers": x}, 2 * x[:, 0], REGRESSION)
    assert "300 of 1,000 training rows" in found["linear"].note
    assert score("r2", test.targets["y"], found["linear"].predictions["r2"]) > 0.999


@pytest.mark.parametrize(
    ("metrics_given", "sentence"),
    [({"y": ("maee",)}, "Unknown metric 'maee'; did you mean 'mae'"), ({"z": ("mae",)}, "Unknown output 'z'")],
)
def test_an_unknown_metric_or_output_is_named(metrics_given, sentence):
    split = Samples({"x": np.zeros((4, 1), np.float32)}, {"y": np.zeros(4, np.float32)})
    with pytest.raises(UnknownNameError, match=sentence.replace("?", "[?]")):
        fit_baselines(split, split, split, REGRESSION, metrics=metrics_given)
