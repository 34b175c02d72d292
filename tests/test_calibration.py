"""Calibration: the closed form undoes resampling, a learnt one finds what is wrong, and the model carries both."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rare import RARE, posterior, rare_model, rare_samples
from zoo.errors import ConfigError
from zoo.metrics import log_loss
from zoo.samples import Target
from zoo.training import Calibration, Head, Imbalance
from zoo.training.output_layers.calibration import calibrate, learn, prior_shift, uncalibrate

THREE = Target("classification", ("a", "b", "c"))
SIZES = st.lists(st.integers(1, 500), min_size=2, max_size=2)


def labels_of(counts):
    return np.repeat(np.arange(len(counts)), counts).astype(np.int32)


@given(SIZES, SIZES, st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)))
def test_the_closed_form_inverts_resampling_and_weighting_exactly(natural, resampled, weights):
    labels, seen = labels_of(natural), labels_of(resampled)
    samples = rare_samples(40, 0)
    trained_share = resampled[1] * weights[1] / (resampled[0] * weights[0] + resampled[1] * weights[1])
    as_trained = posterior(samples, trained_share)  # what a perfect model of the resampled data answers
    change = prior_shift(Head(RARE, imbalance=Imbalance()), labels, seen, np.array(weights))
    np.testing.assert_allclose(
        change.apply(as_trained), posterior(samples, natural[1] / sum(natural)), rtol=1e-6, atol=1e-6
    )


@given(st.lists(st.integers(1, 500), min_size=3, max_size=3), st.lists(st.integers(1, 500), min_size=3, max_size=3))
def test_the_closed_form_holds_for_three_classes(natural, resampled):
    likelihood = np.random.default_rng(0).uniform(0.1, 1.0, (30, 3))

    def answers(counts):
        joint = likelihood * counts
        return joint / joint.sum(axis=1, keepdims=True)

    head = Head(THREE, imbalance=Imbalance())
    change = prior_shift(head, labels_of(natural), labels_of(resampled), None)
    np.testing.assert_allclose(change.apply(answers(resampled)), answers(natural), rtol=1e-6, atol=1e-6)


@given(st.floats(0.2, 4.0), st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.integers(0, 100))
def test_undo_is_the_inverse_of_apply(scale, shift, seed):
    wide = np.random.default_rng(seed).dirichlet(np.full(3, 2.0), 20)
    change = Calibration(scale, tuple(shift))
    np.testing.assert_allclose(change.undo(change.apply(wide)), wide, atol=1e-3)
    change = Calibration(scale, (shift[0],))
    np.testing.assert_allclose(change.undo(change.apply(wide[:, 0])), wide[:, 0], atol=1e-3)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.3, 3.0), st.floats(-2.0, 2.0), st.integers(0, 100))
def test_a_learnt_calibration_finds_the_scale_and_the_shift_of_the_labels(scale, shift, seed):
    random = np.random.default_rng(seed)
    logits = random.normal(0.0, 1.5, 20_000)
    said, true = (1 / (1 + np.exp(-z)) for z in (logits, scale * logits + shift))
    labels = (random.random(20_000) < true).astype(np.int32)
    head = Head(RARE, imbalance=Imbalance("focal"))
    found = learn(head, Calibration(), labels, said[:, None])
    assert found.scale == pytest.approx(scale, rel=0.15)
    assert found.shift[0] == pytest.approx(shift, abs=0.2)
    one = learn(
        Head(RARE, imbalance=Imbalance("focal", calibration="temperature")), Calibration(), labels, said[:, None]
    )
    assert one.shift == (0.0,)
    losses = [log_loss(labels, change.apply(said)) for change in (found, one, Calibration())]
    assert losses == sorted(losses)


def test_a_learnt_calibration_of_three_classes_lowers_the_loss_and_keeps_to_labelled_rows():
    random = np.random.default_rng(0)
    logits = random.normal(0.0, 1.0, (5000, 3))
    true = np.exp(0.5 * logits + [0.0, 1.0, -1.0])
    labels = np.array([random.choice(3, p=row) for row in true / true.sum(axis=1, keepdims=True)], np.int32)
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    head = Head(THREE, imbalance=Imbalance("focal"))
    found = learn(head, Calibration(1.0, (0.0,) * 3), labels, said)
    assert found.scale == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(np.array(found.shift) - np.mean(found.shift), [0.0, 1.0, -1.0], atol=0.15)
    unknown = np.where(np.arange(5000) % 2, labels, -1)
    half = learn(head, Calibration(1.0, (0.0,) * 3), labels[1::2], said[1::2])
    assert learn(head, Calibration(1.0, (0.0,) * 3), unknown, said) == half


def test_separable_validation_rows_give_a_finite_scale_that_keeps_the_ranking():
    said, labels = np.array([[0.2], [0.3], [0.7], [0.8]]), np.array([0, 0, 1, 1])
    found = learn(Head(RARE, imbalance="focal"), Calibration(), labels, said)
    assert 1.0 < found.scale < 20.0
    turned = learn(Head(RARE, imbalance="focal"), Calibration(), 1 - labels, said)
    assert turned.scale > 0


def test_a_calibrated_model_answers_what_the_change_says_and_can_be_put_back():
    model, samples = rare_model(), rare_samples(50, 0)
    before = model.predict(samples.inputs, verbose=0)["rare"]
    change, layer = {"rare": Calibration(0.7, (-1.5,))}, model.get_layer("rare")
    calibrate(layer, change["rare"])
    after = model.predict(samples.inputs, verbose=0)["rare"]
    np.testing.assert_allclose(after, change["rare"].apply(before), rtol=1e-4)
    np.testing.assert_allclose(change["rare"].undo(after), before, rtol=1e-4)
    uncalibrate(layer, change["rare"])
    np.testing.assert_allclose(model.predict(samples.inputs, verbose=0)["rare"], before, rtol=1e-5)


def test_a_calibrated_file_opens_without_anything_of_the_zoo(tmp_path):
    model, samples = rare_model(), rare_samples(50, 0)
    calibrate(model.get_layer("rare"), Calibration(2.0, (-3.0,)))
    model.save(tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras")
    for answers in zip(*(each.predict(samples.inputs, verbose=0)["rare"] for each in (model, opened)), strict=True):
        assert answers[0] == answers[1]


def test_a_label_that_never_occurs_keeps_its_probability_and_a_weight_of_zero_is_refused():
    head = Head(THREE, imbalance=Imbalance())
    change = prior_shift(head, labels_of([10, 90, 0]), labels_of([90, 90, 0]), None)
    assert np.isfinite(change.shift).all()
    with pytest.raises(ConfigError, match="weight of 0 cannot be corrected"):
        prior_shift(head, labels_of([10, 10, 10]), labels_of([10, 10, 10]), np.array([1.0, 1.0, 0.0]))
