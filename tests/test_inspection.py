"""Looking inside a model tells the numbers that are there, finds what is wrong, and changes nothing."""

import json

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.toy import TARGETS, same, toy_samples
from zoo.cli.main import main
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.inspection import Range, ValueRecorder, inspect_model, write_tensorboard
from zoo.models.author_profile import author_profile_tiny
from zoo.tasks import inspect
from zoo.tasks.inspect_samples import inspect_samples
from zoo.tracing.call_recorder import operations
from zoo.tracing.trace import trace
from zoo.training import heads_for
from zoo.training.balance import BALANCES
from zoo.training.trainer import Trainer

pytestmark = pytest.mark.backends

X = np.array([[1.0, -2.0], [3.0, 0.0]], "float32")


def small_model():
    """hidden = relu([x0, -1 - x0², ...]) by hand: its second unit is dead; the same nested encoder is used twice."""
    keras.utils.set_random_seed(0)
    inner = keras.Input((2,), name="inner")
    encoder = keras.Model(inner, layers.Dense(2, activation="relu", name="hidden")(inner), name="encoder")
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    x = layers.Add(name="both")([encoder(left), encoder(right)])
    model = keras.Model([left, right], {"out": layers.Dense(1, name="out")(x)})
    encoder.get_layer("hidden").set_weights([np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.0, -1.0])])
    model.get_layer("out").set_weights([np.array([[2.0], [5.0]]), np.array([1.0])])
    model.compile("sgd", {"out": "mse"})
    return model


def facts_of(found, name, call=1):
    return next(each for each in found.layers if (each.name, each.call) == (name, call))


def test_ranges_dead_units_and_gradients_are_those_counted_by_hand():
    found = inspect_model(small_model(), {"left": X, "right": 2 * X}, {"out": np.zeros((2, 1), "float32")})
    hidden = facts_of(found, "encoder/hidden", 2)  # of the right input: [[2, 0], [6, 0]]
    assert (hidden.values.low, hidden.values.high, hidden.values.mean) == (0.0, 6.0, 2.0)
    assert (hidden.values.zeros, hidden.values.unsound, hidden.dead, hidden.units) == (0.5, 0, 1, 2)
    out = facts_of(found, "out")  # 2 * 3 + 1 = 7 and 2 * 9 + 1 = 19; the loss is their mean square
    assert (out.values.low, out.values.high) == (7.0, 19.0)
    assert found.loss == pytest.approx((49 + 361) / 2)
    assert (out.gradient.low, out.gradient.high) == pytest.approx((7.0, 19.0))
    assert out.weight_gradients["kernel"].high == pytest.approx(7 * 3 + 19 * 9)
    assert facts_of(found, "encoder/hidden").weights["kernel"].high == 1.0
    assert facts_of(found, "encoder/hidden", 2).weights == {}
    assert [each for each in found.findings() if "dead" in each] == [
        "encoder/hidden: 1 of 2 units are dead: 0 for all 2 rows.",
        "encoder/hidden (call 2): 1 of 2 units are dead: 0 for all 2 rows.",
    ]


def test_explosions_and_unsound_numbers_are_told():
    model = small_model()
    kernel = model.get_layer("out").kernel
    kernel.assign(np.array([[2e6], [np.nan]]))
    sentences = inspect_model(model, {"left": X, "right": X}).findings()
    assert "out: weight 'kernel': 1 of 2 are NaN or infinite." in sentences
    assert "out: values: 2 of 2 are NaN or infinite." in sentences
    kernel.assign(np.array([[2e6], [0.0]]))
    assert "out: values explode: up to 1.2e+07." in inspect_model(model, {"left": X, "right": X}).findings()


