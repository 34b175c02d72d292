"""Regression on a table's columns without a hidden layer: of a number, and of classes."""

from collections.abc import Mapping, Sequence

import keras

from zoo.models.outputs import CLASSIFICATION, REGRESSION, Outputs, heads_of
from zoo.models.table import Numbers, table_inputs


def linear_regression(
    *,
    numbers: Numbers = 8,
    categories: Mapping[str, int] | None = None,
    complete: Sequence[str] = (),
    outputs: Outputs = REGRESSION,
    flags: bool = True,
    name: str = "linear_regression",
) -> keras.Model:
    """numbers (B, k), and ids (B,) of each category -> {"target": (B, 1)}: a weighted sum and a bias.

    The options are those of `zoo.models.table.table_inputs` and `table_outputs`; `Schema.model_config` gives them all.
    """
    table = table_inputs(numbers, categories, complete, flags)
    answers = heads_of(table.one_hot_features(), outputs, kinds=("regression",))
    return keras.Model(table.inputs, answers, name=name)


def softmax_regression(
    *,
    numbers: Numbers = 8,
    categories: Mapping[str, int] | None = None,
    complete: Sequence[str] = (),
    outputs: Outputs = CLASSIFICATION,
    flags: bool = True,
    name: str = "softmax_regression",
) -> keras.Model:
    """numbers (B, k), and ids (B,) of each category -> {"target": (B, classes)} probabilities, from weighted sums.

    A "binary" output is a logistic regression. The options are those of `linear_regression`.
    """
    table = table_inputs(numbers, categories, complete, flags)
    answers = heads_of(table.one_hot_features(), outputs, kinds=("classification", "binary"))
    return keras.Model(table.inputs, answers, name=name)
