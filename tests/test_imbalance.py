"""Imbalance: what an epoch reads is reproducible, and the probabilities are right again afterwards."""

import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rare import RARE, SHARE, posterior, rare_model, rare_recipe, rare_samples
from zoo.costs import CostMatrix, decide, expected_cost
from zoo.errors import DataError, MissingExtraError, ZooError
from zoo.metrics import score
from zoo.samples import Samples, Target
from zoo.training import Head, Imbalance, fit, heads_for, predict, relabel
from zoo.training.batches import Batches
from zoo.training.imbalance import METHODS
from zoo.training.losses import sample_losses
from zoo.training.sampling import Sampler
from zoo.training.synthesis import with_synthetic_rows

GRADES = Target("classification", ("none", "low", "high", "top"))
COSTS = CostMatrix.of_mistakes(RARE.labels, false_positive=1.0, false_negative=10.0)


def counts(values):
    return np.bincount(values[values >= 0]).tolist()


def sampler(labels, plan, seed=0):
    samples = Samples({"x": np.zeros((len(labels), 1), np.float32)}, {"rare": np.asarray(labels, np.int32)})
    return Sampler({"rare": Head(RARE, imbalance=plan)}, samples, seed), samples


@given(
    st.lists(st.sampled_from([-1, 0, 0, 0, 1]), min_size=4, max_size=60),
    st.sampled_from(["over_sampling", "under_sampling", "hard_negatives"]),
    st.floats(0.1, 1.0),
    st.integers(0, 5),
)
def test_an_epoch_is_a_function_of_seed_and_number_and_its_classes_have_the_ratio(labels, method, ratio, epoch):
    if len({0, 1} & set(labels)) < 2:
        return
    made, samples = sampler(labels, Imbalance(method, ratio=ratio))
    rows = made.rows(epoch)
    again, _ = sampler(labels, Imbalance(method, ratio=ratio))
    np.testing.assert_array_equal(rows, again.rows(epoch))
    assert len(rows) == len(made.rows(epoch + 1))
    before, after = counts(np.array(labels)), counts(made.targets(rows, samples.targets)["rare"])
    smallest, largest = min(after), max(after)
    assert smallest >= min(ratio, min(before) / max(before)) * largest - 1e-9
    kept = max if method == "over_sampling" else min
    assert kept(after) == kept(before)


def test_under_sampling_reads_other_rows_in_every_epoch_and_over_sampling_each_row_at_least_once():
    labels = [0] * 90 + [1] * 10
    under, _ = sampler(labels, Imbalance("under_sampling"))
    over, _ = sampler(labels, Imbalance("over_sampling"))
    assert len(set(np.concatenate([under.rows(epoch) for epoch in range(60)]))) == 100
    assert set(over.rows(0)) == set(range(100))
    assert counts(np.array(labels)[over.rows(0)]) == [90, 90]