def test_looking_changes_neither_weights_nor_statistics_nor_random_state():
    def after(look):
        """All variables after the look, and the weights after two steps more."""
        keras.utils.set_random_seed(0)
        numbers = keras.Input((4,), name="numbers")
        x = layers.Dropout(0.5)(layers.BatchNormalization()(layers.Dense(3)(numbers)))
        model = keras.Model(numbers, layers.Dense(1, name="out")(ops.exp(x)))
        model.compile("adam", "mse", metrics=["mae"])
        x, y = np.random.default_rng(0).normal(size=(16, 4)).astype("float32"), np.zeros((16, 1), "float32")
        model.fit(x, y, verbose=0)
        if look:
            inspect_model(model, x, y, training=True)
            assert all("call" not in operation.__dict__ for _, operation in operations(model))
        now = [ops.convert_to_numpy(each).copy() for each in (*model.variables, *model.metrics_variables)]
        model.fit(x, y, epochs=2, verbose=0)
        return [*now, *model.get_weights()]

    assert same(after(look=True), after(look=False))


def test_the_walk_gives_what_the_model_gives():
    model = small_model()
    found = trace(model, {"left": X, "right": X}, training=False)
    expected = ops.convert_to_numpy(model({"left": X, "right": X})["out"])
    np.testing.assert_array_equal(next(each for each in found.calls if each.name == "out").outputs[0], expected)
    assert [each.name for each in found.calls][:2] == ["encoder/hidden", "encoder"]


def test_a_model_with_heads_is_seen_through_its_own_layers():
    model = author_profile_tiny(income_groups=4, vocabulary_size=100)
    found = inspect_samples(model, toy_samples(32, 0), heads_for(TARGETS))
    assert {"embedding", "age", "income", "gender"} <= {each.name for each in found.layers}
    assert set(found.losses) == {"loss_age", "loss_income", "loss_gender"}
    assert all(facts_of(found, name).gradient.largest > 0 for name in ("embedding", "income", "gender"))


def test_a_balance_that_needs_a_compiled_step_can_be_seen_through():
    model, heads = author_profile_tiny(income_groups=4, vocabulary_size=100), heads_for(TARGETS)
    samples = toy_samples(9, 0)
    if keras.backend.backend() != "tensorflow":
        with pytest.raises(ConfigError, match="'gradnorm' needs the TensorFlow backend"):
            BALANCES["gradnorm"](heads, dict.fromkeys(heads, 1.0))
        return
    trainer = Trainer(model, heads, BALANCES["gradnorm"](heads, dict.fromkeys(heads, 1.0)), {})
    trainer.compile("sgd")
    found = inspect_model(trainer, dict(samples.inputs), dict(samples.targets))
    assert found.loss == pytest.approx(sum(found.losses.values()), rel=1e-5)


def test_gradients_need_a_loss():
    model = keras.Model(*[keras.Input((2,))] * 2)
    with pytest.raises(ConfigError, match="compile"):
        inspect_model(model, X, X)


def test_everything_is_json_and_can_be_read_by_tensorboard(tmp_path):
    tf = pytest.importorskip("tensorflow")
    found = inspect_model(small_model(), {"left": X, "right": X}, {"out": np.full((2, 1), np.inf, "float32")})
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["loss"] == "inf"
    assert plain["layers"][0]["name"] == "encoder/hidden"
    write_tensorboard(found, tmp_path, step=7)
    values = {}
    for event in tf.compat.v1.train.summary_iterator(str(next(tmp_path.glob("events*")))):
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            values[value.tag] = (event.step, float(tf.make_ndarray(value.tensor)))
    assert values["values/encoder/hidden/high"] == (7, 3.0)
    assert values["weights/out/kernel/high"] == (7, 5.0)
    assert values["dead_units/encoder/hidden"] == (7, 1.0)


