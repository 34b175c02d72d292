"""Whatever functional model, data and recipe are given to `fit`: what `tests.model_fuzz` states holds."""

import contextlib
from dataclasses import replace

import keras
import pytest

from tests import model_fuzz
from tests.model_building import Unfit, build
from tests.model_cases import Case, Input, Layer, Output, code, reduced
from tests.model_fuzz import check, train_on
from tests.model_measures import Broken
from tests.model_strategy import drawn

BACKEND = keras.backend.backend()
DRAWN = 12 if BACKEND == "tensorflow" else 6
FOUND = {  # kinds of models on which training was wrong, each with the statements that it broke
    "an output reads another": (
        Case(outputs=(Output(unit=1e3, shift=3.0), Output(key="rent", layer="area", reads=0, unit=10.0)), epochs=2),
        "AC",
    ),
    "keys are other layers' names": (
        Case(outputs=(Output(key="price", layer="rent", unit=1e3), Output(key="rent", layer="price", shift=3.0))),
        "AC",
    ),
    "one layer makes two outputs": (
        Case(outputs=(Output(key="area", unit=1e3), Output(key="rent", layer="price", form="shared", source=0))),
        "AC",
    ),
    "two keys for one tensor": (Case(outputs=(Output(), Output(key="rent", layer="area", form="same"))), "AC"),
    "a frozen output": (
        Case(outputs=(Output(unit=1e3, shift=3.0, frozen=True), Output("binary", key="rent", layer="area"))),
        "ABC",
    ),
    "an output of a nested model, over-sampled": (
        Case(outputs=(Output("binary", form="nested", dtype="int32", rare=True, method="over_sampling"),)),
        "AC",
    ),
    "mixed precision": (Case(policy="mixed_float16"), "AC"),
    "vectors, tags and weights of samples": (
        Case(outputs=(Output("vector", missing=0.2), Output("tags", "rent", "area", dtype="int32")), weighted="some"),
        "AC",
    ),
    "a list of outputs, float64 targets": (Case(outputs=(Output(dtype="float64"),), form="list"), "ADG"),
    "a Sequential": (Case(form="sequential", feed="unnamed"), "ADG"),
    "a constraint": (Case(outputs=(Output(constraint="max_norm", unit=1e3),), optimiser="sgd"), "AD"),
    "stopped before a short batch": (
        Case(
            inputs=(Input(), Input("picture")),
            outputs=(Output("tags", dtype="int32"),),
            rows=78,
            epochs=2,
            schedule="constant",
            stop="batch",
            stop_at=3,
        ),
        "F",
    ),
    "no activation": (Case(outputs=(Output("binary", dtype="int32"),), wrong="logits"), "E"),
}


@pytest.mark.parametrize(("case", "statements"), FOUND.values(), ids=FOUND)
def test_a_case_that_was_wrong_is_right(case, statements, tmp_path):
    outcome = check(case, tmp_path, statements)
    assert not outcome.failures
    assert bool(outcome.refused) == bool(case.wrong)


@pytest.mark.parametrize("number", range(DRAWN))
def test_drawn_cases_hold_or_are_refused_in_a_sentence(number, tmp_path):
    for place, case in enumerate(drawn(1000 + number, several_steps=BACKEND != "torch")):
        folder = tmp_path / str(place)
        folder.mkdir()
        with contextlib.suppress(Unfit):
            outcome = check(case, folder, "ABDEG" + "CF"[number % 2])
            break
    assert not outcome.failures, code(case)


def test_the_code_of_a_description_makes_it_again():
    cases = drawn(7)
    for case in (next(cases) for _ in range(20)):
        assert eval(code(case)) == case


def test_a_failing_case_is_made_simpler():
    case = Case(trunk=(Layer(), Layer("norm")), outputs=(Output(), Output("tags", key="rent", layer="area")), rows=90)
    assert reduced(case, lambda each: any(output.kind == "tags" for output in each.outputs)) == Case(
        outputs=(Output("tags"),)
    )


@pytest.fixture(scope="module")
def trained():
    case = Case(inputs=(Input(frozen=True),), outputs=(Output(layer="price", constraint="non_neg"),), epochs=2)
    return train_on(case, build(case))


def test_each_statement_can_fail(trained, tmp_path, monkeypatch):
    def broken(statement, **changes):
        with pytest.raises(Broken) as caught:
            model_fuzz.STATEMENTS[statement](replace(trained, **changes), tmp_path)
        return str(caught.value)

    off = [values + 1 for values in trained.after]
    _, found, row = trained.seen[0]
    assert "frozen" in broken("B", after=off)
    assert "not the user's" in broken("G", seen=[(False, found, row)])
    assert "callback of epoch" in broken("G", seen=[(True, {"price": found["price"] + 1}, row)])
    assert "names changed" in broken("D", before={**trained.before, "names": []})
    monkeypatch.setattr(model_fuzz, "REPEATS", 3)
    assert "ends with other" in broken("F", after=off)
    for variable in trained.model.weights:
        variable.assign(variable - 1)
    assert "the returned model has val_price_mae" in broken("A")
    assert "constraint" in broken("D")
    monkeypatch.setattr(model_fuzz, "tiny_rate", lambda recipe: recipe)
    assert "moved by" in broken("C")


def test_an_exception_from_below_and_a_mistake_that_is_trained_are_failures(tmp_path, monkeypatch):
    monkeypatch.setattr(model_fuzz, "fit", lambda *args, **options: {}["x"])
    assert check(Case(), tmp_path).failures == [("E", "KeyError: 'x'")]
    monkeypatch.setattr(model_fuzz, "train_on", lambda *args: None)
    assert "in spite of the mistake" in check(Case(wrong="rank"), tmp_path).failures[0][1]
