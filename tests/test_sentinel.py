"""The NaN sentinel finds what was planted, names it, and leaves weights as they were before it, bit for bit."""

import json
import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.backends import only_on, several_steps
from tests.planted_faults import run_case
from tests.toy import same
from zoo.errors import ConfigError, UnknownNameError
from zoo.inspection import inspect_model
from zoo.sentinel import IncidentWarning, NaNSentinel
from zoo.sentinel.data import DataCheck
from zoo.sentinel.diagnosis import in_gradients
from zoo.tracing.call_recorder import LayerCall
from zoo.tracing.trace import Trace

pytestmark = pytest.mark.backends

GOOD = {"found": True, "right_batch": True, "right_place": True, "restored": True}
PLANTED = [
    pytest.param("NaN in an input", "middle", 8, marks=several_steps),
    pytest.param("NaN in a weight", "middle", 8, marks=several_steps),
    pytest.param("logarithm of zero", "middle", 8, marks=several_steps),
    pytest.param("Inf in a weight", "first", 8, marks=several_steps),
    ("NaN in a weight", "middle", 1),
    ("overflow in softmax", "last", 1),
    ("Inf in a target", "first", 1),
    ("slope of a root at zero", "last", 1),
    ("exploding rate", "last", 1),
]


@pytest.fixture(scope="module")
def references():
    return {}


@pytest.mark.parametrize(("fault", "position", "size"), PLANTED)
def test_a_planted_fault_is_found_and_named_and_the_weights_restored(fault, position, size, references):
    row = run_case(fault, position, size, references=references)
    assert {key: row[key] for key in GOOD} == GOOD, row["said"]
    assert row["incidents"] == 1


def picture_model(**options):
    keras.utils.set_random_seed(0)
    picture = keras.Input((8, 8, 1), name="picture")
    x = layers.MaxPooling2D(name="pool")(layers.Conv2D(4, 3, activation="relu", name="conv")(picture))
    x = layers.Dropout(0.3, name="dropout")(layers.Flatten(name="flat")(x))
    model = keras.Model(picture, layers.Dense(3, activation="softmax", name="category")(x))
    model.compile("adam", "sparse_categorical_crossentropy", **options)
    return model


def pictures(bad=None, batches=12):
    random = np.random.default_rng(0)
    x = random.normal(size=(batches * 16, 8, 8, 1)).astype("float32")
    if bad is not None:
        x[(bad - 1) * 16 + 5, 2, 3] = np.nan
    return x, random.integers(0, 3, batches * 16)


def train(model, x, y, *callbacks, epochs=1):
    model.fit(x, y, batch_size=16, shuffle=False, verbose=0, epochs=epochs, callbacks=list(callbacks))
    return model.get_weights()


