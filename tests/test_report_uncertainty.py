"""Standard errors agree with the spread of the score over many fresh draws of the same experiment."""

import numpy as np
import pytest

from zoo.metrics import score
from zoo.report.uncertainty import influence, standard_error

ROWS, EXPERIMENTS = 400, 400


def experiment(metric, random):
    if metric in ("mae", "rmse", "mse", "r2", "pearson", "spearman"):
        target = random.normal(size=ROWS)
        return target, 0.7 * target + random.normal(size=ROWS) * 0.5
    if metric == "exp_rmspe":
        target = random.normal(size=ROWS)
        return target, target + 0.1 * random.normal(size=ROWS)
    target = (random.random(ROWS) < 0.3).astype(int)
    chance = 1 / (1 + np.exp(-(2 * target - 1 + random.normal(size=ROWS))))
    return target, np.round(chance, 1) if metric == "auc" else chance  # rounded: with ties


@pytest.mark.parametrize(
    "metric", ["mae", "rmse", "mse", "r2", "pearson", "spearman", "accuracy", "log_loss", "auc", "exp_rmspe"]
)
def test_the_standard_error_is_the_spread_over_fresh_draws(metric):
    random = np.random.default_rng(0)
    scores, errors = [], []
    for _ in range(EXPERIMENTS):
        target, predicted = experiment(metric, random)
        moves = influence(metric, target, predicted)
        assert abs(moves.sum()) < 1e-9
        scores.append(score(metric, target, predicted) or 0.0)
        errors.append(standard_error(moves) or 0.0)
    # The spread of 400 draws is itself known to 1/sqrt(800) = 3.5 %.
    assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.12)
