"""Scores are what scikit-learn and their definitions say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from zoo.errors import ZooError
from zoo.metrics import ALLOWED, DEFAULTS, METRICS, calibration_error, precision_recall_curve, score
from zoo.samples import Target
from zoo.training import Head

TIED = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=60)


@given(TIED)
def test_average_precision_and_auc_are_scikit_learns_with_ties_too(rows):
    target, predicted = np.array([int(y) for y, _ in rows]), np.array([p / 20 for _, p in rows])
    if 0 < target.sum() < len(target):
        assert score("auc", target, predicted) == pytest.approx(reference.roc_auc_score(target, predicted))
    if target.sum():
        expected = reference.average_precision_score(target, predicted)
        assert score("average_precision", target, predicted) == pytest.approx(expected)


def test_the_precision_recall_curve_is_scikit_learns_without_its_added_end():
    random = np.random.default_rng(0)
    target, predicted = random.integers(0, 2, 200), random.integers(0, 50, 200) / 50
    thresholds, precision, recall = precision_recall_curve(target, predicted)
    p, r, t = reference.precision_recall_curve(target, predicted)
    for own, theirs in ((thresholds, t), (precision, p[:-1]), (recall, r[:-1])):
        np.testing.assert_allclose(own[::-1], theirs)


@given(st.integers(0, 10_000))
def test_the_calibration_error_is_the_weighted_gap_of_scikit_learns_reliability_curve(seed):
    random = np.random.default_rng(seed)
    predicted = random.beta(0.5, 2.0, 300)
    target = (random.random(300) < predicted**1.3).astype(np.int32)
    for equal, strategy in (("width", "uniform"), ("mass", "quantile")):
        came, said = calibration_curve(target, predicted, n_bins=10, strategy=strategy)
        edges = np.linspace(0, 1, 11) if equal == "width" else np.quantile(predicted, np.linspace(0, 1, 11))
        sizes = np.histogram(predicted, edges)[0]
        expected = np.sum(np.abs(came - said) * sizes[sizes > 0]) / 300
        assert calibration_error(target, predicted, equal=equal) == pytest.approx(expected, abs=1e-9)


def test_probabilities_that_come_true_as_often_as_they_say_have_no_calibration_error():
    target = np.repeat([0, 1, 0, 1], [90, 10, 20, 80])
    predicted = np.repeat([0.1, 0.8], [100, 100])
    assert score("calibration_error", target, predicted) == pytest.approx(0.0, abs=1e-12)
    assert score("calibration_error", target, predicted / 2) == pytest.approx(0.225)


def test_of_several_classes_the_calibration_error_is_that_of_the_chosen_one():
    predicted = np.tile([0.7, 0.2, 0.1], (10, 1))
    assert score("calibration_error", np.repeat([0, 1], [6, 4]), predicted) == pytest.approx(0.1)


def test_exp_rmspe_is_the_percentage_error_of_the_exponentials():
    sales, guess = np.array([100.0, 50.0, 2000.0]), np.array([90.0, 60.0, 2000.0])
    expected = np.sqrt(np.mean(((sales - guess) / sales) ** 2))
    assert score("exp_rmspe", np.log(sales), np.log(guess)) == pytest.approx(expected)


def test_every_allowed_metric_exists_and_the_defaults_come_first():
    for kind, names in ALLOWED.items():
        assert names[: len(DEFAULTS[kind])] == DEFAULTS[kind]
        assert set(names) <= set(METRICS)


def test_a_head_takes_the_metrics_of_its_kind_only():
    head = Head(Target("regression"), metrics=("exp_rmspe", "mae"))
    assert head.metrics == ("exp_rmspe", "mae")
    with pytest.raises(ZooError, match="did you mean 'average_precision'"):
        Head(Target("binary", ("no", "yes")), metrics=("avg_precision",))
    with pytest.raises(ZooError, match="metric of a classification output"):
        Head(Target("classification", ("a", "b", "c")), metrics=("average_precision",))


NUMBERS = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3, max_size=40)


@given(NUMBERS)
def test_correlations_are_scipys_with_ties_too(rows):
    target, predicted = np.array(rows, dtype="float64").T
    for name, theirs in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        if np.ptp(target) and np.ptp(predicted):
            assert score(name, target, predicted) == pytest.approx(theirs(target, predicted).statistic, abs=1e-9)
        else:
            assert score(name, target, predicted) == 0.0


def test_the_mean_squared_error_is_the_square_of_its_root():
    target, predicted = np.array([1.0, 2.0, np.nan]), np.array([3.0, 2.0, 9.0])
    assert score("mse", target, predicted) == pytest.approx(2.0)
    assert score("rmse", target, predicted) == pytest.approx(2.0**0.5)