def hiding_model():
    """A model whose outputs take NaN for 0, as TensorFlow's max-pooling does on some processors; its slopes do not."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((8, 8, 1), name="picture")
    x = layers.Conv2D(4, 3, name="conv")(picture)
    x = layers.Flatten(name="flat")(ops.where(x > 0.0, x, 0.0))  # NaN is not above 0
    model = keras.Model(picture, layers.Dense(3, activation="softmax", name="category")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_what_a_finite_loss_hides_is_found():
    x, y = pictures(bad=6)
    model, ends = hiding_model(), keras.callbacks.TerminateOnNaN()
    poisoned = train(model, x, y, ends)
    assert np.isfinite(model.history.history["loss"]).all()
    assert any(not np.isfinite(each).all() for each in poisoned)
    with pytest.warns(
        IncidentWarning, match=r"Epoch 1, batch 6: input 'picture' holds NaN in row 5, position \[2, 3, 0\]"
    ):
        weights = train(hiding_model(), x, y, NaNSentinel())
    assert same(weights, train(hiding_model(), x[: 5 * 16], y[: 5 * 16]))


@several_steps
@pytest.mark.filterwarnings("ignore:.*ran out of data")
def test_fewer_batches_than_were_promised_end_the_epoch_as_without_a_sentinel():
    x, y = pictures(batches=6)

    def batches():
        yield from ((x[row : row + 16], y[row : row + 16]) for row in range(0, len(x), 16))

    def weights(*callbacks):
        model = picture_model(steps_per_execution=4)
        model.fit(batches(), steps_per_epoch=20, verbose=0, callbacks=list(callbacks))
        return model.get_weights()

    assert same(weights(NaNSentinel()), weights())


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"jit_compile": True}, marks=only_on("tensorflow", "jax", because="PyTorch compiles for minutes")),
        {"run_eagerly": True},
        pytest.param({"steps_per_execution": 2}, marks=several_steps),
    ],
    ids=str,
)
def test_watching_changes_no_bit(options):
    x, y = pictures(batches=4)
    watched = train(picture_model(**options), x, y, NaNSentinel(every=3), epochs=2)
    assert same(watched, train(picture_model(**options), x, y, epochs=2))


@several_steps
@pytest.mark.parametrize("size", [2, 4, 9])
def test_several_steps_at_once_change_no_bit_to_the_last_short_batch(size):
    x, y = pictures(batches=11)
    weights = [
        train(picture_model(steps_per_execution=size), x[:-9], y[:-9], *watchers, epochs=2)
        for watchers in ((), (NaNSentinel(every=16),))
    ]
    assert same(*weights)


@pytest.mark.parametrize("size", [1, pytest.param(4, marks=several_steps)])
@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning", "ignore:.*shuffle=True:UserWarning")
def test_steps_may_log_rows_or_nothing_and_weights_of_samples_may_be_none(size):
    class Logging(keras.Model):
        def train_step(self, *arguments):
            logs = super().train_step(*arguments)
            if keras.backend.backend() != "tensorflow":
                return logs
            return {**logs, "rows": ops.sum(arguments[0][0], axis=(1, 2, 3)), "nothing": None}

    x, y = pictures(batches=11, bad=6)
    graph = picture_model()
    model = Logging(graph.inputs, graph.outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=size)
    batches = ((x[row : row + 16], y[row : row + 16], None) for row in range(0, len(x) - 9, 16))
    sentinel = NaNSentinel("skip")
    model.fit(batches, verbose=0, callbacks=[sentinel])
    assert [each.batch for each in sentinel.incidents] == [6]
    sentinel = NaNSentinel("skip", missing=("picture",))  # so that it is the step that fails, and is repeated
    model.fit(x[:-9], y[:-9], batch_size=16, shuffle=False, verbose=0, callbacks=[sentinel])
    assert [each.batch for each in sentinel.incidents] == [6]


def test_the_look_at_data_finds_what_a_model_cannot_take():
    tokens, numbers = keras.Input((3,), dtype="int32", name="tokens"), keras.Input((2,), name="numbers")
    embedded = layers.Flatten()(layers.Embedding(10, 3)(tokens))
    model = keras.Model([tokens, numbers], layers.Dense(1, name="out")(layers.Concatenate()([embedded, numbers])))

    def batch(token=0, number=0.0, target=1.0, weight=1.0):
        inputs = {"tokens": np.full((4, 3), token, np.uint8), "numbers": np.full((4, 2), number, np.float32)}
        return inputs, np.array([target, 0.0, 0.0, 0.0]), np.full(4, weight, np.float16)

    sound = [batch(), batch(token=9), batch(number=3e38), batch(number=-3e38, weight=0.0), batch()[:2]]
    unsound = [batch(token=10), batch(token=255), batch(number=np.inf), batch(target=np.nan), batch(weight=-np.inf)]
    check, missing = DataCheck(model), DataCheck(model, missing=("numbers",))
    for each, expected in [*((each, True) for each in sound), *((each, False) for each in unsound)]:
        assert (check.fault(each) is None) is expected
    for number, expected in ((np.nan, True), (np.inf, False)):
        each = batch(number=number)
        assert (missing.fault(each) is None) is expected


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
def test_a_skipped_batch_leaves_a_training_without_it():
    x, y = pictures(bad=6)
    sentinel = NaNSentinel("skip", every=4)
    weights = train(picture_model(), x, y, sentinel)
    rest = np.r_[: 5 * 16, 6 * 16 : len(x)]
    assert same(weights, train(picture_model(), x[rest], y[rest]))
    assert [each.batch for each in sentinel.incidents] == [6]


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
def test_a_step_that_cannot_be_taken_is_skipped_too():
    """The fault is inside the model: the window is repeated, and goes on behind the batch."""
    numbers = keras.Input((3,), name="numbers")

    def model():
        keras.utils.set_random_seed(0)
        x = layers.Dense(1, name="out")(ops.log(numbers))
        model = keras.Model(numbers, x)
        model.compile("adam", "mse")
        return model

    random = np.random.default_rng(0)
    x, y = random.uniform(0.1, 1, (10 * 16, 3)).astype("float32"), random.normal(size=(10 * 16, 1)).astype("float32")
    rest = np.r_[: 2 * 16, 3 * 16 : 6 * 16, 7 * 16 : len(x)]
    healthy = train(model(), x[rest], y[rest])
    x[2 * 16 + 1, 0], x[6 * 16 + 7, 2] = 0.0, -1.0
    sentinel = NaNSentinel("skip", every=32)
    assert same(train(model(), x, y, sentinel), healthy)
    assert [(each.batch, each.row) for each in sentinel.incidents] == [(3, 1), (7, 7)]
    assert np.isfinite(sentinel.watched.history.history["loss"]).all()


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
@pytest.mark.parametrize("every", [1, 32])
def test_a_loss_that_refuses_nan_is_a_trouble_as_on_every_backend(every):
    """PyTorch's binary crossentropy of NaN is an error, in the step and in its repetition."""
    numbers = keras.Input((3,), name="numbers")
    model = keras.Model(numbers, layers.Dense(1, activation="sigmoid", name="out")(ops.log(numbers)))
    model.compile("adam", "binary_crossentropy")
    x = np.full((10 * 16, 3), 2.0, "float32")
    x[2 * 16 + 1, 0] = -1.0
    sentinel = NaNSentinel("skip", every=every)
    weights = train(model, x, np.ones((len(x), 1), "float32"), sentinel)
    assert [(each.batch, each.kind, each.row) for each in sentinel.incidents] == [(3, "layer", 1)]
    assert all(np.isfinite(each).all() for each in weights)
    found = inspect_model(model, x[32:48], np.ones((16, 1), "float32"))
    assert "The loss is nan." in found.findings()