def test_chosen_values_are_recorded_while_training(tmp_path):
    model = small_model()
    recorder = ValueRecorder(["encoder", "out/*"], sample={"left": X, "right": X}, every=2, folder=tmp_path / "board")
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):  # on JAX `self.model`, and not the model, has the weights here
            seen.append(ops.convert_to_numpy(self.model.get_layer("out").kernel).copy())

    inputs = {"left": np.repeat(X, 4, axis=0), "right": np.repeat(X, 4, axis=0)}
    model.fit(inputs, {"out": np.zeros((8, 1))}, batch_size=2, epochs=2, verbose=0, callbacks=[recorder, Watch()])
    assert [(each["epoch"], each["batch"]) for each in recorder.records] == [(1, 2), (1, 4), (2, 2), (2, 4)]
    for row, record in zip((1, 3, 5, 7), recorder.records, strict=True):
        np.testing.assert_array_equal(record["out/kernel"], seen[row])
        assert record["encoder"].shape == record["encoder (call 2)"].shape == (2, 2)
    assert len(list((tmp_path / "board").iterdir())) >= 1


def test_a_recorder_says_which_name_it_does_not_know():
    recorder = ValueRecorder(["encoder/hiden"], sample=X)
    recorder.set_model(small_model())
    with pytest.raises(UnknownNameError, match="did you mean 'encoder/hidden'"):
        recorder.on_train_begin()
    recorder = ValueRecorder(["encoder/hidden"])
    recorder.set_model(small_model())
    with pytest.raises(ConfigError, match="needs a 'sample'"):
        recorder.on_train_begin()
    with pytest.raises(ConfigError, match="list of layers"):
        ValueRecorder("encoder")


def test_a_range_of_nothing_finite_says_so():
    assert Range.of(np.array([np.nan, np.inf])).unsound == 2
    assert Range.of(np.zeros(0)).size == 0


def test_the_command_shows_every_layer(tmp_path, capsys):
    file = tmp_path / "inside.json"
    assert main(["inspect", "author_profile_tiny", "--data", "random", "--rows", "4", "--json", str(file)]) == 0
    assert "embedding" in capsys.readouterr().out
    assert {"layers", "findings", "rows"} <= json.loads(file.read_text()).keys()


def test_arrays_of_ones_own_are_inspected(tmp_path):
    np.savez(tmp_path / "posts.npz", posts=np.ones((5, 40), "int32"))
    assert inspect("author_profile_tiny", data=str(tmp_path / "posts.npz"), rows=3).rows == 3


def test_mistakes_in_the_data_are_told(tmp_path):
    np.savez(tmp_path / "texts.npz", texts=np.ones((5, 40), "int32"))
    with pytest.raises(DataError, match="lacks the inputs posts; it holds texts"):
        inspect("author_profile_tiny", data=str(tmp_path / "texts.npz"))
    (tmp_path / "none.npz").write_text("no archive")
    with pytest.raises(DataError, match="cannot be read as arrays"):
        inspect("author_profile_tiny", data=str(tmp_path / "none.npz"))
    with pytest.raises(ConfigError, match="at least one row"):
        inspect("author_profile_tiny", data="random", rows=0)
    with pytest.raises(ConfigError, match="Name the data for fresh weights"):
        inspect("author_profile_tiny")


def test_raw_columns_on_their_way_to_be_scaled_are_no_explosion_and_what_grows_in_the_model_is():
    income = keras.Input((1,), name="income")
    scaled = layers.Rescaling(1e-6, name="scaled")(ops.where(ops.isnan(income), 0.0, income) - 5.0)
    x = layers.Dense(1, kernel_initializer="ones", name="dense")(scaled)
    model = keras.Model([income], {"y": layers.Rescaling(1e6, name="stretched")(x)})
    found = inspect_model(model, {"income": np.array([[3e6]], "float32")})
    assert [each for each in found.findings() if "explode" in each] == ["stretched: values explode: up to 3e+06."]
    model.get_layer("dense").set_weights([np.array([[1e9]]), np.zeros(1)])
    found = inspect_model(model, {"income": np.array([[3e6]], "float32")})
    assert [each.split(" up to")[0] for each in found.findings()] == [
        "dense: values explode:",
        "dense: weight 'kernel' explode:",
    ]
