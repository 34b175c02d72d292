"""Keras' callbacks mean in `fit` what they mean in Keras."""

import csv

import keras
import numpy as np
import pytest
from keras import callbacks as kinds

from tests.shapes import FAST, LINE, X, best, hidden, number, r2, samples, train
from zoo.errors import ConfigError, TrainingError
from zoo.sentinel import NaNSentinel
from zoo.training import Optimiser

pytestmark = pytest.mark.backends


TARGET = (LINE * 1000 + 5000).astype(np.float32)
DATA = samples(a=TARGET)
STILL = Optimiser("sgd", learning_rate=1e-9)
CONSTANT = Optimiser("adam", learning_rate=1e-2, schedule="constant")


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    x = keras.Input((4,), name="x")
    return keras.Model([x], {"a": number("a")(hidden(x))}, name="mine")


def mae(model):
    return float(np.abs(model.predict(X, verbose=0)["a"][:, 0] - TARGET).mean())


class Record(keras.callbacks.Callback):
    """What every hook saw: its name, the model, its error, the logs."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def note(self, hook, logs):
        self.seen.append((hook, self.model, mae(self.model), dict(logs or {})))

    def on_train_begin(self, logs=None):
        self.note("train begin", logs)

    def on_epoch_begin(self, epoch, logs=None):
        self.note(f"epoch begin {epoch}", logs)

    def on_train_batch_begin(self, batch, logs=None):
        self.note(f"batch begin {batch}", logs)

    def on_train_batch_end(self, batch, logs=None):
        self.note(f"batch {batch}", logs)

    def on_test_begin(self, logs=None):
        self.note("test begin", logs)

    def on_test_end(self, logs=None):
        self.note("test end", logs)

    def on_epoch_end(self, epoch, logs=None):
        self.note(f"epoch end {epoch}", logs)

    def on_train_end(self, logs=None):
        self.note("train end", logs)


def test_hooks_are_called_in_keras_order_with_the_users_model_in_its_own_units(model):
    record = Record()
    run = train(model, DATA, epochs=2, batch_size=128, callbacks=[record])
    hooks = [hook for hook, *_ in record.seen]
    batches = [hook for b in range(4) for hook in (f"batch begin {b}", f"batch {b}")]
    epochs = [[f"epoch begin {e}", *batches, "test begin", "test end", f"epoch end {e}"] for e in range(2)]
    assert hooks == ["train begin", *epochs[0], *epochs[1], "train end"]
    assert all(seen is model for _, seen, *_ in record.seen)
    assert all(error < 3 * TARGET.std() for _, _, error, _ in record.seen)  # in standard units it would be 5,000
    for epoch in range(2):
        _, _, error, logs = record.seen[hooks.index(f"epoch end {epoch}")]
        assert error == pytest.approx(logs["val_a_mae"], rel=1e-4)
        assert logs["val_a_mae"] == run.history[epoch]["val_a_mae"]


def test_logs_have_keras_names(model):
    record = Record()
    train(model, DATA, epochs=1, callbacks=[record])
    logs = {hook: logs for hook, _, _, logs in record.seen}
    assert {"loss", "a_loss", "val_loss", "val_a_loss", "val_a_mae"} <= logs["epoch end 0"].keys()
    assert "epoch" not in logs["epoch end 0"]
    assert logs["test end"]["loss"] == logs["epoch end 0"]["val_loss"]
    assert logs["batch 0"].keys() == {"loss"}


def test_callbacks_change_nothing_of_a_training(model):
    weights = model.get_weights()
    settings = {"epochs": 3, "steps_per_execution": 1}
    alone = train(model, DATA, **settings)
    after = model.get_weights()
    model.set_weights(weights)
    watched = train(model, DATA, callbacks=[Record()], **settings)
    for one, other in zip(after, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [row["val_loss"] for row in watched.history] == [row["val_loss"] for row in alone.history]


@pytest.mark.parametrize("name", ["c.keras", "c.weights.h5"])
def test_checkpoints_are_the_users_model(model, tmp_path, name):
    file = tmp_path / name
    callback = kinds.ModelCheckpoint(file, save_weights_only=name.endswith(".h5"), save_best_only=True)
    run = train(model, DATA, epochs=4, callbacks=[callback])
    if name.endswith(".h5"):
        other = keras.models.clone_model(model)
        other.load_weights(file)
    else:
        other = keras.saving.load_model(file)
    assert mae(other) == pytest.approx(best(run)["val_a_mae"], rel=1e-4)


def test_early_stopping_with_keras_defaults_stops(model):
    run = train(model, DATA, epochs=8, optimiser=STILL, callbacks=[kinds.EarlyStopping(patience=1)])
    assert len(run.history) in (2, 3)


def test_the_best_epoch_is_fits_own_and_who_restores_another_is_told(model):
    """By a large `min_delta`, Keras calls the first epoch the best."""
    callback = kinds.EarlyStopping(monitor="val_a_mae", patience=9, min_delta=1e9, restore_best_weights=True)
    with pytest.warns(UserWarning, match="its own best epoch"):
        run = train(model, DATA, epochs=6, callbacks=[callback])
    assert mae(model) == pytest.approx(best(run)["val_a_mae"], rel=1e-4)


@pytest.mark.parametrize("kind", [kinds.ReduceLROnPlateau, kinds.LearningRateScheduler])
def test_who_moves_the_rate_needs_a_constant_one(model, kind):
    callback = kind(patience=1, min_delta=9.0) if kind is kinds.ReduceLROnPlateau else kind(lambda e, r: r / 2)
    with pytest.raises(ConfigError, match="schedule='constant'"):
        train(model, DATA, epochs=4, callbacks=[callback])
    run = train(model, DATA, epochs=4, optimiser=CONSTANT, callbacks=[callback])
    assert run.history[-1]["learning_rate"] < run.history[0]["learning_rate"]


@pytest.mark.parametrize(
    ("optimiser", "rate", "instead"),
    [(FAST, 1e-4, "schedule='constant'"), (CONSTANT, keras.optimizers.schedules.CosineDecay(1e-2, 9), "cosine")],
)
def test_a_rate_set_by_hand_against_a_schedule_is_told_what_to_use_instead(model, optimiser, rate, instead):
    def by_hand(epoch, logs):
        model.optimizer.learning_rate = rate

    with pytest.raises(ConfigError, match=instead):
        train(model, DATA, epochs=2, optimiser=optimiser, callbacks=[kinds.LambdaCallback(on_epoch_begin=by_hand)])


def test_a_model_may_be_evaluated_in_a_callback_by_the_losses_of_its_heads(model):
    seen = []

    def look(epoch, logs):
        seen.append((model.evaluate({"x": X}, {"a": TARGET}, verbose=0, return_dict=True)["loss"], logs["val_a_loss"]))

    train(model, DATA, epochs=2, callbacks=[kinds.LambdaCallback(on_epoch_end=look)])
    assert all(found == pytest.approx(logged, rel=1e-4) for found, logged in seen)
    assert len(seen) == 2
    with pytest.raises((ValueError, AttributeError), match=r"compile|optimizer"):  # Keras' own, the second on PyTorch
        model.evaluate({"x": X}, {"a": TARGET}, verbose=0)  # as it was


def test_a_csv_log_is_written(model, tmp_path):
    train(model, DATA, epochs=2, callbacks=[kinds.CSVLogger(tmp_path / "log.csv")])
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert float(rows[1]["val_loss"]) < float(rows[0]["val_loss"])


def test_tensorboard_writes_its_events(model, tmp_path):
    pytest.importorskip("tensorflow")
    train(model, DATA, epochs=2, callbacks=[kinds.TensorBoard(tmp_path)])
    assert list(tmp_path.rglob("events*"))


def test_a_lambda_may_predict_and_save(model, tmp_path):
    seen = []

    def look(epoch, logs):
        seen.append((mae(model), logs["val_a_mae"]))
        model.save(tmp_path / f"{epoch}.keras")

    run = train(model, DATA, epochs=3, callbacks=[kinds.LambdaCallback(on_epoch_end=look)])
    assert all(found == pytest.approx(logged, rel=1e-4) for found, logged in seen)
    again = keras.saving.load_model(tmp_path / f"{run.best_epoch - 1}.keras")
    assert r2(again.predict(X, verbose=0)["a"], TARGET) == pytest.approx(best(run)["val_a_r2"], abs=1e-4)


def test_a_callback_may_stop_in_the_middle_of_an_epoch(model):
    def stop(batch, logs):
        model.stop_training = batch == 2

    run = train(model, DATA, epochs=3, batch_size=64, callbacks=[kinds.LambdaCallback(on_train_batch_end=stop)])
    assert len(run.history) == 1


def test_a_callback_may_change_weights_and_the_change_stays(model):
    def zero(epoch, logs):
        if epoch == 1:
            kernel, bias = model.get_layer("a").get_weights()
            model.get_layer("a").set_weights([np.zeros_like(kernel), bias])

    seen = Record()
    train(model, DATA, epochs=3, optimiser=STILL, callbacks=[kinds.LambdaCallback(on_epoch_end=zero), seen])
    errors = {hook: error for hook, _, error, _ in seen.seen}
    constant = float(np.abs(TARGET - TARGET.mean()).mean())
    assert errors["epoch begin 2"] == pytest.approx(constant, rel=1e-2)
    with pytest.raises(TrainingError, match="average"):
        train(
            model,
            DATA,
            epochs=2,
            optimiser=Optimiser(average=0.9),
            callbacks=[kinds.LambdaCallback(on_epoch_end=lambda e, logs: zero(1, logs))],
        )


def test_the_users_own_optimizer_is_back_after_a_training(model):
    train(model, DATA, epochs=1, callbacks=[Record()])
    assert getattr(model, "optimizer", None) is None
    model.compile("sgd", "mse")
    own = model.optimizer
    train(model, DATA, epochs=1, callbacks=[Record()])
    assert model.optimizer is own


@pytest.mark.parametrize(
    ("callback", "instead"),
    [
        (kinds.SwapEMAWeights(), "average="),
        (kinds.BackupAndRestore("backup"), "folder"),
        (NaNSentinel(), "on_nonfinite"),
        (kinds.LambdaCallback, "Keras callbacks"),
    ],
)
def test_what_cannot_mean_the_same_is_refused_with_what_to_use_instead(model, callback, instead):
    with pytest.raises(ConfigError, match=instead):
        train(model, DATA, callbacks=[callback], optimiser=FAST)


def test_an_error_of_a_callback_leaves_the_model_in_its_own_units(model):
    def fail(batch, logs):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        train(model, DATA, callbacks=[kinds.LambdaCallback(on_train_batch_end=fail)])
    assert mae(model) < 3 * TARGET.std()