@only_on("torch", because="elsewhere such an error comes while the step is compiled")
def test_an_error_that_is_about_no_number_stays_the_users():
    def refuses(y_true, y_pred):
        raise RuntimeError("of my own")

    numbers = keras.Input((3,), name="numbers")
    model = keras.Model(numbers, layers.Dense(1, name="out")(numbers))
    model.compile("adam", refuses)
    with pytest.raises(RuntimeError, match="of my own"):
        train(model, np.ones((16, 3), "float32"), np.ones((16, 1), "float32"), NaNSentinel())
    assert not hasattr(model.train_function, "original")


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
@pytest.mark.parametrize("rate", [1e25, keras.optimizers.schedules.ExponentialDecay(1e25, 100, 0.9)])
def test_an_exploding_rate_is_lowered_until_training_goes_on(rate):
    numbers = keras.Input((3,), name="numbers")
    keras.utils.set_random_seed(0)
    model = keras.Model(numbers, layers.Dense(1, name="out")(layers.Dense(4, name="hidden")(numbers)))
    model.compile(keras.optimizers.SGD(rate), "mse")
    random = np.random.default_rng(0)
    x = random.normal(size=(128, 3)).astype("float32")
    sentinel = NaNSentinel("lower_rate", factor=1e-9)
    weights = train(model, x, x[:, :1] * 2, sentinel, epochs=3)
    assert sentinel.incidents
    assert "went back" in sentinel.incidents[0].action
    assert all(np.isfinite(each).all() for each in weights)
    assert float(ops.convert_to_numpy(model.optimizer.learning_rate)) < 1e10


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
def test_too_many_troubles_end_the_training(tmp_path):
    x, y = pictures()
    x[:, 0, 0] = np.inf
    sentinel = NaNSentinel("skip", limit=3, folder=tmp_path)
    model = picture_model()
    start = model.get_weights()
    assert same(train(model, x, y, sentinel), start)
    assert len(sentinel.incidents) == 3
    assert "stopped" in sentinel.incidents[-1].action


def test_the_faulty_batch_is_saved_with_what_is_known_of_it(tmp_path):
    x, y = pictures(bad=2)
    with pytest.warns(IncidentWarning, match="incident_epoch001_batch000002.npz"):
        train(picture_model(), x, y, NaNSentinel(folder=tmp_path))
    with np.load(tmp_path / "incident_epoch001_batch000002.npz") as saved:
        np.testing.assert_array_equal(saved["input/picture"], x[16:32])
        np.testing.assert_array_equal(saved["target/category"].ravel(), y[16:32])
        facts = json.loads(saved["incident"].tobytes())
    assert (facts["kind"], facts["name"], facts["row"], facts["place"]) == ("input", "picture", 5, [2, 3, 0])
    assert [path.name for path in tmp_path.iterdir()] == ["incident_epoch001_batch000002.npz"]


