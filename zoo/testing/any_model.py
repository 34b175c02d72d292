"""Clauses of the contract for models of every kind: functions of a `Subject` that raise where it is broken."""

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.create import create_model
from zoo.errors import UnknownNameError
from zoo.pretrained.sets import pretrained_sets
from zoo.testing.gradients import gradients
from zoo.testing.subject import OTHER_NAME, SEED, Subject, answers, weighted_layers
from zoo.weights import load_weights, save_weights, without_values


def same(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], tolerance: float = 1e-5) -> None:
    """Raise unless both hold the same outputs, value for value, to `tolerance` of their spread."""
    require(set(found) == set(expected), f"the outputs are {sorted(found)}, not {sorted(expected)}")
    for name, values in expected.items():
        require(found[name].shape == values.shape, f"{name} is {found[name].shape}, not {values.shape}")
        scale = max(float(np.ptp(values)), 1e-6)
        difference = float(np.abs(found[name] - values).max()) / scale
        require(difference <= tolerance, f"{name} differs by {difference:.1e} of its spread")


def require(holds: bool, fault: str) -> None:
    """Raise `AssertionError`, which python -O does not switch off."""
    if not holds:
        raise AssertionError(fault)


def some(names: list[str]) -> str:
    """The first of many names."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def outputs_are_keyed_by_layer_names(subject: Subject) -> None:
    model = subject.default_outline
    require(isinstance(model.output, dict), f"the output is a {type(model.output).__name__}, not a dict")
    for name, tensor in model.output.items():
        require(model.get_layer(name).output is tensor, f"the output {name!r} is not that of the layer of this name")


def layer_names_do_not_change(subject: Subject) -> None:
    """Neither by the model's name nor by other options; automatic ones would, since they carry a counter."""
    model, other = subject.default_outline, subject.other_outline
    require(model.name == subject.name, f"the model is called {model.name!r}")
    require(other.name == OTHER_NAME, f"name={OTHER_NAME!r} gives a model called {other.name!r}")
    changed = sorted(set(weighted_layers(model)) ^ set(weighted_layers(other)))
    require(not changed, f"names of layers with weights depend on the name, the options or a counter: {some(changed)}")


def the_count_is_the_published_one(subject: Subject) -> None:
    """Where official weights are known: weights of the model with its top, moving statistics too."""
    count = subject.default_outline.count_params()
    for item in pretrained_sets():
        if item.arch == subject.name and item.parameters is not None:
            fault = f"it has {count:,} weights; {item.parameters:,} are published ({item.name})"
            require(item.parameters == count, fault)


def unknown_options_are_refused(subject: Subject) -> None:
    try:
        create_model(subject.name, no_such_option=1)
    except UnknownNameError:
        return
    raise AssertionError("the option no_such_option=1 is taken")


def the_config_makes_the_same_graph_again(subject: Subject) -> None:
    model = subject.default_outline
    config = json.loads(json.dumps(model.get_config()))
    with without_values():
        again = keras.Model.from_config(config)
    require(graph_of(again) == graph_of(model), "the graph made from its config differs")


def graph_of(model: keras.Model) -> list[Any]:
    """Operations with their classes, shapes of weights and of outputs; automatic numbers left aside."""
    return [
        (
            re.sub(r"_\d+$", "", layer.name),
            type(layer).__name__,
            [tuple(variable.shape) for variable in getattr(layer, "weights", ())],
            keras.tree.map_structure(lambda tensor: tuple(tensor.shape), layer.output),
        )
        for layer in model.operations
    ]


def answers_depend_on_the_input(subject: Subject) -> None:
    for name, values in subject.answers.items():
        require(bool(np.isfinite(values).all()), f"{name} is not finite")
        apart = float(np.ptp(values, axis=0).max()) / max(float(np.abs(values).mean()), 1e-12)
        require(apart > 1e-2, f"{name} is the same for every input")


def answers_do_not_depend_on_the_batch(subject: Subject) -> None:
    alone = answers(subject.model, {name: values[:1] for name, values in subject.inputs.items()})
    for name, values in subject.answers.items():
        scale = max(float(np.ptp(values)), 1e-6)
        difference = float(np.abs(alone[name] - values[:1]).max()) / scale
        require(difference <= 1e-4, f"{name} differs by {difference:.1e} of its spread")


