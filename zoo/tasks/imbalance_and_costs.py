"""What a training is told of rare labels and the cost of mistakes, output by output; and what decisions then cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import keras

from zoo.costs import CostMatrix
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError, DataError, require_known
from zoo.files import read_json
from zoo.report.cost_report import CostReport, build_cost_report
from zoo.training import Imbalance, Recipe, Run, predict, relabel

Plans = Mapping[str, Imbalance | str] | Imbalance | str | None
Costs = Mapping[str, CostMatrix] | CostMatrix | None
Value = TypeVar("Value")


def apply_imbalance_and_costs(recipe: Recipe, imbalance: Plans = None, costs: Costs = None) -> Recipe:
    """The recipe whose heads meet rare labels by these methods and mistakes at these costs.

    Each is a mapping of outputs, or one for the only output of classes. Raises a `ZooError` for an output that is not
    there or has no classes, and for what does not fit its labels.
    """
    plans: dict[str, Imbalance | str] = _by_output(recipe, "imbalance", imbalance)
    matrices: dict[str, CostMatrix] = _by_output(recipe, "costs", costs)
    heads = dict(recipe.heads)
    for name in dict.fromkeys([*plans, *matrices]):
        head = heads[name]
        heads[name] = replace(head, imbalance=plans.get(name, head.imbalance), costs=matrices.get(name, head.costs))
    return replace(recipe, heads=heads)


def _by_output(recipe: Recipe, what: str, given: Mapping[str, Value] | Value | None) -> dict[str, Value]:
    if given is None:
        return {}
    classes = [name for name, head in recipe.heads.items() if head.target.kind != "regression"]
    if isinstance(given, Mapping):
        for name in given:
            require_known(f"output of '{what}'", name, recipe.heads)
        return dict(given)
    if len(classes) != 1:
        known = f"are {', '.join(classes)}: name one" if classes else "there are none"
        raise ConfigError(f"'{what}' is for an output of classes; those of the recipe {known}.")
    return {classes[0]: given}


def read_plans(given: Sequence[str]) -> Plans:
    """ "smote", or "income=smote" once for each output, as a command line has them.

    >>> read_plans(["income=smote", "gender=focal"])
    {'income': 'smote', 'gender': 'focal'}
    """
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    found: dict[str, Imbalance | str] = {}
    for each in given:
        output, equals, method = each.partition("=")
        if not equals or output in found:
            raise ConfigError(f"Of several methods against imbalance each is OUTPUT=METHOD, once; received '{each}'.")
        found[output] = method
    return found


def read_costs(path: Path | str) -> Costs:
    """A matrix out of a JSON file, {"costs": {true label: {decision: cost}}, "unit": "EUR"}, or output -> such a one.

    Raises `DataError` for a file that is none, `ConfigError` for a matrix that is none.
    """
    values = read_json(path, "JSON file of costs")
    if not isinstance(values, dict) or not values:
        raise DataError(f"'{path}' is no JSON object of costs; received {str(values)[:60]}.")
    return _matrix(values) if "costs" in values else {name: _matrix(each) for name, each in values.items()}


def _matrix(values: Any) -> CostMatrix:
    if not isinstance(values, dict) or "costs" not in values:
        raise ConfigError(f'A cost matrix is {{"costs": ..., "unit": ...}}; received {str(values)[:60]}.')
    for key in values:
        require_known("key of a cost matrix", key, ("costs", "unit"))
    return CostMatrix(values["costs"], str(values.get("unit", "")))


def cost_reports(model: keras.Model, recipe: Recipe, dataset: Dataset, run: Run) -> dict[str, CostReport]:
    """Output -> what the decisions of its answers cost on the test split, for the outputs that have costs."""
    heads = {name: head for name, head in recipe.heads.items() if head.costs is not None}
    if not heads:
        return {}
    splits = [relabel(split, recipe.heads, ignore=False) for split in (dataset.validation, dataset.test)]
    held_out, tested = (predict(model, split, heads, trim_padding=recipe.trim_padding) for split in splits)
    return {
        name: build_cost_report(
            tested[name],
            splits[1].targets[name],
            head.answers,
            head.costs,
            validation=(held_out[name], splits[0].targets[name]),
            before=run.calibrations[name].undo(tested[name]) if name in run.calibrations else None,
            title=f"{recipe.entry} on {dataset.name}: {name}",
        )
        for name, head in heads.items()
        if head.costs is not None
    }


def save_cost_reports(reports: Mapping[str, CostReport], folder: Path | str) -> None:
    """`costs.json` and `costs.png` in the folder; in a folder of each output where there are several."""
    for name, report in reports.items():
        report.save(Path(folder) / f"costs_{name}" if len(reports) > 1 else folder)
