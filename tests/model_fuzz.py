"""What holds for every training by `zoo.training.fit`, a function for each statement, and a case tried on all of them.

A  the returned model's own predictions give the metrics of the best epoch's row
B  frozen weights stay, bit for bit
C  training on from a trained model begins where it stood
D  architecture, names, flags and constraints stay; a saved file predicts alike
E  what cannot be trained is refused in one sentence of the zoo's, and changes no weight
F  a run that is stopped and called again ends with the weights of one that was not, bit for bit
G  in a callback, `self.model` is the user's model and gives the epoch's metrics
"""

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.model_building import Unfit, build
from tests.model_cases import Case
from tests.model_data import data, recipe, tiny_rate
from tests.model_measures import Arrays, Broken, compare, predictions, require, rounding
from zoo.errors import TrainingError, ZooError
from zoo.samples import Samples
from zoo.training import Recipe, Run, fit

LONGEST = 600  # characters of a sentence
REPEATS = 40  # of a training whose resumed run differs; ten of a graph of which a fourth differs were once the same


@dataclass
class Trained:
    """A case after `fit`, and what was noted before and meanwhile."""

    case: Case
    model: keras.Model
    train: Samples
    validation: Samples
    recipe: Recipe
    before: dict[str, Any]
    run: Run
    seen: list[tuple[bool, Arrays | str, dict[str, float]]]
    after: list[np.ndarray]
    unrepeatable: bool = False


@dataclass
class Outcome:
    """What became of a case: `refused` is the kind of the sentence; `failures` are pairs of statement and fault;
    `unrepeatable` says that statement F could not be tried, as the backend itself gives other bits every time.
    """

    refused: str = ""
    unrepeatable: bool = False
    failures: list[tuple[str, str]] = field(default_factory=list)


def train_on(case: Case, model: keras.Model, change: Callable[[Recipe], Recipe] = lambda same: same) -> Trained:
    """Train a model of this case, by its recipe or a changed one."""
    before, seen = facts(model), []
    train, validation = data(case)
    settings = change(recipe(case))
    callbacks = watchers(case, model, validation, seen)
    run = fit(model, train, validation, settings, seed=case.seed, callbacks=callbacks)
    return Trained(case, model, train, validation, settings, before, run, seen, values_of(model))


class Watch(keras.callbacks.Callback):
    """After every epoch: whether `self.model` is the user's, what it predicts (or why it cannot), and the logs."""

    def __init__(self, case: Case, model: keras.Model, validation: Samples, seen: list[Any]):
        super().__init__()
        self.case, self.users, self.validation, self.seen = case, model, validation, seen

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        try:
            found: Arrays | str = predictions(self.case, self.model, self.validation)
        except Exception as error:  # noqa: BLE001 (any of Keras' or a backend's is a fault to be reported)
            found = f"{type(error).__name__}: {error}"
        self.seen.append((self.model is self.users, found, dict(logs or {})))


def facts(model: keras.Model) -> dict[str, Any]:
    """What training must leave as it is, and the weights."""
    layers = model._flatten_layers()
    outputs = model.outputs if isinstance(model, keras.Sequential) else model.output
    return {
        "config": json.dumps(keras.saving.serialize_keras_object(model), sort_keys=True, default=str),
        "names": [layer.name for layer in layers],
        "trainable": [layer.trainable for layer in layers],
        "paths": [each.path for each in model.weights],
        "outputs": str(keras.tree.map_structure(lambda each: (each.shape, each.dtype), outputs)),
        "inputs": [(each.name, each.shape, each.dtype) for each in model.inputs],
        "weights": values_of(model),
    }


def values_of(model: keras.Model) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(each)) for each in model.weights]