def every_weight_gets_a_gradient(subject: Subject) -> None:
    random = np.random.default_rng(1)
    shapes = {name: values.shape for name, values in subject.answers.items()}
    factors = {name: ops.convert_to_tensor(random.normal(size=shape), "float32") for name, shape in shapes.items()}

    def loss(outputs: Mapping[str, Any]) -> Any:
        return sum(ops.sum(ops.cast(values, "float32") * factors[name]) for name, values in outputs.items())

    found = gradients(subject.model, subject.inputs, loss)
    broken = [path for path, gradient in found.items() if not np.isfinite(gradient).all()]
    require(not broken, f"gradients that are not finite: {some(broken)}")
    without = [path for path, gradient in found.items() if not np.any(gradient)]
    require(not without, f"{len(without)} weights have none: {some(without)}")


def bfloat16_is_finite(subject: Subject) -> None:
    """Under mixed precision; the outputs keep the order of magnitude of those in float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = subject.build()
        found = answers(model, subject.inputs)
    finally:
        keras.config.set_dtype_policy(before)
    for name, values in subject.answers.items():
        require(bool(np.isfinite(found[name]).all()), f"{name} is not finite")
        scale = max(float(np.ptp(values)), 1e-6)
        difference = float(np.abs(found[name] - values).mean()) / scale
        require(difference < 0.1, f"{name} is off by {difference:.2f} of its spread on average")
        tensor = model.output[name]
        final = name == "predictions" or values.ndim == 2
        require(not final or tensor.dtype == "float32", f"{name} is {tensor.dtype}: answers end in float32")


def a_keras_file_opens_without_the_zoo(subject: Subject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        subject.model.save(path)
        with zipfile.ZipFile(path) as archive:
            foreign = sorted(set(_foreign_classes(json.loads(archive.read("config.json")))))
        require(not foreign, f"the file needs classes that Keras does not have: {some(foreign)}")
        again = keras.saving.load_model(path, safe_mode=True)
    same(answers(again, subject.inputs), subject.answers)


def _foreign_classes(config: Any) -> list[str]:
    """Classes in a saved config that Keras would have to be told of."""
    inner = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    found = [name for value in inner for name in _foreign_classes(value)]
    if isinstance(config, dict) and "class_name" in config and "module" in config:
        module = str(config["module"] or "")
        if module.partition(".")[0] not in ("keras", "builtins") or ">" in str(config.get("registered_name")):
            found.append(f"{module}.{config['class_name']}")
    return found


def a_file_of_weights_restores_the_answers(subject: Subject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.h5"
        save_weights(subject.model, path)
        other = subject.seeded
        before = other.get_weights()
        report = load_weights(other, path)
    weights = len(subject.model.weights)
    require(len(report.matched) == weights, f"{len(report.matched)} of {weights} weights were matched")
    same(answers(other, subject.inputs), subject.answers, 0.0)
    other.set_weights(before)


def a_seed_fixes_the_initial_weights(subject: Subject) -> None:
    first = subject.seeded.get_weights()
    keras.utils.set_random_seed(SEED)
    second, third = (create_model(subject.name).get_weights() for _ in range(2))
    require(all(np.array_equal(a, b) for a, b in zip(first, second, strict=True)), "one seed gives two models")
    require(any(not np.array_equal(a, b) for a, b in zip(first, third, strict=True)), "every seed gives one model")


def two_stand_in_one_graph(subject: Subject) -> None:
    """Side by side on the same inputs, with weights of their own that a file restores."""
    pair = _pair(subject)
    left, right = pair.get_layer("left"), pair.get_layer("right")
    inputs = {tensor.name: values for tensor, values in zip(pair.inputs, subject.inputs.values(), strict=True)}
    found = answers(pair, inputs)
    for name, values in subject.answers.items():
        same({name: found[f"left_{name}"]}, {name: values})
        apart = float(np.abs(found[f"left_{name}"] - found[f"right_{name}"]).max())
        require(apart > 1e-6, f"both answer the same {name}, though their weights differ")
    require(len(pair.weights) == len(left.weights) + len(right.weights), "they share weights")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pair.h5"
        save_weights(pair, path)
        for variable in pair.weights:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        load_weights(pair, path)
    same(answers(pair, inputs), found, 0.0)


def _pair(subject: Subject) -> keras.Model:
    models = [subject.build(name="left"), create_model(subject.name, name="right")]
    inputs = {t.name: keras.Input(t.shape[1:], dtype=t.dtype, name=f"shared_{t.name}") for t in models[0].inputs}
    outputs = {f"{model.name}_{name}": values for model in models for name, values in model(inputs).items()}
    return keras.Model(list(inputs.values()), outputs, name="pair")
