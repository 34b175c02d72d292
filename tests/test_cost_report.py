"""The report in money: every way of deciding costs what its mistakes cost, and the picture holds it."""

import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from zoo.costs import CostMatrix
from zoo.errors import DataError, UnknownNameError
from zoo.report import build_cost_report
from zoo.report.cost_report import CHEAPEST, CHOSEN, HALF
from zoo.samples import Target

CREDIT = Target("binary", ("repaid", "default"))
COSTS = CostMatrix.of_mistakes(CREDIT.labels, false_positive=1.0, false_negative=10.0, unit="EUR")
GRADES = Target("classification", ("a", "b", "c"))


def answered(n, seed):
    """Calibrated answers: the labels are drawn from them."""
    random = np.random.default_rng(seed)
    p = random.beta(0.6, 6.0, n)
    return p, (random.random(n) < p).astype(np.int32)


def test_every_way_of_deciding_costs_what_its_mistakes_cost():
    p, labels = np.array([0.05, 0.2, 0.6, 0.05, 0.2, 0.6]), np.array([0, 0, 0, 1, 1, -1])
    held_out = (np.array([0.1, 0.3, 0.4]), np.array([0, 0, 1]))
    report = build_cost_report(p, labels, CREDIT, COSTS, validation=held_out)
    mean = {(row.who, row.rule): row.mean for row in report.rows}
    assert mean["nobody's", "all 'repaid'"] == 20 / 5
    assert mean["nobody's", "all 'default'"] == 3 / 5
    assert mean["model", HALF] == 21 / 5  # one good debtor refused, two bad ones accepted
    assert mean["model", CHEAPEST] == 12 / 5  # from 1/11 on: 0.2 and 0.6
    assert report.row("model", CHOSEN).threshold == pytest.approx(0.35)
    assert mean["model", CHOSEN] == 21 / 5
    assert report.row("model", CHEAPEST).shares == {"repaid": 2 / 5, "default": 3 / 5}


def test_right_probabilities_and_the_matrix_are_cheaper_than_one_half_and_than_deciding_alike():
    (p, labels), held_out = answered(20_000, 0), answered(20_000, 1)
    report = build_cost_report(
        p, labels, CREDIT, COSTS, validation=held_out, rivals={"worse": (p**3, held_out[0] ** 3)}
    )
    least = report.row("model", CHEAPEST).mean
    assert all(least < row.mean for row in report.rows if row.rule not in (CHEAPEST, CHOSEN))
    assert report.row("worse", CHEAPEST).mean > least
    assert report.row("worse", CHOSEN).mean == pytest.approx(report.row("model", CHOSEN).mean)  # only ranks matter
    shown = StringIO()
    Console(file=shown, width=120).print(report.table())
    assert f"{least:.4g}" in shown.getvalue()
    assert "EUR" in shown.getvalue()


@pytest.mark.parametrize("target", [CREDIT, GRADES])
def test_picture_and_figures_are_written_for_two_labels_and_for_more(target, tmp_path):
    if target is CREDIT:
        (p, labels), costs = answered(500, 0), COSTS
    else:
        random = np.random.default_rng(0)
        p, labels = random.dirichlet(np.ones(3), 500), random.integers(0, 3, 500)
        costs = CostMatrix({a: {b: 5.0 * (a != b) for b in target.labels} for a in target.labels})
    report = build_cost_report(p, labels, target, costs, before=p, rivals={"trees": (p, p[:0])})
    files = report.save(tmp_path)
    assert [file.name for file in files] == ["costs.json", "costs.png"]
    stored = json.loads(files[0].read_text())
    assert stored["costs"] == costs.to_json()["costs"]
    assert [row["rule"] for row in stored["decisions"]][: len(target.labels)] == [f"all '{x}'" for x in target.labels]
    assert files[1].read_bytes()[:4] == b"\x89PNG"


@pytest.mark.filterwarnings("error")
def test_cases_of_one_class_alone_have_a_picture_too(tmp_path):
    p, _ = answered(200, 0)
    for place, labels in enumerate((np.zeros(200, int), np.ones(200, int))):
        build_cost_report(p, labels, CREDIT, COSTS, validation=(p, labels)).save(tmp_path / str(place))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.full(3, 0.5), np.array([-1, -1, -1]), CREDIT, COSTS), "no cost can be told"),
        ((np.full(4, 0.5), np.array([0, 1, 1]), CREDIT, COSTS), r"must be \(3,\); received \(4,\)"),
        ((np.full(3, np.nan), np.array([0, 1, 1]), CREDIT, COSTS), "not finite"),
        ((np.zeros(3), np.zeros(3), Target("regression"), COSTS), "told of classes"),
    ],
)
def test_what_has_no_cost_is_refused(arguments, words):
    with pytest.raises(DataError, match=words):
        build_cost_report(*arguments)


def test_a_matrix_of_other_labels_is_refused():
    with pytest.raises(UnknownNameError, match="label of the cost matrix 'repaid'"):
        build_cost_report(np.full(2, 0.5), np.array([0, 1]), Target("binary", ("no", "yes")), COSTS)