def same_bits(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return len(one) == len(other) and all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def returned_is_measured(done: Trained) -> None:
    """A"""
    row = done.run.history[done.run.best_epoch - 1]
    found = predictions(done.case, done.model, done.validation)
    compare(done.case, done.recipe.heads, done.validation, found, row, "the returned model")


def frozen_stays(done: Trained) -> None:
    """B"""
    places = {id(each): place for place, each in enumerate(done.model.weights)}
    for layer in done.model._flatten_layers():
        for each in layer.weights if not layer.trainable else ():
            place = places[id(each)]
            require(same_bits([done.after[place]], [done.before["weights"][place]]), f"the frozen {each.path} changed")


def second_fit_stands(done: Trained) -> None:
    """C. Batch normalisation goes on moving its statistics: there, the trained weights alone can be compared."""
    share = rounding(done.case)
    before = predictions(done.case, done.model, done.validation)
    again = train_on(done.case, done.model, tiny_rate)
    returned_is_measured(again)
    moving = [
        each
        for each in done.model._flatten_layers()
        if isinstance(each, keras.layers.BatchNormalization) and each.trainable
    ]
    if not moving:
        for name, values in predictions(done.case, done.model, done.validation).items():
            size = float(np.abs(before[name]).max())
            jump = float(np.abs(values - before[name]).max())
            require(jump <= 5 * share * size + 1e-12, f"'{name}' (up to {size:.4g}) moved by {jump:.4g}")
        return
    trained = {id(each) for each in done.model.trainable_weights}
    largest = max(float(np.abs(values).max()) for values in before.values())
    for each, old, new in zip(done.model.weights, done.after, values_of(done.model), strict=True):
        size = float(np.abs(old).max()) + (largest if old.ndim < 2 else 0.0)
        moved = float(np.abs(new - old).max()) if id(each) in trained else 0.0
        require(moved <= 5 * share * size + 1e-9, f"{each.path} (up to {size:.4g}) moved by {moved:.4g}")


def structure_stays(done: Trained, folder: Path) -> None:
    """D"""
    now = facts(done.model)
    for what, value in done.before.items():
        require(what == "weights" or value == now[what], f"{what} changed")
    for layer in done.model._flatten_layers():
        constraint = getattr(layer, "kernel_constraint", None)
        if constraint is not None and layer.trainable:
            kernel = keras.ops.convert_to_numpy(layer.kernel)
            bound = keras.ops.convert_to_numpy(constraint(layer.kernel))
            require(np.allclose(kernel, bound, rtol=1e-4, atol=1e-6), f"'{layer.name}' breaks its kernel constraint")
    file = folder / "model.keras"
    done.model.save(file)
    loaded = predictions(done.case, keras.saving.load_model(file), done.validation)
    for name, values in predictions(done.case, done.model, done.validation).items():
        same = np.allclose(loaded[name], values, rtol=1e-5, atol=1e-6 * float(np.abs(values).max()))
        require(same, f"the saved model predicts '{name}' otherwise")


class Stop(Exception):  # noqa: N818 (it is no error)
    """What stops a run in its midst."""


class EpochStopper(keras.callbacks.Callback):
    """Stops after so many epochs; 0 for never."""

    def __init__(self, left: int):
        super().__init__()
        self.left = left

    def count(self) -> None:
        self.left -= 1
        if not self.left:
            raise Stop

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.count()


class BatchStopper(EpochStopper):
    """Stops after so many batches; steps that are watched are single ones."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        pass

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.count()


class FailingArray(np.ndarray):
    """An array of which so many parts can be taken by row numbers, and the next cannot."""

    left: int

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, np.ndarray) and self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise Stop
        return np.asarray(self)[rows]


def stopped_data(case: Case, samples: Samples) -> Samples:
    """The samples; of a case that is stopped while it reads, the first input fails then."""
    name, values = next(iter(samples.inputs.items()))
    failing = values.view(FailingArray)
    failing.left = case.stop_at
    return replace(samples, inputs={**samples.inputs, name: failing}) if case.stop == "data" else samples


def watchers(
    case: Case, model: keras.Model, validation: Samples, seen: list[Any], left: int = 0
) -> list[keras.callbacks.Callback]:
    """The same callbacks for a run that is stopped and for one that is not: to watch batches may change how steps are
    run, and to predict draws, on PyTorch, from the generator that dropout draws from.
    """
    kinds = {"epoch": EpochStopper, "batch": BatchStopper}
    stoppers = [kinds[case.stop](left)] if case.stop in kinds else []
    return [Watch(case, model, validation, seen), *stoppers]


def resumes(done: Trained, folder: Path) -> None:
    """F. The rows may differ by rounding: TensorFlow's predictions of equal weights do."""
    case = done.case

    def run(train: Samples, left: int) -> tuple[keras.Model, Run]:
        model = build(case)
        callbacks = watchers(case, model, done.validation, [], left)
        options: dict[str, Any] = {"seed": case.seed, "folder": folder / "run", "checkpoint_seconds": 0.0}
        return model, fit(model, train, done.validation, done.recipe, callbacks=callbacks, **options)

    with contextlib.suppress(Stop):
        run(stopped_data(case, done.train), case.stop_at)
    model, found = run(done.train, 0)
    require(found.best_epoch == done.run.best_epoch, f"best epoch {found.best_epoch}, not {done.run.best_epoch}")
    for one, other in zip(found.history, done.run.history, strict=True):
        differ = [key for key in other if key != "seconds" and not np.isclose(one[key], other[key], 1e-3, 1e-2)]
        require(not differ, f"the resumed run's row of epoch {other['epoch']} differs in {', '.join(differ[:3])}")
    others = zip(model.weights, values_of(model), done.after, strict=True)
    differing = [each.path for each, one, other in others if not same_bits([one], [other])]
    done.unrepeatable = bool(differing) and not repeats(done)
    require(not differing or done.unrepeatable, f"the resumed run ends with other {', '.join(differing)}")


def repeats(done: Trained) -> bool:
    """Whether the backend gives the whole training again, bit for bit: some convolutions on TensorFlow do not."""
    again = (train_on(done.case, build(done.case)).after for _ in range(REPEATS))
    first = next(again)
    return all(same_bits(first, each) for each in again)


def callback_sees_model(done: Trained) -> None:
    """G"""
    for epoch, (is_users, found, row) in enumerate(done.seen, start=1):
        require(is_users, "`self.model` of a callback is not the user's model")
        require(not isinstance(found, str), f"in a callback, predicting fails: {found}")
        whose = f"the model in the callback of epoch {epoch}"
        compare(done.case, done.recipe.heads, done.validation, found, row, whose)


STATEMENTS: dict[str, Callable[[Trained, Path], None]] = {
    "A": lambda done, _: returned_is_measured(done),
    "B": lambda done, _: frozen_stays(done),
    "G": lambda done, _: callback_sees_model(done),
    "D": structure_stays,
    "C": lambda done, _: second_fit_stands(done),
    "F": resumes,
}


def check(case: Case, folder: Path, statements: str = "ABCDEFG") -> Outcome:
    """A case tried on these statements, in an empty folder."""
    outcome, model = Outcome(), build(case)
    weights = values_of(model)
    try:
        done = train_on(case, model)
    except ZooError as error:
        outcome.refused, told = sentence_kind(error), str(error)
        if "\n" in told or len(told) > LONGEST:
            outcome.failures.append(("E", f"no sentence: {told[:200]}"))
        if not isinstance(error, TrainingError) and not same_bits(weights, values_of(model)):
            outcome.failures.append(("E", f"weights changed although it was refused: {outcome.refused}"))
        return outcome
    except Unfit:
        raise
    except Exception as error:  # noqa: BLE001 (what statement E is about)
        outcome.failures.append(("E", first_line(error)))
        return outcome
    if case.wrong:
        outcome.failures.append(("E", f"trained in spite of the mistake '{case.wrong}'"))
        return outcome
    for letter in (each for each in STATEMENTS if each in statements):
        try:
            STATEMENTS[letter](done, folder)
        except Broken as broken:
            outcome.failures.append((letter, str(broken)))
        except Exception as error:  # noqa: BLE001 (any exception breaks a statement)
            outcome.failures.append((letter, first_line(error)))
    outcome.unrepeatable = done.unrepeatable
    return outcome


def first_line(error: Exception) -> str:
    """The error's type and the beginning of what it says, what Keras puts around it left out."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next((line for line in lines if "Exception encountered when calling" not in line), "")
    return f"{type(error).__name__}: {said[:300]}"


def sentence_kind(error: Exception) -> str:
    """A sentence without what is quoted or counted in it, so that like ones are counted together."""
    told = re.sub(r"'[^']*'", "'…'", str(error))
    return f"{type(error).__name__}: " + re.sub(r"-?\d[\d.,e+-]*", "N", told)[:160]