def test_weights_that_are_broken_before_the_first_batch_are_named():
    model = picture_model()
    layer = model.get_layer("category")
    layer.set_weights([np.full(layer.kernel.shape, np.nan), layer.bias])
    with pytest.warns(IncidentWarning, match="batch 1: the weights of 'category/kernel' held NaN before the batch"):
        train(model, *pictures(), NaNSentinel())


def test_numbers_that_the_graph_imputes_are_no_trouble():
    numbers = keras.Input((2,), name="numbers")
    filled = ops.where(ops.isnan(numbers), 0.0, numbers)
    model = keras.Model(numbers, layers.Dense(1, name="out")(filled))
    model.compile("sgd", "mse")
    x, y = np.ones((32, 2), "float32"), np.ones((32, 1), "float32")
    x[3, 1] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error", IncidentWarning)
        train(model, x, y, NaNSentinel())
    x[20, 0] = np.inf
    with pytest.warns(IncidentWarning, match="batch 2: input 'numbers' holds Inf in row 4, column 'area'"):
        train(model, x, y, NaNSentinel(columns={"numbers": ["area", "rooms"]}))


@pytest.mark.parametrize("steps_per_execution", [1, pytest.param(4, marks=several_steps)])
def test_a_token_beyond_the_embedding_is_named(steps_per_execution):
    tokens = keras.Input((4,), dtype="int32", name="tokens")
    x = layers.GlobalAveragePooling1D()(layers.Embedding(10, 3, name="embedding")(tokens))
    model = keras.Model(tokens, layers.Dense(1, name="out")(x))
    model.compile("sgd", "mse", steps_per_execution=steps_per_execution)
    x = np.ones((32, 4), "int32")
    x[17, 2] = 10
    with pytest.warns(IncidentWarning, match="batch 2: input 'tokens' holds 10 in row 1, column 2, and its embedding"):
        train(model, x, np.zeros((32, 1), "float32"), NaNSentinel())


@pytest.mark.parametrize("steps_per_execution", [1, pytest.param(5, marks=several_steps)])
def test_data_from_a_generator_without_a_length_are_watched_to_the_end(steps_per_execution):
    x, y = pictures(bad=12)

    def batches():
        for start in range(0, len(x), 16):
            yield x[start : start + 16], y[start : start + 16]

    model = picture_model(steps_per_execution=steps_per_execution)
    with pytest.warns(IncidentWarning, match="batch 12"):
        model.fit(batches(), epochs=1, verbose=0, callbacks=[NaNSentinel()])
    assert all(np.isfinite(each).all() for each in model.get_weights())


def test_afterwards_the_model_is_as_if_never_watched():
    model = picture_model()
    x, y = pictures(batches=2)
    sentinel = NaNSentinel()
    train(model, x, y, sentinel)
    assert not hasattr(model.train_function, "original")
    assert all("assign" not in variable.__dict__ for variable in model.variables)
    x[0] = np.nan
    train(model, x, y)
    assert not sentinel.incidents


@several_steps
def test_a_step_at_once_with_a_short_last_batch_names_the_right_batch():
    x, y = pictures(bad=11, batches=11)
    sentinel = NaNSentinel("skip")
    with pytest.warns(IncidentWarning, match="Epoch 1, batch 11: input 'picture' holds NaN in row 5"):
        skipped = train(picture_model(steps_per_execution=4), x[:-9], y[:-9], sentinel)
    assert same(skipped, train(picture_model(steps_per_execution=4), x[: 10 * 16], y[: 10 * 16]))


def test_the_gradient_of_a_weight_within_a_cell_is_found():
    layer = layers.LSTM(2, name="memory")
    layer.build((None, 3, 4))
    finite = [np.ones(3, np.float32)]
    call = LayerCall("memory", 1, layer, 1, finite, finite, list(finite), list(finite))
    found = Trace([call], 1.0, {}, {"memory/lstm_cell/kernel": np.array([np.inf], np.float32)})
    assert in_gradients(found).name == "memory"


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"on_nonfinite": "skipp"}, UnknownNameError, "did you mean 'skip'"),
        ({"every": 0}, ConfigError, "'every' of the sentinel must be a whole number >= 1; received 0"),
        ({"limit": 1.5}, ConfigError, "'limit' of the sentinel"),
        ({"factor": 2}, ConfigError, "must lie between 0 and 1; received 2"),
    ],
)
def test_a_mistake_in_its_settings_is_told(options, error, sentence):
    with pytest.raises(error, match=sentence):
        NaNSentinel(**options)
