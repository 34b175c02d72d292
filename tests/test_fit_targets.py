"""Targets as users have them: vectors, tags, any dtype, half precision, weights of samples, rows without a label."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.shapes import LINE, NUMBER, X, best, hidden, number, r2, samples, train
from zoo.columns import Schema
from zoo.datasets.tables.table_file import read_table_file
from zoo.errors import ConfigError, DataError, TrainingError, UnknownNameError, ZooError
from zoo.metrics import score
from zoo.samples import Samples, Target, require_resolved
from zoo.training import Head, Optimiser, Recipe, fit, predict
from zoo.training.balance import LossScaleWarning

YES = (LINE > 0).astype(np.int32)
THREE = np.digitize(X[:, 0], [-0.5, 0.5]).astype(np.int32)
BINARY = Head(Target("binary", ("no", "yes")))
CLASSES = Head(Target("classification", ("low", "mid", "high")))


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


def one(layer, *, body=hidden):
    x = keras.Input((4,), name="x")
    return keras.Model([x], {layer.name: layer(body(x))})


def test_vectors_are_learnt_each_column_in_its_units_and_gaps_say_nothing():
    target = np.stack([LINE + 5000, X[:, 2] - 3, LINE - X[:, 3]], axis=1)
    target[::7, 1] = np.nan
    model = one(layers.Dense(3, name="box"))
    run = train(model, samples(box=target), epochs=40)
    found, known = model.predict(X, verbose=0)["box"], ~np.isnan(target)
    columns = [r2(found[known[:, place], place], target[known[:, place], place]) for place in range(3)]
    assert min(columns) > 0.9
    assert best(run)["val_box_r2"] == pytest.approx(np.mean(columns), abs=1e-3)
    assert predict(model, samples(box=target), {"box": NUMBER})["box"].shape == (512, 3)


def test_several_labels_may_hold_at_once():
    target = (X[:, :3] > 0).astype(np.int64)
    target[::5, 0] = -1
    head = Head(Target("tags", ("a", "b", "c")))
    model = one(layers.Dense(3, activation="sigmoid", name="tags"))
    run = train(model, samples(tags=target), heads={"tags": head}, epochs=30)
    found = model.predict(X, verbose=0)["tags"]
    known = target != -1
    assert ((found > 0.5) == target)[known].mean() > 0.95
    assert best(run)["val_tags_accuracy"] == pytest.approx(score("accuracy", target, found), abs=1e-4)


@pytest.mark.parametrize(
    "dtype", ["float64", "float16", "int64", "uint8", pytest.param("bool", marks=pytest.mark.backends)]
)
def test_targets_may_have_any_type_of_number(dtype):
    for name, head, values, layer in (
        ("a", NUMBER, np.round(10 * np.abs(LINE)), number("a")),
        ("b", BINARY, YES, layers.Dense(1, activation="sigmoid", name="b")),
        ("c", CLASSES, THREE, layers.Dense(3, activation="softmax", name="c")),
    ):
        if dtype != "bool" or name == "b":
            run = train(one(layer), samples(**{name: values.astype(dtype)}), heads={name: head}, epochs=5)
            assert best(run)["val_skill"] > 0.2
            column = samples(**{name: values.astype(dtype)[:, None]})  # (n, 1), as Keras takes it too
            assert train(one(layer), column, heads={name: head}, epochs=1).best_epoch


@pytest.mark.parametrize("dtype", ["int64", pytest.param("float32", marks=pytest.mark.backends)])
def test_labels_from_minus_one_are_refused_with_both_ways_of_writing_them(dtype):
    binary = one(layers.Dense(1, activation="sigmoid", name="b"))
    for values, told in ((2 * YES - 1, "are -1, 1, .*0 'no' and 1 'yes'"), (YES + 1, "'no' to 'yes'.*values - 1")):
        with pytest.raises(ConfigError, match=told):
            train(binary, samples(b=values.astype(dtype)), heads={"b": BINARY})
    softmax = one(layers.Dense(3, activation="softmax", name="c"))
    with pytest.warns(UserWarning, match="-1, 0, 1, .*'high'.*values \\+ 1"):
        train(softmax, samples(c=THREE.astype(dtype) - 1), heads={"c": CLASSES}, epochs=1)


@pytest.mark.backends
def test_a_number_in_validation_that_no_model_takes_is_told_with_its_row_before_training():
    broken, model = X.copy(), one(number("a"))
    broken[300, 2] = np.inf
    before = model.get_weights()
    with pytest.raises(TrainingError, match=r"validation split.*input 'x' holds Inf in row 300, column 2"):
        fit(model, samples(a=LINE), samples(inputs={"x": broken}, a=LINE), Recipe({"a": NUMBER}))
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    broken[300, 2] = np.nan
    with pytest.raises(TrainingError, match=r"loss of output 'a' became nan.*row 300, column 2"):
        fit(
            model,
            samples(a=LINE),
            samples(inputs={"x": broken}, a=LINE),
            Recipe({"a": NUMBER}, epochs=1, on_nonfinite=None),
        )


def test_labels_that_are_none_are_refused_with_the_cure():
    softmax = one(layers.Dense(3, activation="softmax", name="c"))
    for values, match in (
        (np.eye(3)[THREE].astype(np.int32), "argmax"),
        (np.array(["low", "mid", "high"])[THREE], "integers"),
        (THREE + 0.5, "whole numbers"),
        (THREE + 1, r"0\.\.2"),
    ):
        with pytest.raises(ConfigError, match=match):
            train(softmax, samples(c=values), heads={"c": CLASSES})
    with pytest.raises(ConfigError, match="float32 cannot hold"):
        train(one(number("a")), samples(a=LINE.astype(np.float64) * 1e300))


@pytest.mark.backends
@pytest.mark.parametrize(
    ("head", "layer", "told"),
    [
        (CLASSES, layers.Dense(3, name="c"), "no activation, which gives logits.*softmax"),
        (CLASSES, layers.Dense(3, activation="sigmoid", name="c"), "activation sigmoid.*softmax"),
        (CLASSES, layers.Dense(3, activation="relu", name="c"), "activation relu"),
        (CLASSES, layers.Lambda(lambda x: x[:, :3] * 5.0, name="c"), "numbers from|sum to"),
        (BINARY, layers.Dense(1, name="c"), "logits.*sigmoid"),
        (BINARY, layers.Dense(1, activation="softmax", name="c"), "softmax"),
        (Head(Target("tags", ("a", "b", "c"))), layers.Dense(3, activation="softmax", name="c"), "sigmoid"),
        (BINARY, layers.Dense(5, activation="sigmoid", name="c"), "tags"),
    ],
)
def test_an_output_that_gives_no_probabilities_is_refused(head, layer, told):
    target = YES if head is BINARY else THREE if head is CLASSES else (X[:, :3] > 0).astype(np.int32)
    model = one(layer)
    before = model.get_weights()
    with pytest.raises(ConfigError, match=told):
        train(model, samples(c=target), heads={"c": head})
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_probabilities_may_be_made_by_operations_and_through_other_layers():
    x = keras.Input((4,), name="x")
    logits = layers.Dense(3)(hidden(x))
    outputs = {
        "op": keras.ops.softmax(logits / 2.0),
        "layer": layers.Softmax()(logits),
        "reshaped": layers.Reshape((3,))(layers.Activation("softmax")(logits)),
    }
    model = keras.Model([x], outputs)
    run = train(model, samples(**dict.fromkeys(outputs, THREE)), heads=dict.fromkeys(outputs, CLASSES))
    assert best(run)["val_skill"] > 0.5


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_trained_and_measured_as_it_predicts(policy):
    keras.config.set_dtype_policy(policy)
    try:
        x = keras.Input((4,), name="x")
        h = hidden(x)
        model = keras.Model([x], {"a": number("a")(h), "b": layers.Dense(1, activation="sigmoid", name="b")(h)})
    finally:
        keras.config.set_dtype_policy("float32")
    data = samples(a=LINE * 1000 + 5000, b=YES)
    run = train(model, data, heads={"a": NUMBER, "b": BINARY}, epochs=30)
    found = model.predict(X, verbose=0)
    assert best(run)["val_a_r2"] > 0.95
    assert r2(found["a"], data.targets["a"]) == pytest.approx(best(run)["val_a_r2"], abs=1e-3)
    assert best(run)["val_b_accuracy"] > 0.9


def test_every_output_may_have_weights_of_its_samples():
    """Rows of weight 0 say nothing to their output, and all to the others."""
    x = keras.Input((4,), name="x")
    h = hidden(x, 32)
    model = keras.Model([x], {"a": number("a")(h), "b": number("b")(h)})
    odd = np.arange(512) % 2
    data = samples(a=np.where(odd, LINE, LINE + 100), b=LINE, weights={"a": odd.astype(np.float64)})
    run = train(model, data, epochs=40)
    found = model.predict(X, verbose=0)
    assert np.abs(found["a"][:, 0] - LINE).mean() < 0.3
    assert best(run)["val_skill"] > 0.95  # measured by the weights too
    assert best(run)["val_b_r2"] > 0.95


@pytest.mark.backends
def test_weights_of_samples_are_exact_repetitions():
    """One step of gradient descent with the weight 3 is the step with the row three times, per row of the batch."""
    repeated = np.repeat(np.arange(64), np.where(np.arange(64) < 16, 3, 1))
    models = [one(number("a"), body=lambda x: x) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    weighted = Samples({"x": X[:64]}, {"a": LINE[:64]}, sample_weight=np.where(np.arange(64) < 16, 3.0, 1.0))
    rows = Samples({"x": X[repeated]}, {"a": LINE[repeated]})
    for model, data, size in ((models[0], weighted, 64), (models[1], rows, 96)):
        settings = {"epochs": 1, "batch_size": size, "balance": "static", "standard_units": False}
        optimiser = {"optimiser": Optimiser("sgd", learning_rate=0.1, schedule="constant"), "start_at_prior": False}
        train(model, data, **settings, **optimiser)
    for one_weight, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(one_weight, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (np.ones(511), "equally long"),
        (-np.ones(512), ">= 0"),
        (np.full(512, np.nan), "finite"),
        (np.ones((512, 2)), r"\(n,\)"),
        ({"b": np.ones(512)}, "Unknown target"),
    ],
)
def test_weights_that_are_none_are_refused(weights, told):
    with pytest.raises(UnknownNameError if "Unknown" in told else DataError, match=told):
        Samples({"x": X}, {"a": LINE}, sample_weight=weights)


@pytest.mark.backends
def test_weights_that_leave_nothing_to_learn_are_refused_and_zeros_elsewhere_are_not():
    weights = (np.arange(512) >= 400).astype(float)  # 0 in the rows that the last check predicts
    assert train(one(number("a")), samples(a=LINE, weights={"a": weights}), epochs=1).best_epoch
    labelled = np.where(weights > 0, np.nan, LINE)
    with pytest.raises(ConfigError, match="0 wherever the training split has a label"):
        train(one(number("a")), samples(a=labelled, weights={"a": weights}))


@pytest.mark.backends
def test_the_mean_of_the_weights_makes_no_difference():
    weights, runs = np.abs(X[:, 3]) + 0.1, []
    for factor in (1.0, 1000.0):
        keras.utils.set_random_seed(0)
        data = samples(a=LINE, weights={"a": factor * weights})
        runs.append(train(one(number("a")), data, epochs=2).history[-1])
    assert runs[0]["val_loss"] == pytest.approx(runs[1]["val_loss"], rel=1e-4)
    assert runs[0]["loss"] == pytest.approx(runs[0]["val_loss"], rel=0.2)


def test_made_up_rows_keep_the_weights_of_the_others_and_fill_gaps_of_any_shape():
    pytest.importorskip("imblearn")
    x = keras.Input((4,), name="x")
    h = hidden(x)
    model = keras.Model(
        [x], {"b": layers.Dense(1, activation="sigmoid", name="b")(h), "v": layers.Dense(2, name="v")(h)}
    )
    rare = (LINE > 2).astype(np.int32)
    data = samples(b=rare, v=X[:, :2].copy(), weights={"b": np.ones(512), "v": np.ones(512)})
    heads = {"b": Head(Target("binary", ("no", "yes")), imbalance="smote"), "v": NUMBER}
    assert best(train(model, data, heads=heads, epochs=10))["val_b_auc"] > 0.9


@pytest.mark.backends
def test_an_average_is_kept_in_half_precision_too():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = one(number("a"))
    finally:
        keras.config.set_dtype_policy("float32")
    seen = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(model.get_layer("hidden").get_weights()[0])
    )
    average = Optimiser(learning_rate=1e-2, schedule="constant", average_last=0.5)
    run = train(model, samples(a=LINE), epochs=4, batch_size=512, optimiser=average, callbacks=[keep])
    assert run.best_epoch == 4
    np.testing.assert_allclose(model.get_layer("hidden").get_weights()[0], (seen[2] + seen[3]) / 2, atol=1e-5)


def test_outputs_may_be_labelled_each_in_rows_of_their_own():
    x = keras.Input((4,), name="x")
    h = hidden(x)
    model = keras.Model([x], {"a": number("a")(h), "b": layers.Dense(1, activation="sigmoid", name="b")(h)})
    data = samples(a=np.where(np.arange(512) < 256, LINE, np.nan), b=np.where(np.arange(512) < 256, -1, YES))
    run = train(model, data, heads={"a": NUMBER, "b": BINARY}, epochs=30)
    assert best(run)["val_a_r2"] > 0.9
    assert best(run)["val_b_accuracy"] > 0.9


def test_a_table_keeps_every_row_that_has_a_label(tmp_path):
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=400)})
    frame["toxic"] = np.where(frame.x > 0, "yes", "no")
    frame["weight"] = frame.x * 3
    hide = random.random(400) < 0.9
    frame.loc[hide, "toxic"] = None
    frame.loc[~hide, "weight"] = np.nan
    frame.loc[hide & (random.random(400) < 0.5), "weight"] = np.nan
    frame.to_csv(tmp_path / "part.csv", index=False)
    table = read_table_file(tmp_path / "part.csv", targets=["toxic", "weight"])
    labelled = int((frame.toxic.notna() | frame.weight.notna()).sum())
    assert len(table.train) + len(table.validation) + len(table.test) == labelled


def test_losses_of_unequal_size_are_brought_to_one_scale_or_warned_of():
    def model():
        keras.utils.set_random_seed(0)
        x = keras.Input((4,), name="x")
        h = hidden(x)
        return keras.Model([x], {"price": number("price")(h), "b": layers.Dense(1, activation="sigmoid", name="b")(h)})

    data = samples(price=X[:, 2] * 300 + 5000, b=YES)
    heads = {"price": NUMBER, "b": BINARY}
    run = train(model(), data, heads=heads, epochs=10)
    assert run.history[0]["term_price"] / run.history[0]["term_b"] == pytest.approx(1.0, abs=0.5)
    with pytest.warns(LossScaleWarning, match="'price'.*'b'"):
        alone = train(model(), data, heads=heads, epochs=10, balance="static")
    assert best(run)["val_b_accuracy"] > best(alone)["val_b_accuracy"]


@pytest.mark.backends
def test_wrong_arguments_are_one_sentence():
    x = keras.Input((4,), name="x")
    model, data = keras.Model(x, number("a")(x)), samples(a=LINE)
    empty, tokens = Samples({"x": X[:0]}, {"a": LINE[:0]}), keras.Input((4,), dtype="int32", name="x")
    embedded = keras.Model(tokens, number("a")(layers.Flatten()(layers.Embedding(5, 2)(tokens))))
    half = keras.Model(x, layers.Dense(1, dtype="float16", name="a")(x))
    recipe = Recipe({"a": NUMBER}, epochs=1)
    for attempt, told in (
        (lambda: Recipe({"a": NUMBER}, optimiser="adam"), "must be an Optimiser"),
        (lambda: Recipe({"a": Target("regression")}), "must be a Head"),
        (lambda: Head("regression"), "needs a Target"),
        (lambda: fit(model, data, data, {"a": NUMBER}), "type Recipe"),
        (lambda: fit(model, (X, LINE), data, recipe), "type Samples"),
        (lambda: fit(model, data, data, recipe, seed=-1), "'seed'"),
        (lambda: fit(model, data, empty, recipe), "no label of any output"),
        (lambda: predict(model, empty, {"a": NUMBER}), "no samples"),
        (lambda: predict(model, data, {"aa": NUMBER}), "did you mean 'a'"),
        (lambda: predict(model, data, {"a": CLASSES}), "classification head"),
        (lambda: fit(embedded, data, data, recipe), "whole numbers"),
        (lambda: fit(half, *[samples(a=LINE * 1e6)] * 2, recipe), "ends at 65504"),
    ):
        with pytest.raises(ZooError, match=told):
            attempt()
    lists = Samples({"x": X.tolist()}, {"a": LINE.tolist()})
    assert fit(model, lists, lists, recipe, callbacks=keras.callbacks.TerminateOnNaN()).best_epoch == 1


def test_numbers_that_float32_cannot_tell_apart_are_refused():
    seconds, said = (
        1.7e9 + 100 * LINE.astype("float64"),
        r"around 1\.7e\+09 and varies by .* subtract 1[67]\d{8} from it",
    )
    with pytest.raises(DataError, match=said):
        train(one(layers.Dense(1, name="seconds")), samples(seconds=seconds), epochs=1)
    with pytest.raises(DataError, match=said):
        Schema.fit({"x": X[:, 0], "seconds": seconds}, {"seconds": "regression"})
    require_resolved("same", np.full(9, 0.1))  # float32 rounds it as well, and nothing is lost
