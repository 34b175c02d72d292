"""Private names of Keras stand behind one door, `zoo.keras_internals`; each is checked and says when it is gone."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.private_names import Sources
from tests.toy import line_model
from zoo.errors import ConfigError
from zoo.keras_internals import checks, graph, optimiser, state, trainer, variables

pytestmark = pytest.mark.backends

ROOT = Path(__file__).resolve().parents[1]
DOOR = "zoo/keras_internals/"
NOT_OF_KERAS = {
    "zoo/terminal.py uses parser._actions",
    "zoo/terminal.py uses _chosen(parser, arguments)._actions",
    "zoo/lazy_package.py uses sys._getframe",
}


def sources():
    files = (path for top in ("blocks", "zoo", "examples") for path in sorted((ROOT / top).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_private_names_of_keras_are_used_behind_the_door_alone():
    found = set(Sources.of(sources()).faults())
    assert {fault for fault in found if not fault.startswith(DOOR)} <= NOT_OF_KERAS
    assert any(fault.startswith(DOOR) for fault in found)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tensor._keras_history", "uses tensor._keras_history"),
        ("class A(keras.Model):\n    def f(self):\n        self._tracker", "uses self._tracker"),
        ("getattr(model, '_functional', None)", "probes for _functional"),
        ("vars(model)['_layers']", "probes for _layers"),
        ("from keras.src import backend", "imports keras.src"),
        ("import keras.src.backend", "imports keras.src.backend"),
        ("class A(keras.optimizers.Adam):\n    def _clip_gradients(self): ...", "overrides A._clip_gradients"),
        ("class A(kind):\n    def _clip_gradients(self): ...", "overrides A._clip_gradients"),
        ("class A(layers.Dense): ...\nclass B(A):\n    def _flatten_layers(self): ...", "overrides B._flatten_layers"),
        ("type(each).__name__ == 'NotEqual'", "compares the name of a class with NotEqual"),
        ("SOME = {'Isnan'}\ntype(each).__name__ in SOME", "compares the name of a class with Isnan"),
    ],
)
def test_a_private_name_is_found(text, fault):
    assert list(Sources.of({"a.py": text}).faults()) == [f"a.py {fault}"]


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    def __init__(self):\n        self._x = 1\n    def f(self):\n        return self._x",
        "class A:\n    def _x(self): ...\nclass B(A):\n    def f(self):\n        return self._x()",
        "class A(keras.Model):\n    def _own(self): ...",
        "row._replace(kernel=3)",
        "type(layer).__name__ == 'Conv2D'",
    ],
)
def test_names_of_ones_own_are_left_alone(text):
    assert list(Sources.of({"a.py": text}).faults()) == []


# What each function of the door gives on the Keras that is installed.


def two_paths():
    """x -> dense -> y, and x -> dense -> relu -> added to y."""
    x = keras.Input((4,), name="x")
    y = layers.Dense(4, name="dense")(x)
    added = layers.Add(name="sum")([y, layers.ReLU(name="relu")(y)])
    return keras.Model([x], {"sum": added, "square": ops.square(added)}, name="paths")


def test_the_graph_is_read_in_both_directions():
    model = two_paths()
    call, place = graph.producer(model.output["sum"])
    assert (call.operation.name, place) == ("sum", 0)
    assert [graph.producer(each)[0].operation.name for each in call.inputs] == ["dense", "relu"]
    assert [each.operation.name for each in graph.calls_of(model.get_layer("dense"))] == ["dense"]
    assert sorted(each.operation.name for each in graph.next_calls(model.get_layer("dense"))) == ["relu", "sum"]
    assert [each.name for each in graph.readers(model.inputs[0])] == ["dense"]
    assert graph.input_names(model) == ["x"]


def test_calls_stand_in_an_order_in_which_they_can_be_made():
    names = [call.operation.name for call in graph.calls_in_order(two_paths())]
    assert names[:3] == ["dense", "relu", "sum"]
    assert len(names) == len(graph.graph_calls(two_paths())) == 4


@pytest.mark.parametrize("nested", [False, True])
def test_arguments_take_the_values_of_their_tensors(nested):
    x = keras.Input((3,))
    y = ops.concatenate([x, x], axis=-1) if nested else ops.square(x)
    args, kwargs = graph.producer(y)[0].arguments_with({id(x): "value"})
    given = keras.tree.flatten((args, kwargs))
    assert given.count("value") == (2 if nested else 1)


def test_what_is_no_tensor_of_a_graph_is_refused():
    assert not graph.is_symbolic(np.ones(3))
    with pytest.raises(ConfigError, match="no tensor of a functional model"):
        graph.producer(np.ones(3))


def test_classes_are_found_by_what_keras_promises():
    assert type(two_paths()) is graph.functional_class()
    assert not issubclass(keras.Sequential, graph.functional_class())
    before = layers.Dense(1).name
    assert graph.operation_class(ops.not_equal, 0).__name__ == "NotEqual"
    count = [int(name.rpartition("_")[2]) for name in (before, layers.Dense(1).name) if "_" in name]
    assert len(count) < 2 or count[1] == count[0] + 1


def test_layers_inside_layers_are_found():
    inner = layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both")
    names = [layer.name for layer in graph.layers_of(keras.Sequential([keras.Input((3, 2)), inner]))]
    assert {"both", "forward_lstm", "backward_lstm"} <= set(names)


def test_a_model_runs_with_other_functions_for_some_layers():
    model = two_paths()
    x = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    plain, run = model([x]), graph.graph_runner(model, {})([x], training=True)
    assert all(np.array_equal(*map(ops.convert_to_numpy, (plain[name], run[name]))) for name in plain)
    zero = graph.graph_runner(model, {id(model.get_layer("dense")): ops.zeros_like})([x])
    assert not ops.convert_to_numpy(zero["sum"]).any()


def test_a_mask_is_seen():
    x = ops.ones((1, 2, 1))
    assert graph.has_mask(layers.Masking()(x))
    assert not graph.has_mask(layers.Dense(1)(x))


def compiled():
    model = line_model()
    model.compile("adam", {"y": "mse"})
    return model


def batch():
    return {"x": np.ones((4, 4), "float32")}, {"y": np.ones((4, 1), "float32")}, None


def test_a_training_is_built_before_its_first_step_and_its_mean_loss_is_known():
    model = compiled()
    trainer.build_for(model, batch())
    assert model.optimizer.built
    model.train_on_batch(*batch()[:2])
    assert float(trainer.mean_loss(model).result()) > 0


def test_the_mean_loss_is_found_by_its_name_where_keras_keeps_it_elsewhere():
    model = compiled()
    trainer.build_for(model, batch())
    expected = trainer.mean_loss(model)
    vars(model)["_loss_tracker"] = None
    own = type("Own", (type(model),), {"metrics": property(lambda self: [expected])})
    model.__class__ = own
    assert trainer.mean_loss(model) is expected


@pytest.mark.parametrize("training_is_known", [True, False])
def test_a_loss_of_ones_own_need_not_know_of_training(training_is_known):
    class Old(type(line_model())):
        def compute_loss(self, x, y, y_pred, weights):
            return keras.Model.compute_loss(self, x, y, y_pred, weights)

    model = compiled()
    trainer.build_for(model, batch())
    x, y, _ = batch()
    outputs = trainer.call_model(model, x, training=False)
    expected = float(trainer.training_loss(model, x, y, outputs, None, training=False))
    if not training_is_known:
        model.__class__ = Old
    assert float(trainer.training_loss(model, x, y, outputs, None, training=False)) == expected


def test_a_schedule_is_read_and_replaced_inside_a_scaling_of_the_loss():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(schedule))
    assert optimiser.rate_of(scaled) is schedule
    optimiser.set_schedule(scaled, other := keras.optimizers.schedules.CosineDecay(0.2, 10))
    assert optimiser.rate_of(scaled) is other


@pytest.mark.parametrize("kind", [optimiser.OpenAdam, optimiser.OpenMuon])
def test_an_open_optimiser_steps_as_keras_own(kind):
    found = []
    for each in (kind, kind.__bases__[0]):
        variable = keras.Variable(np.ones((3, 2), "float32"))
        each(0.1, global_clipnorm=0.5).apply([ops.ones((3, 2))], [variable])
        found.append(ops.convert_to_numpy(variable.value))
    assert np.array_equal(*found)


def test_the_hooks_of_an_open_optimiser_are_called():
    class AllAdam(optimiser.OpenMuon):
        def orthogonal_step(self, *_):
            calls.append("step")

        def is_for_adam(self, variable):
            calls.append("asked")
            return False

    calls, variable = [], keras.Variable(np.ones((3, 2), "float32"))
    adam = optimiser.OpenAdam(0.1)
    adam.build([variable])
    assert adam.place_of(variable) == 0
    assert [tuple(each.shape) for each in adam.moments(0)] == [(3, 2), (3, 2)]
    AllAdam(0.1).apply([ops.ones((3, 2))], [variable])
    assert {"step", "asked"} <= set(calls)


def test_the_step_of_an_average_is_handed_over():
    seen = []
    kind = optimiser.with_average_step(keras.optimizers.SGD, lambda optimizer, step: seen.append(step()))
    kind(0.1, use_ema=True).apply([ops.ones(2)], [keras.Variable(np.ones(2, "float32"))])
    assert seen == [None]
    assert kind.__name__ == "SGD"


def test_variables_get_values_later():
    with variables.without_values():
        layer = layers.Dense(2)
        layer.build((None, 3))
    assert not variables.has_value(layer.kernel)
    variables.initialise(layer.kernel, lambda shape, dtype=None: ops.ones(shape, dtype))
    variables.initialise(layer.bias)
    variables.register_parameters(keras.Sequential([layer]))
    assert ops.convert_to_numpy(layer.kernel).tolist() == [[1, 1]] * 3
    assert ops.convert_to_numpy(layer.bias).tolist() == [0, 0]


def test_random_numbers_to_come_are_as_before():
    draws = []
    for between in (0, 5):
        keras.utils.set_random_seed(1)
        keras.random.normal((3,))  # the generator is made at the first need
        with state.own_generator_unchanged():
            for _ in range(between):
                keras.random.normal((3,))
        draws.append(ops.convert_to_numpy(keras.random.normal((3,))))
    assert np.array_equal(*draws)


# What it says where a name is gone.


class Gone:
    """Stands for an object of a Keras that has none of its private names."""

    operation = None


def raises(name):
    return pytest.raises(ConfigError, match=rf"^Keras {keras.__version__} has no private name '{name}' in .+ install")


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("_inbound_nodes", lambda: graph.calls_of(Gone())),
        ("_outbound_nodes", lambda: graph.next_calls(Gone())),
        ("_flatten_layers", lambda: list(graph.layers_of(Gone()))),
        ("_standardize_inputs", lambda: graph.graph_runner(Gone(), {})),
        ("_symbolic_build", lambda: trainer.build_for(Gone(), batch())),
        ("_learning_rate", lambda: optimiser.rate_of(Gone())),
        ("_get_variable_index", lambda: optimiser.OpenAdam.place_of(Gone(), None)),
        ("_momentums", lambda: optimiser.OpenAdam.moments(Gone(), 0)),
        ("_value", lambda: variables.has_value(Gone())),
        ("_initializer", lambda: variables.initialise(Gone(), ops.ones)),
        ("_deferred_initialize", lambda: variables.initialise(Gone())),
    ],
)
def test_a_name_that_is_gone_is_told(name, use):
    with raises(name):
        use()


def test_a_tensor_without_its_origin_is_told(monkeypatch):
    tensor = two_paths().output["sum"]
    del tensor._keras_history
    with raises("_keras_history"):
        graph.producer(tensor)


def test_masks_under_another_name_are_told(monkeypatch):
    monkeypatch.setattr(layers, "Masking", lambda **_: lambda x: Gone())
    graph._masks_are_attributes.cache_clear()
    with raises("_keras_mask"):
        graph.has_mask(ops.ones(1))
    graph._masks_are_attributes.cache_clear()


def test_a_mean_loss_that_nobody_keeps_is_told():
    with raises("_loss_tracker"):
        trainer.mean_loss(type("Model", (), {"metrics": []})())


@pytest.mark.parametrize(
    ("base", "hook", "use"),
    [
        (keras.optimizers.Muon, "_should_use_adamw", lambda: optimiser.OpenMuon().build([])),
        (keras.optimizers.Muon, "_muon_update_step", lambda: optimiser.OpenMuon().build([])),
        (
            keras.optimizers.Optimizer,
            "_update_model_variables_moving_average",
            lambda: optimiser.with_average_step(keras.optimizers.SGD, None),
        ),
    ],
)
def test_a_hook_that_keras_no_longer_calls_is_told(monkeypatch, base, hook, use):
    checks.require_hook(base, hook, "to test")
    names = checks._names_read_by
    monkeypatch.setattr(checks, "_names_read_by", lambda kind: names(kind) - {hook})
    with raises(hook):
        use()


@pytest.mark.parametrize("module", ["keras.src.backend.common.global_state", "keras.src.random.seed_generator"])
def test_a_module_that_is_gone_is_told(monkeypatch, module):
    def refuse(name):
        if name == module:
            raise ImportError(name)
        return real(name)

    real = checks.import_module
    monkeypatch.setattr(checks, "import_module", refuse)
    with raises("[a-zA-Z_]+"), state.own_generator_unchanged():
        pass
