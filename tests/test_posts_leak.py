"""The committed weights on the generated posts: near the Bayes limit, and not above it, which would be a leak."""

import numpy as np
import pytest

from zoo.report import build_report
from zoo.tasks import load_dataset, load_pipeline
from zoo.tasks.verbs import heads_of
from zoo.training import predict


@pytest.fixture(scope="module")
def posts():
    return load_dataset("posts", seed=0)


def scores(posts, predictions):
    report = build_report(
        predictions,
        train=posts.train,
        validation=posts.validation,
        test=posts.test,
        targets=posts.targets,
        limits=posts.limits,
        baselines={},
    )
    return [row for row in report.scores if row["metric"] in ("mae", "accuracy")]


def test_no_score_of_the_committed_weights_is_above_the_limit(posts):
    trained = load_pipeline("author_profile_small.posts")
    assert trained.schema.column("posts") == posts.schema.column("posts")
    rows = scores(posts, predict(trained.model, posts.test, heads_of(trained), trim_padding=True))
    assert {row["output"]: row["above_limit"] for row in rows} == {"age": False, "income": False, "gender": False}
    reached = {row["output"]: row["model"] for row in rows}
    assert reached["age"] < 3.7
    assert reached["income"] > 0.55
    assert reached["gender"] > 0.87


def test_a_model_that_was_told_the_answers_is_found_out(posts):
    truth = posts.test.targets
    told = {"age": truth["age"], "income": np.eye(10)[truth["income"]], "gender": truth["gender"].astype(float)}
    assert all(row["above_limit"] for row in scores(posts, told))
