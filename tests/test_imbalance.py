"""Imbalance: losses for rare labels, labels merged and ignored, and probabilities that are right again afterwards."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from tests.backends import gradient
from tests.rare import COSTS, GRADES, RARE, SHARE, counts, posterior, rare_model, rare_recipe, rare_samples
from zoo.costs import decide, expected_cost
from zoo.metrics import score
from zoo.samples import Samples, Target
from zoo.training import Head, Imbalance, fit, heads_for, predict, relabel
from zoo.training.losses import sample_losses
from zoo.training.resampling.imbalance import METHODS
from zoo.training.resampling.synthesis import with_synthetic_rows


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.0, 1.0))
def test_a_focal_loss_is_the_cross_entropy_times_a_power_and_with_gamma_zero_itself(seed, gamma):
    random = np.random.default_rng(seed)
    label, p = random.integers(0, 2, 20).astype(np.int32), random.uniform(0.01, 0.99, (20, 1)).astype(np.float32)
    loss = {
        gamma: np.array(sample_losses(Head(RARE, imbalance=Imbalance("focal", gamma=gamma)), label, p)[0])
        for gamma in (0.0, gamma)
    }
    plain = np.array(sample_losses(Head(RARE), label, p)[0])
    likely = np.where(label == 1, p[:, 0], 1 - p[:, 0])
    np.testing.assert_array_equal(loss[0.0], plain)
    np.testing.assert_allclose(loss[gamma], -((1 - likely) ** gamma) * np.log(likely), rtol=1e-3, atol=1e-6)


def test_alpha_weighs_the_positive_label_of_a_focal_loss_and_several_classes_have_one_too():
    p, label = np.array([[0.3], [0.3]], np.float32), np.array([0, 1], np.int32)
    loss, _ = sample_losses(Head(RARE, imbalance=Imbalance("focal", alpha=0.25)), label, p)
    expected = [-0.75 * 0.3**2 * np.log(0.7), -0.25 * 0.7**2 * np.log(0.3)]
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    wide = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)
    loss, _ = sample_losses(Head(GRADES, imbalance="focal"), np.array([2], np.int32), wide)
    np.testing.assert_allclose(loss, [-(0.7**2) * np.log(0.3)], rtol=1e-4)


def test_a_sure_and_right_answer_leaves_a_focal_loss_a_finite_gradient():
    head, label = Head(RARE, imbalance=Imbalance("focal", gamma=0.5)), ops.convert_to_tensor(np.array([1, 0], np.int32))
    found = gradient(lambda p: ops.sum(sample_losses(head, label, p)[0]), np.array([[1.0], [0.0]], np.float32))
    assert np.isfinite(found).all()


def test_the_expected_cost_of_answers_is_what_they_cost_as_shares_of_decisions():
    label, p = np.array([0, 1, -1], np.int32), np.array([[0.2], [0.6], [0.5]], np.float32)
    loss, known = sample_losses(Head(RARE, loss="expected_cost", costs=COSTS), label, p)
    np.testing.assert_allclose(loss, [0.2 * 1.0, 0.4 * 10.0, 0.0], rtol=1e-6)
    assert np.asarray(known).tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("head", [{"loss": "expected_cost", "costs": COSTS}, {"imbalance": "over_sampling"}])
def test_decisions_cost_hardly_more_than_those_of_who_knows_the_posterior(head):
    test, table = rare_samples(20_000, 2), COSTS.table(RARE.labels)
    model = rare_model()
    run = fit(model, rare_samples(3000, 0), rare_samples(3000, 1), rare_recipe(**head))
    answers, labels = predict(model, test, rare_recipe().heads)["rare"], test.targets["rare"]
    ours, best, never = (
        expected_cost(labels, decisions, table)
        for decisions in (decide(answers, table), decide(posterior(test), table), np.zeros(20_000, int))
    )
    assert ours < 1.1 * best < 0.8 * never
    assert len(run.history) == 6


def test_a_validation_split_where_deciding_alike_costs_nothing_does_not_drown_the_other_outputs():
    heads = {"loss": "expected_cost", "costs": COSTS, "imbalance": Imbalance(calibration="none")}
    run = fit(rare_model(), rare_samples(3000, 0), rare_samples(500, 1, share=0.0), rare_recipe(2, **heads))
    assert all(-10 < row["val_skill"] <= 1 for row in run.history)


def test_merged_labels_become_one_class_and_ignored_ones_are_missing():
    head = Head(GRADES, imbalance=Imbalance(merge={"rich": ("high", "top")}, ignore=("none",)))
    samples = Samples({"x": np.zeros((5, 1), np.float32)}, {"grade": np.array([0, 1, 2, 3, -1], np.int32)})
    assert head.answers.labels == ("none", "low", "rich")
    assert relabel(samples, {"grade": head}).targets["grade"].tolist() == [-1, 1, 2, 2, -1]
    assert relabel(samples, {"grade": head}, ignore=False).targets["grade"].tolist() == [0, 1, 2, 2, -1]
    assert relabel(samples, {"grade": Head(GRADES)}) is samples
    assert head.settled().target.labels == ("none", "low", "rich")


def test_a_model_of_merged_labels_trains_on_the_data_as_they_are():
    random = np.random.default_rng(0)
    grade = random.integers(0, 4, 400).astype(np.int32)
    x = np.eye(4, dtype=np.float32)[grade]
    samples = Samples({"x": x}, {"grade": grade})
    recipe = rare_recipe(20)
    head = Head(GRADES, imbalance=Imbalance(merge={"some": ("low", "high")}, ignore=("top",)))
    recipe = type(recipe)({"grade": head}, optimiser=recipe.optimiser, epochs=20)
    given = keras.Input((4,), name="x")
    model = keras.Model([given], {"grade": keras.layers.Dense(3, activation="softmax", name="grade")(given)})
    fit(model, samples, samples, recipe)
    chosen = predict(model, samples, recipe.heads)["grade"].argmax(axis=1)
    assert (chosen[grade == 0] == 0).all()
    assert (chosen[(grade == 1) | (grade == 2)] == 1).all()


@pytest.mark.parametrize("method", [method for method in METHODS if method != "none"])
def test_after_every_method_the_probabilities_are_those_of_the_data(method):
    train, validation, test = (rare_samples(n, seed) for seed, n in enumerate((3000, 3000, 6000)))
    model = rare_model()
    run = fit(model, train, validation, rare_recipe(imbalance=method))
    answers = predict(model, test, rare_recipe().heads)["rare"]
    before = run.calibrations["rare"].undo(answers)
    assert np.mean(np.abs(answers - posterior(test))) < 0.03  # before, 0.13 and more
    assert score("calibration_error", test.targets["rare"], before) > 0.05
    assert run.history[run.best_epoch - 1]["val_skill"] > 0.3


@pytest.mark.parametrize("method", METHODS)
def test_the_shift_is_learnt_where_the_rows_of_a_label_change_and_closed_where_only_their_number_does(method):
    moved = ("hard_negatives", "borderline_smote", "svm_smote", "adasyn", "focal")
    assert Imbalance(method).calibration == ("temperature_and_prior" if method in moved else "prior")
    assert Imbalance(method, calibration="none").calibration == "none"


def test_rows_made_up_at_the_border_leave_less_error_with_a_learnt_shift_than_with_the_closed_form():
    train, validation, test = (rare_samples(n, seed) for seed, n in enumerate((3000, 3000, 6000)))
    error = {}
    for calibration in ("", "prior"):
        model = rare_model()
        recipe = rare_recipe(imbalance=Imbalance("borderline_smote", calibration=calibration))
        fit(model, train, validation, recipe)
        answers = predict(model, test, recipe.heads)["rare"]
        error[calibration] = np.mean(np.abs(answers - posterior(test)))
    assert error[""] < error["prior"]


def test_a_method_without_calibration_answers_as_it_was_trained():
    model = rare_model()
    fit(
        model,
        rare_samples(2000, 0),
        rare_samples(500, 1),
        rare_recipe(imbalance=Imbalance("over_sampling", calibration="none")),
    )
    assert predict(model, rare_samples(2000, 2), rare_recipe().heads)["rare"].mean() > 2 * SHARE


def test_synthetic_rows_lie_between_rows_of_their_label_in_their_own_types_and_gaps():
    random = np.random.default_rng(0)
    label = np.array([0] * 180 + [1] * 20, np.int32)
    numbers = np.stack([random.normal(1e6, 1e5, 200), random.normal(size=200), label * 5.0], axis=1).astype(np.float32)
    numbers[random.random(200) < 0.5, 1] = np.nan
    numbers[label == 1, 0] = np.linspace(3e6, 4e6, 20)
    city = np.where(label == 1, random.integers(7, 9, 200), random.integers(2, 5, 200)).astype(np.int32)
    other = {"age": random.normal(size=200).astype(np.float32)}
    samples = Samples({"numbers": numbers, "city": city}, {"rare": label, **other})
    heads = heads_for({"rare": RARE, "age": Target("regression")}, imbalance={"rare": Imbalance("smote", ratio=0.5)})
    grown = with_synthetic_rows(samples, heads, seed=0)
    made = {name: values[200:] for name, values in grown.inputs.items()}
    assert counts(grown.targets["rare"]) == [180, 90]
    assert np.isnan(grown.targets["age"][200:]).all()
    assert (made["numbers"].dtype, made["city"].dtype) == (np.float32, np.int32)
    assert set(made["city"]) <= {7, 8}
    assert (made["numbers"][:, 0] >= 3e6 - 1).all()
    assert (made["numbers"][:, 0] <= 4e6 + 1).all()
    np.testing.assert_allclose(made["numbers"][:, 2], 5.0, atol=1e-5)
    assert 0.1 < np.isnan(made["numbers"][:, 1]).mean() < 0.9
    np.testing.assert_array_equal(grown.inputs["city"][:200], city)
    again = with_synthetic_rows(samples, heads, seed=0)
    np.testing.assert_array_equal(again.inputs["numbers"], grown.inputs["numbers"])
    assert with_synthetic_rows(samples, heads_for({"rare": RARE}), seed=0) is samples


def test_a_run_with_hard_negatives_stopped_within_an_epoch_ends_with_the_same_bits(tmp_path, monkeypatch):
    from zoo.training.trainer import Trainer

    recipe = replace(rare_recipe(4, imbalance="hard_negatives"), steps_per_execution=1)
    arguments = (rare_samples(2000, 0), rare_samples(500, 1), recipe)
    whole = rare_model()
    fit(whole, *arguments)
    steps, own = [], Trainer.train_on

    def stopped(self, *given, **named):
        steps.append(1)
        if len(steps) in (6, 11):  # four batches an epoch: within the second one, and within the third
            raise KeyboardInterrupt
        return own(self, *given, **named)

    monkeypatch.setattr(Trainer, "train_on", stopped)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fit(rare_model(), *arguments, folder=tmp_path / "run", checkpoint_seconds=0.0)
    resumed = rare_model()
    fit(resumed, *arguments, folder=tmp_path / "run", checkpoint_seconds=0.0)
    for left, right in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(left, right)


def test_training_on_from_corrected_weights_starts_where_they_stood():
    train, validation = rare_samples(2000, 0), rare_samples(2000, 1)
    model = rare_model()
    fit(model, train, validation, rare_recipe(imbalance="class_weights"))
    before = predict(model, validation, rare_recipe().heads)["rare"]
    still = rare_recipe(1, imbalance="class_weights")
    still = type(still)(
        still.heads, epochs=1, start_at_prior=False, optimiser=type(still.optimiser)(learning_rate=1e-12)
    )
    fit(model, train, validation, still)
    np.testing.assert_allclose(predict(model, validation, still.heads)["rare"], before, rtol=1e-3, atol=1e-5)
