"""Training: keys are checked, missing labels do nothing, weights of classes count, terms add up."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.backends import gradient, only_on
from tests.toy import CONFIG, TARGETS, toy_recipe, toy_samples
from zoo.errors import ConfigError, UnknownNameError, ZooError
from zoo.models.author_profile import author_profile_tiny
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, TrainingError, fit, heads_for, predict
from zoo.training.balance import BALANCES
from zoo.training.batches import Batches
from zoo.training.head_checks import check_heads
from zoo.training.losses import batch_loss, mean_loss
from zoo.training.recipe import BALANCE_NAMES
from zoo.training.trainer import last_shared_tensor

pytestmark = pytest.mark.backends
NEEDS = {"gradnorm": only_on("tensorflow", because="it takes gradients within the step")}


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return author_profile_tiny(**CONFIG)


def test_every_balancing_method_of_recipes_exists():
    assert set(BALANCES) == set(BALANCE_NAMES)


@pytest.mark.parametrize("balance", [pytest.param(each, marks=NEEDS.get(each, ())) for each in BALANCE_NAMES])
def test_training_learns_every_output_and_the_printed_terms_add_up(model, balance):
    heads = {"heads": heads_for(TARGETS)} if balance == "relative" else {}  # needs no weights to bring them together
    run = fit(
        model,
        toy_samples(1500, 0),
        toy_samples(300, 1),
        toy_recipe(balance=balance, epochs=5, **heads),
    )
    for row in run.history:
        terms = sum(value for key, value in row.items() if key.startswith("term_"))
        assert row["loss"] == pytest.approx(terms, rel=1e-5)
        assert balance != "static" or (row["weight_age"], row["weight_gender"]) == pytest.approx((0.01, 2.0))
    best = run.history[run.best_epoch - 1]
    assert best["val_gender_accuracy"] > 0.9
    assert best["val_income_accuracy"] > 0.5
    assert best["val_age_mae"] < 8.5  # the constant answer: 10


def test_the_model_holds_the_weights_of_the_best_epoch(model):
    validation = toy_samples(200, 1)
    recipe = toy_recipe(epochs=4, optimiser=Optimiser(learning_rate=0.3, schedule="constant"))
    run = fit(model, toy_samples(300, 0), validation, recipe)
    skills = [row["val_skill"] for row in run.history]
    assert run.best_epoch == 1 + int(np.argmax(skills))
    outputs = predict(model, validation, recipe.heads)
    loss = mean_loss(recipe.heads["age"], validation.targets["age"], outputs["age"][:, None])
    assert loss == pytest.approx(run.history[run.best_epoch - 1]["val_age_loss"], rel=1e-4)


def test_an_averaged_run_ends_with_the_moving_average_of_the_weights_after_every_step(model):
    train, seen = toy_samples(96, 0), []

    class Remember(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(np.array(model.get_layer("gender").kernel))

    recipe = toy_recipe(epochs=2, batch_size=96, optimiser=Optimiser(learning_rate=1e-2, average=0.75))
    run = fit(model, train, toy_samples(50, 1), recipe, callbacks=[Remember()])
    average = [seen[0], 0.75 * seen[0] + 0.25 * seen[1]]  # one step an epoch; the average starts at the first weights
    np.testing.assert_allclose(model.get_layer("gender").kernel, average[run.best_epoch - 1], rtol=1e-5)
    assert np.abs(seen[1] - average[1]).max() > 1e-3


def test_a_head_that_adds_scores_starts_at_the_prior_too():
    model = author_profile_tiny(bag=True, **CONFIG)
    train = toy_samples(300, 0, missing=0.0)
    recipe = toy_recipe(optimiser=Optimiser(learning_rate=0.0), epochs=1)
    fit(model, train, toy_samples(50, 1), recipe)
    age = model.predict(train.inputs, verbose=0)["age"]
    assert abs(age.mean() - train.targets["age"].mean()) < 2.0


def test_a_missing_label_changes_neither_loss_nor_gradient():
    head = Head(TARGETS["age"])
    target = np.array([3.0, np.nan, 5.0], np.float32)
    output = np.array([[2.0], [100.0], [5.0]], np.float32)
    loss, count = batch_loss(head, ops.convert_to_tensor(target), ops.convert_to_tensor(output), None)
    assert float(loss) == pytest.approx(0.5)
    assert float(count) == 2
    found = gradient(lambda output: batch_loss(head, ops.convert_to_tensor(target), output, None)[0], output)
    assert found.ravel().tolist() == pytest.approx([-1.0, 0.0, 0.0])


def test_a_batch_without_any_label_of_an_output_has_loss_zero():
    for head, target, output in (
        (Head(TARGETS["income"]), np.array([-1, -1], np.int32), np.full((2, 4), 0.25, np.float32)),
        (Head(TARGETS["gender"]), np.array([-1, -1], np.int32), np.full((2, 1), 0.5, np.float32)),
        (Head(TARGETS["age"]), np.array([np.nan, np.nan], np.float32), np.zeros((2, 1), np.float32)),
    ):
        loss, count = batch_loss(head, target, output, None)
        assert float(loss) == 0.0
        assert float(count) == 0.0


def test_class_weights_multiply_the_loss_of_their_class_and_average_to_one():
    head = Head(TARGETS["gender"], class_weights={"woman": 1.0, "man": 3.0})
    labels = np.array([0, 0, 0, 1, -1], np.int32)
    table = head.class_weight_table(labels)
    assert table.tolist() == pytest.approx([1 / 1.5, 3 / 1.5])
    output = np.full((5, 1), 0.5, np.float32)
    loss, _ = batch_loss(head, labels, output, table)
    assert float(loss) == pytest.approx(np.log(2.0), rel=1e-5)
    balanced = Head(TARGETS["gender"], class_weights="balanced").class_weight_table(labels)
    assert (balanced * [3, 1]).tolist() == pytest.approx([2.0, 2.0])


def test_class_weights_on_one_of_several_outputs_shift_only_that_output(model):
    heavy = heads_for(TARGETS, class_weights={"gender": {"woman": 1.0, "man": 50.0}})
    fit(
        model,
        toy_samples(300, 0),
        toy_samples(100, 1),
        toy_recipe(heads=heavy),
    )
    answers = predict(model, toy_samples(100, 2), heavy)
    assert answers["gender"].mean() > 0.7


def test_training_on_from_a_trained_model_starts_where_it_stood(model):
    train, validation = toy_samples(300, 0), toy_samples(100, 1)
    recipe = toy_recipe(epochs=2)
    fit(model, train, validation, recipe)
    before = predict(model, validation, recipe.heads)
    still = toy_recipe(epochs=1, start_at_prior=False, optimiser=Optimiser(learning_rate=1e-12))
    fit(model, train, validation, still)
    after = predict(model, validation, recipe.heads)
    for name in before:
        np.testing.assert_allclose(after[name], before[name], rtol=1e-4, atol=1e-4)


def test_dropped_tokens_are_unknown_words_and_the_same_when_a_step_is_repeated():
    batches = Batches(toy_samples(100, 0), batch_size=50, trim_padding=True, token_dropout=0.3)
    rows = np.arange(50)
    whole, dropped = batches.inputs(rows)["posts"], batches.training_inputs(rows, 0, 0)["posts"]
    changed = whole != dropped
    assert (dropped[changed] == 1).all()
    assert changed[whole != 0].mean() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_array_equal(dropped, batches.training_inputs(rows, 0, 0)["posts"])
    assert (dropped != batches.training_inputs(rows, 1, 0)["posts"]).any()


def stories():
    random = np.random.default_rng(0)
    inputs = {"text": random.integers(0, 9, (400, 3, 4)), "question": random.integers(0, 9, (400, 5))}
    return Samples({**inputs, "age": random.random((400, 1))}, {})


def test_names_are_exchanged_in_half_of_the_samples_alike_in_text_and_question():
    batches = Batches(stories(), batch_size=400, shuffled_entities=[(2, 3, 4, 5), (7, 8)])
    rows = np.arange(400)
    before, after = batches.inputs(rows), batches.training_inputs(rows, 0, 0)
    others = set()
    for row in rows:
        old, new = (np.concatenate([each["text"][row].ravel(), each["question"][row]]) for each in (before, after))
        becomes = dict(zip(old.tolist(), new.tolist(), strict=True))
        assert [becomes[token] for token in old] == new.tolist()
        assert all(becomes.get(token, token) == token for token in (0, 1, 6))
        assert {becomes[token] for token in (7, 8) if token in becomes} <= {7, 8}
        assert len(set(becomes.values())) == len(becomes)
        if any(old != new for old, new in becomes.items()):
            others.add(int(row))
    assert len(others) / 400 == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(before["age"], after["age"])
    np.testing.assert_array_equal(after["text"], batches.training_inputs(rows, 0, 0)["text"])
    assert (after["text"] != batches.training_inputs(rows, 1, 0)["text"]).any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: heads_for(TARGETS, weight={"gendr": 1.0}), "did you mean 'gender'"),
        (lambda: heads_for(TARGETS, los={"age": "mse"}), "did you mean 'loss'"),
        (lambda: heads_for(TARGETS, loss={"age": "mes"}), "did you mean 'mse'"),
        (lambda: heads_for(TARGETS, metrics={"income": ("acuracy",)}), "did you mean 'accuracy'"),
        (lambda: heads_for(TARGETS, weight={"age": float("nan")}), "number >= 0"),
        (lambda: heads_for(TARGETS, class_weights={"age": "balanced"}), "no classes"),
        (lambda: heads_for(TARGETS, class_weights={"gender": {"woman": 1.0, "men": 2.0}}), "did you mean 'man'"),
        (lambda: heads_for(TARGETS, class_weights={"gender": {"woman": 1.0}}), "lack man"),
        (lambda: toy_recipe(balance="uncertainity"), "did you mean 'uncertainty'"),
        (lambda: toy_recipe(epochs=0), "whole number >= 1"),
        (lambda: Optimiser("adamm"), "did you mean 'adam'"),
        (lambda: Optimiser(learning_rate=-1.0), "learning_rate"),
        (lambda: Optimiser(learning_rate="1e-3"), "learning_rate.*'1e-3'"),
        (lambda: Optimiser(clip_norm=-1.0), "'clip_norm' .* number > 0; received -1.0"),
        (lambda: Optimiser(average=1.0), "'average' .* between 0 and 1; received 1.0"),
        (lambda: heads_for(TARGETS, weight={"age": "heavy"}), "number >= 0; received 'heavy'"),
        (lambda: Recipe({}), "at least one head"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_the_nearest_right_one(make, words):
    with pytest.raises(ZooError, match=words):
        make()


def test_heads_must_be_exactly_the_outputs(model):
    some = {name: TARGETS[name] for name in ("age", "income")}
    with pytest.raises(ConfigError, match="lack gender"):
        check_heads(model, heads_for(some))
    with pytest.raises(UnknownNameError, match="did you mean 'gender'"):
        check_heads(model, heads_for({**some, "gendre": TARGETS["gender"]}))
    wide = {**TARGETS, "income": Target("classification", tuple("abcde"))}
    with pytest.raises(ConfigError, match=r"needs \(None, 5\)"):
        check_heads(model, heads_for(wide))


def test_labels_outside_their_range_and_wrong_inputs_are_refused(model):
    samples = toy_samples(20, 0)
    heads = heads_for(TARGETS)
    bad = Samples(samples.inputs, {**samples.targets, "income": np.full(20, 4, np.int32)})
    with pytest.raises(ConfigError, match=r"0\.\.3"):
        check_heads(model, heads, bad)
    with pytest.raises(UnknownNameError, match="did you mean 'posts'"):
        check_heads(model, heads, Samples({"post": samples.inputs["posts"]}, samples.targets))
    with pytest.raises(ConfigError, match="integer labels"):
        check_heads(model, heads, Samples(samples.inputs, {**samples.targets, "income": np.zeros(20)}))


def test_an_output_without_any_label_cannot_be_trained(model):
    samples = toy_samples(50, 0)
    empty = Samples(samples.inputs, {**samples.targets, "gender": np.full(50, -1, np.int32)})
    with pytest.raises(ConfigError, match="without a single label"):
        fit(model, empty, samples, toy_recipe())


def test_an_infinite_loss_stops_the_run_and_names_the_output(model):
    recipe = toy_recipe(optimiser=Optimiser("sgd", learning_rate=1e12, schedule="constant"))
    with pytest.raises(TrainingError, match=r"Epoch 1, batch 2: layer '(age|income|gender)' gave"):
        fit(model, toy_samples(300, 0), toy_samples(50, 1), recipe)


def test_the_untrained_model_answers_with_the_prior(model):
    train = toy_samples(500, 0)
    recipe = toy_recipe(epochs=1, optimiser=Optimiser(learning_rate=1e-9))
    fit(model, train, toy_samples(50, 1), recipe)
    answers = predict(model, train, recipe.heads)
    spread = np.nanstd(train.targets["age"])
    assert answers["age"].mean() == pytest.approx(np.nanmean(train.targets["age"]), abs=0.3 * float(spread))
    assert answers["gender"].mean() == pytest.approx(0.5, abs=0.1)


def test_the_order_of_the_data_changes_with_the_epoch_and_repeats_with_the_seed():
    batches = Batches(toy_samples(100, 0), batch_size=8, seed=3, trim_padding=True)
    first, second = np.concatenate(batches.order(0)), np.concatenate(batches.order(1))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first.tolist() != second.tolist()
    again = Batches(toy_samples(100, 0), batch_size=8, seed=3, trim_padding=True)
    assert np.concatenate(again.order(1)).tolist() == second.tolist()


def test_trimming_removes_only_padding_and_changes_no_prediction(model):
    samples = toy_samples(70, 0)
    wide = Samples({"posts": np.pad(samples.inputs["posts"], ((0, 0), (0, 170)))}, samples.targets)
    heads = heads_for(TARGETS)
    batches = Batches(wide, batch_size=16, trim_padding=True)
    for rows, inputs in batches.all_inputs():
        assert inputs["posts"].shape[1] <= 50
        assert (inputs["posts"] != 0).sum() == (wide.inputs["posts"][rows] != 0).sum()
    whole, trimmed = predict(model, wide, heads), predict(model, wide, heads, trim_padding=True)
    for name in heads:
        np.testing.assert_allclose(whole[name], trimmed[name], atol=1e-5)


def test_the_shared_tensor_is_the_one_just_below_the_heads(model):
    assert last_shared_tensor(model)._keras_history[0].name == "encoder_dense"


def test_a_validation_split_without_any_label_is_refused(model):
    samples = toy_samples(50, 0)
    nothing = {"age": np.full(50, np.nan, np.float32), **{k: np.full(50, -1, np.int32) for k in ("income", "gender")}}
    with pytest.raises(ConfigError, match="no label of any output"):
        fit(model, samples, Samples(samples.inputs, nothing), toy_recipe())


def test_weights_that_the_last_step_of_an_epoch_broke_are_never_the_best(model):
    broken = Optimiser("sgd", learning_rate=1e38, schedule="constant")
    with pytest.raises(TrainingError, match="validation loss of output"):
        fit(model, toy_samples(30, 0), toy_samples(50, 1), toy_recipe(epochs=1, optimiser=broken))


@pytest.mark.parametrize("patience", [0, -1, 1.5])
def test_a_patience_that_would_train_nothing_is_refused(patience):
    with pytest.raises(ConfigError, match="'patience' must be None or a whole number >= 1"):
        toy_recipe(patience=patience)


@pytest.mark.parametrize("varied", [{"token_dropout": 0.9}, {"shuffled_entities": (tuple(range(2, 12)),)}], ids=str)
def test_what_a_recipe_varies_of_the_tokens_reaches_training(varied):
    def first_loss(**varied):
        keras.utils.set_random_seed(0)
        recipe = toy_recipe(epochs=1, **varied)
        return fit(author_profile_tiny(**CONFIG), toy_samples(100, 0), toy_samples(50, 1), recipe).history[0]["loss"]

    assert first_loss() == first_loss() != first_loss(**varied)


@pytest.mark.parametrize("groups", [((2, 2),), ((2, 3), (3, 4)), ((0, 2),), ((2.0, 3),), (("box", "chest"),)], ids=str)
def test_groups_that_cannot_be_exchanged_are_refused(groups):
    with pytest.raises(
        ConfigError, match="'shuffled_entities' must hold groups of tokens > 0, each token once; received"
    ):
        toy_recipe(shuffled_entities=groups)
