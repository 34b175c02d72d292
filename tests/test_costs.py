"""The cost of mistakes: a checked matrix, the cheapest decision, the threshold."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zoo.costs import CostMatrix, best_threshold, cost_by_threshold, decide, expected_cost
from zoo.errors import ZooError

LABELS = ("repaid", "default")
CREDIT = CostMatrix.of_mistakes(LABELS, false_positive=1.0, false_negative=10.0, unit="EUR")


def row(repaid, default):
    return {"repaid": repaid, "default": default}


@given(st.lists(st.floats(0, 1), min_size=1), st.tuples(*[st.integers(0, 50)] * 4))
def test_for_two_labels_the_cheapest_decision_is_the_threshold(probabilities, costs):
    right, wrong = costs[:2], (costs[0] + costs[2], costs[1] + costs[3])
    assume(costs[2] + costs[3] > 0)
    matrix = CostMatrix({"repaid": row(right[0], wrong[0]), "default": row(wrong[1], right[1])})
    predicted, threshold = np.array(probabilities), matrix.threshold(LABELS)
    clear = np.abs(predicted - threshold) > 1e-9  # at the threshold both cost the same
    decisions = decide(predicted, matrix.table(LABELS))
    np.testing.assert_array_equal(decisions[clear], (predicted >= threshold)[clear])


@given(st.integers(0, 10_000))
def test_no_decision_is_expected_to_be_cheaper_than_the_one_taken(seed):
    random = np.random.default_rng(seed)
    table = random.integers(1, 20, (4, 4)) * (1.0 - np.eye(4))
    probabilities = random.dirichlet(np.ones(4), 30)
    expected = probabilities @ table
    taken = decide(probabilities, table)
    assert (expected[np.arange(30), taken][:, None] <= expected).all()


@given(st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 9)), min_size=1, max_size=40))
def test_costs_by_threshold_are_those_of_deciding_at_each_threshold(rows):
    labels, predicted = np.array([y for y, _ in rows]), np.array([p / 9 for _, p in rows])
    assume((labels >= 0).any())
    table = CREDIT.table(LABELS)
    thresholds, costs = cost_by_threshold(labels, predicted, table)
    for threshold, cost in zip(thresholds, costs, strict=True):
        assert cost == pytest.approx(expected_cost(labels, (predicted >= threshold).astype(int), table))
    every = [expected_cost(labels, (predicted >= each).astype(int), table) for each in np.linspace(-0.1, 1.1, 40)]
    best = best_threshold(labels, predicted, table)
    assert expected_cost(labels, (predicted >= best).astype(int), table) == pytest.approx(min(every))


def test_a_tenth_is_enough_to_refuse_where_mistakes_cost_one_to_ten():
    assert CREDIT.threshold(LABELS) == pytest.approx(1 / 11)
    assert decide(np.array([0.08, 0.1, 0.9]), CREDIT.table(LABELS)).tolist() == [0, 1, 1]
    assert expected_cost(np.array([0, 0, 1, 1, -1]), np.array([0, 1, 0, 1, 0]), CREDIT.table(LABELS)) == 11 / 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CostMatrix([[0, 1], [10, 0]]), "row for each of two labels"),
        (lambda: CostMatrix({"repaid": {"repaid": 0}}), "two labels or more"),
        (lambda: CostMatrix({"repaid": 1, "default": 2}), "must map each decision"),
        (lambda: CostMatrix({"repaid": row(0, 1), "default": {"repaid": 10}}), "no decision .* for default"),
        (lambda: CostMatrix({"repaid": row(0, 1), "default": {"repaid": 1, "defalt": 0}}), "did you mean 'default'"),
        (lambda: CostMatrix({"repaid": row(0, 1), "default": row(-10, 0)}), "number >= 0; received -10"),
        (lambda: CostMatrix({"repaid": row(0, float("nan")), "default": row(1, 0)}), "number >= 0; received nan"),
        (lambda: CostMatrix({"repaid": row(0, "1"), "default": row(1, 0)}), "number >= 0; received 1"),
        (lambda: CostMatrix({"repaid": row(2, 1), "default": row(1, 0)}), "costs less than the right one"),
        (lambda: CostMatrix({"repaid": row(0, 0), "default": row(0, 0)}), "prefers no decision"),
        (lambda: CREDIT.check(("repaid", "defaulted")), "did you mean 'defaulted'"),
        (lambda: CREDIT.check(("repaid", "default", "late")), "for late"),
        (lambda: CREDIT.threshold(("repaid", "default", "late")), "Only two labels"),
        (lambda: CostMatrix.of_mistakes(("a", "b", "c"), false_positive=1, false_negative=2), "mistakes of two labels"),
        (lambda: decide(np.full((3, 3), 1 / 3), CREDIT.table(LABELS)), "does not fit probabilities of 3"),
        (lambda: expected_cost(np.array([-1]), np.array([0]), CREDIT.table(LABELS)), "no cost can be told"),
    ],
)
def test_a_wrong_matrix_is_told_in_one_sentence(make, words):
    with pytest.raises(ZooError, match=words):
        make()