def test_an_output_is_resampled_by_itself_and_the_others_see_every_row_once():
    random = np.random.default_rng(0)
    targets = {
        "rare": np.array([0] * 90 + [1] * 10, np.int32),
        "grade": random.integers(0, 4, 100).astype(np.int32),
        "age": random.normal(size=100).astype(np.float32),
    }
    samples = Samples({"x": np.arange(100, dtype=np.float32)[:, None]}, targets)
    heads = heads_for({"rare": RARE, "grade": GRADES, "age": Target("regression")}, imbalance={"rare": "over_sampling"})
    for method, expected in (("over_sampling", [90, 90]), ("under_sampling", [10, 10])):
        heads["rare"] = Head(RARE, imbalance=method)
        batches = Batches(samples, batch_size=16, sampler=Sampler(heads, samples, seed=0))
        rows = np.concatenate(batches.order(0))
        seen = batches.targets(rows)
        assert counts(seen["rare"]) == expected
        assert sorted(seen["age"][~np.isnan(seen["age"])]) == sorted(targets["age"])
        assert counts(seen["grade"]) == counts(targets["grade"])
        assert len(batches) == len(batches.order(1)) == -(-len(rows) // 16)
        np.testing.assert_array_equal(batches.inputs(rows)["x"][:, 0], rows % 100)


def test_targets_that_no_output_answers_keep_no_row_in_an_epoch():
    targets = {"rare": np.array([0] * 90 + [1] * 10, np.int32), "unused": np.zeros(100, np.int32)}
    samples = Samples({"x": np.zeros((100, 1), np.float32)}, targets)
    made = Sampler({"rare": Head(RARE, imbalance="under_sampling")}, samples, seed=0)
    assert len(made.rows(0)) == 20
    assert made.targets(made.rows(0), targets)["unused"].tolist() == [0] * 20


def test_hard_negatives_are_those_with_the_largest_losses_of_the_epoch_before():
    made, samples = sampler([0] * 90 + [1] * 10, Imbalance("hard_negatives", ratio=0.5, hard_share=0.5))
    losses = np.random.default_rng(0).random(100).astype(np.float32)
    made.losses["rare"].assign(losses)
    hardest = set(np.argsort(-losses[:90])[:10])
    assert not hardest <= set(made.rows(0))  # nothing is known before the first epoch
    assert hardest <= set(made.rows(1))
    assert counts(samples.targets["rare"][made.rows(1)]) == [20, 10]


@settings(deadline=None, max_examples=25)
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
    import tensorflow as tf

    p = tf.Variable(np.array([[1.0], [0.0]], np.float32))
    with tf.GradientTape() as tape:
        loss, _ = sample_losses(Head(RARE, imbalance=Imbalance("focal", gamma=0.5)), np.array([1, 0], np.int32), p)
        total = tf.reduce_sum(loss)
    assert np.isfinite(np.asarray(tape.gradient(total, p))).all()


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


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Head(RARE, imbalance="smotte"), "did you mean 'smote'"),
        (lambda: Head(RARE, imbalance="oversampling"), "did you mean 'over_sampling'"),
        (lambda: Head(RARE, imbalance=3), "an Imbalance or its method's name; received 3"),
        (lambda: Head(Target("regression"), imbalance="smote"), "regression output has no classes"),
        (lambda: Head(Target("regression"), costs=COSTS), "regression output has no classes"),
        (lambda: Imbalance("smote", ratio=1.5), "'ratio' must lie above 0 and up to 1; received 1.5"),
        (lambda: Imbalance("smote", neighbours=0), "'neighbours' must be a whole number >= 1"),
        (lambda: Imbalance("focal", gamma=-1), "'gamma' of a focal loss"),
        (lambda: Imbalance("focal", alpha=2.0), "'alpha' of a focal loss"),
        (lambda: Imbalance("focal", calibration="prior"), "no closed form of the prior after 'focal'"),
        (lambda: Imbalance("hard_negatives", hard_share=0), "'hard_share'"),
        (lambda: Imbalance(calibration="temprature"), "did you mean 'temperature'"),
        (lambda: Head(RARE, imbalance=Imbalance(ignore=("rare",))), "leave 1 label"),
        (lambda: Head(GRADES, imbalance=Imbalance(ignore=("lo",))), "did you mean 'low'"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"rich": ("hihg", "top")})), "did you mean 'high'"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"low": ("high", "top")})), "'low' is a label of its own"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"a": ("high",), "b": ("high",)})), "merged twice"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"a": "high"})), "a list of labels"),
        (lambda: Head(GRADES, imbalance=Imbalance("focal", alpha=0.3)), "for two labels"),
        (lambda: Head(RARE, imbalance="class_weights", class_weights="balanced"), "given twice"),
        (lambda: Head(RARE, loss="expected_cost"), "needs a cost matrix"),
        (lambda: Head(RARE, loss="expected_cost", costs=COSTS, imbalance="focal"), "does not go with"),
        (lambda: Head(GRADES, costs=COSTS), "Unknown label of the cost matrix 'common'"),
        (lambda: Head(RARE, costs=[[0, 1], [10, 0]]), "must be a CostMatrix"),
    ],
)
def test_a_wrong_plan_is_told_in_one_sentence(make, words):
    with pytest.raises(ZooError, match=words):
        make()


def test_one_class_alone_cannot_be_balanced_nor_calibrated():
    both, one = rare_samples(200, 0), Samples({"x": np.zeros((50, 1), np.float32)}, {"rare": np.zeros(50, np.int32)})
    with pytest.raises(ZooError, match="only 'common' in the 50 rows of the training split; 'over_sampling'"):
        fit(rare_model(), one, both, rare_recipe(imbalance="over_sampling"))
    with pytest.raises(ZooError, match="only 'common' in the 50 rows of the validation split; 'focal'"):
        fit(rare_model(), both, one, rare_recipe(imbalance="focal"))


def test_an_output_without_a_plain_last_layer_is_not_calibrated_in_silence():
    x = keras.Input((1,), name="x")
    logit = keras.layers.Dense(1)(x)
    model = keras.Model([x], {"rare": keras.layers.Activation("sigmoid", name="rare")(logit)}, name="split")
    with pytest.raises(ZooError, match="Output 'rare' of 'split' is no Dense layer"):
        fit(model, rare_samples(200, 0), rare_samples(200, 1), rare_recipe(imbalance="over_sampling"))


@pytest.mark.parametrize("inputs", [np.ones((40, 12), np.int32), np.ones((40, 8, 8, 3), np.float32)])
def test_texts_and_images_have_no_rows_between_them(inputs):
    samples = Samples({"posts": inputs}, {"rare": np.array([0] * 30 + [1] * 10, np.int32)})
    with pytest.raises(DataError, match=r"'smote' makes rows of tables.*input 'posts'.*Use 'over_sampling'"):
        with_synthetic_rows(samples, {"rare": Head(RARE, imbalance="smote")}, seed=0)


def test_too_few_neighbours_are_told_with_the_number_that_would_do():
    samples = Samples({"x": np.arange(34, dtype=np.float32)}, {"rare": np.array([0] * 30 + [1] * 4, np.int32)})
    with pytest.raises(DataError, match=r"from 5 neighbours .* has 4 rows of a label: set neighbours=3"):
        with_synthetic_rows(samples, {"rare": Head(RARE, imbalance="smote")}, seed=0)
    plan = Imbalance("smote", neighbours=3)
    assert len(with_synthetic_rows(samples, {"rare": Head(RARE, imbalance=plan)}, seed=0)) == 60


def test_without_imbalanced_learn_smote_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn", None)
    with pytest.raises(MissingExtraError, match=r"keras-functional-zoo\[imbalance\]"):
        with_synthetic_rows(rare_samples(500, 0), {"rare": Head(RARE, imbalance="smote")}, seed=0)
