"""The heads of a linear probe are solved: where the gradient of a convex problem is 0, by an L2 chosen on unseen rows."""

import json
import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from tests.pretrained import LABELS, changed, network, pictures, pretend_learnt, recipe, values
from zoo.report.progress import progress
from zoo.samples import Samples, Target
from zoo.training import FineTune, Head, Recipe, fit
from zoo.training.fine_tuning.linear_solver import LinearRows, solve_path
from zoo.training.fine_tuning.network import Network
from zoo.training.fine_tuning.solved import FOLDS, STRENGTHS, chosen_strength, folds_of

TRAIN, VALIDATION = pictures(48, 0, wrong=0.2), pictures(40, 1, wrong=0.2)
SOLVED = FineTune("linear_probe", solve=True)
KINDS = {
    "category": Target("classification", LABELS),
    "size": Target("regression"),
    "both": Target("regression"),
    "good": Target("binary", ("no", "yes")),
    "tags": Target("tags", ("a", "b")),
}


@pytest.fixture(autouse=True)
def kept_in(tmp_path, monkeypatch):
    """The features of a test stand in a folder of its own."""
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))


def several(n, seed):
    """Pictures with a target of every kind, of which some are not known, and weights of rows."""
    samples, random = pictures(n, seed, wrong=0.3), np.random.default_rng(seed)
    label = samples.targets["category"]
    size = (1_000 + 200 * label + random.normal(size=n) * 150).astype("float32")
    both = np.stack([size / 1_000, random.normal(size=n)], axis=1).astype("float32")
    good = ((label == 1) ^ (random.random(n) < 0.2)).astype("int32")
    tags = np.stack([good, label == 2], axis=1).astype("int32")
    size[::7], good[::5], tags[::6, 1], both[::8, 0] = np.nan, -1, -1, np.nan
    label = np.where(np.arange(n) % 9 == 0, -1, label).astype("int32")
    targets = {"category": label, "size": size, "both": both, "good": good, "tags": tags}
    weight = (random.random(n) + 0.2).astype("float32")
    return Samples(samples.inputs, targets, sample_weight={"size": weight, "category": weight})


def with_heads():
    """The small network with a head of every kind."""
    base = network()
    features = base.get_layer("average").output
    heads = {
        "category": layers.Dense(3, activation="softmax", name="category_head"),
        "size": layers.Dense(1, name="size_head"),
        "both": layers.Dense(2, name="both_head"),
        "good": layers.Dense(1, activation="sigmoid", name="good_head"),
        "tags": layers.Dense(2, activation="sigmoid", name="tags_head"),
    }
    model = keras.Model(base.inputs, {name: head(features) for name, head in heads.items()}, name="several")
    pretend_learnt(model)
    return model


def features_of(model, samples):
    """Means over places, (n, d) float64."""
    average = keras.Model(model.inputs, model.get_layer("average").output)
    return average.predict(samples.inputs["image"], verbose=0).astype(np.float64)


def gradient(model, samples, layer, targets, weights, strength, unit=1.0):
    """Of the summed losses and of L2, by a head's kernel for standardised features, and by its bias."""
    features = features_of(model, samples)
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    kernel = model.get_layer(layer).get_weights()[0] * deviation[:, None] / unit
    found = model.predict(samples.inputs["image"], verbose=0)[layer.removesuffix("_head")]
    slopes = weights * (found - targets) / unit
    return ((features - mean) / deviation).T @ slopes + strength * kernel, slopes.sum(axis=0)


def test_solutions_are_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression, Ridge

    random = np.random.default_rng(0)
    for rows, columns in ((40, 60), (90, 7)):
        features = random.normal(size=(rows, columns)) * np.exp(random.normal(size=columns))
        label = (features[:, :3] + random.normal(size=(rows, 3))).argmax(axis=1)
        ones, path = np.ones((rows, 1)), (100.0, 1.0)
        for strength, (kernel, bias) in zip(
            path, solve_path(LinearRows(features, np.eye(3)[label], ones, "softmax"), path), strict=True
        ):
            theirs = LogisticRegression(C=1 / strength, tol=1e-10, max_iter=10_000).fit(features, label)
            powers = np.exp(features @ kernel + bias)
            shares = powers / powers.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(shares, theirs.predict_proba(features), atol=2e-4)
        wide = features[:, :2] @ random.normal(size=(2, 2)) + random.normal(size=(rows, 2))
        ((kernel, bias),) = solve_path(LinearRows(features, wide, ones, "linear"), (3.0,))
        np.testing.assert_allclose(features @ kernel + bias, Ridge(3.0).fit(features, wide).predict(features), atol=1e-6)


def test_every_kind_of_head_ends_where_the_gradient_is_0_and_predicts_in_its_own_units():
    train, model = several(60, 0), with_heads()
    run = fit(model, train, several(50, 1), Recipe({name: Head(target) for name, target in KINDS.items()},
                                                   batch_size=16, fine_tune=SOLVED))  # fmt: skip
    (row,) = run.history
    assert "solved (L2 of category" in run.notes[0]
    assert all(row[f"l2_{name}"] in STRENGTHS for name in KINDS)
    weight = train.sample_weight["size"][:, None].astype(np.float64)
    for name in KINDS:
        target = train.targets[name].reshape(60, -1).astype(np.float64)
        known = np.isfinite(target) & (target >= 0) if name not in ("size", "both") else np.isfinite(target)
        counted = np.where(known, 1.0, 0.0)
        unit = 1.0
        if name in ("size", "category"):
            counted *= weight / weight[known].mean()
        if name in ("size", "both"):
            filled = np.where(known, target, 0.0)
            mean = (counted * filled).sum(axis=0) / counted.sum(axis=0)
            unit = np.sqrt((counted * np.square(filled - mean)).sum(axis=0) / counted.sum(axis=0))
        wanted = np.eye(3)[target[:, 0].astype(int)] if name == "category" else np.where(known, target, 0.0)
        kernel, bias = gradient(model, train, f"{name}_head", wanted, counted, row[f"l2_{name}"], unit)
        assert max(np.abs(kernel).max(), np.abs(bias).max()) < 0.02, name
