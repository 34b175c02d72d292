"""Many cheap labels first, few clean ones after: fresh heads, losses that bear wrong labels, one call."""

import numpy as np
import pytest

from tests.pretrained import LABELS, changed, network, pictures, recipe, values
from zoo.errors import ConfigError
from zoo.samples import Target
from zoo.training import FineTune, Head, fit_weak_then_clean, fresh_head
from zoo.training.losses import judged_loss, row_losses

TARGET = Target("classification", LABELS)
NOISE_AWARE = ("generalised_crossentropy", "symmetric_crossentropy")


@pytest.fixture(autouse=True)
def kept_in(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))


def loss_of(loss, share):
    rest = (1 - share) / 2
    output = np.array([[share, rest, rest]], np.float32)
    return float(row_losses(Head(TARGET, loss), np.array([0], np.int32), output)[0])


def test_the_generalised_cross_entropy_is_that_of_the_paper():
    for share in (0.1, 0.5, 0.9):
        assert loss_of("generalised_crossentropy", share) == pytest.approx((1 - share**0.7) / 0.7, rel=1e-5)


def test_the_symmetric_cross_entropy_is_that_of_the_paper():
    """-log p for the label, and the cross-entropy the other way round, with log 0 taken as -4."""
    for share in (0.1, 0.5, 0.9):
        assert loss_of("symmetric_crossentropy", share) == pytest.approx(
            -0.1 * np.log(share) + 4 * (1 - share), rel=1e-5
        )


def test_of_a_smoothed_label_a_tenth_is_shared_by_all_classes():
    for share in (0.1, 0.5, 0.9):
        rest = (1 - share) / 2
        each = -np.log([share, rest, rest])
        assert loss_of("smoothed_crossentropy", share) == pytest.approx(0.9 * each[0] + 0.1 * each.mean(), rel=1e-5)


def test_epochs_of_a_smoothed_loss_are_compared_by_the_cross_entropy():
    output = np.array([[0.98, 0.01, 0.01]], np.float32)
    found = judged_loss(Head(TARGET, "smoothed_crossentropy"), np.array([0], np.int32), output)
    assert found == pytest.approx(-np.log(0.98), rel=1e-5)


@pytest.mark.parametrize("loss", NOISE_AWARE)
def test_a_wrong_label_pulls_less_than_in_the_cross_entropy(loss):
    def slope(name, share):
        return (loss_of(name, share) - loss_of(name, share + 1e-3)) / 1e-3

    assert slope(loss, 0.01) / slope(loss, 0.5) < 0.5 * slope("crossentropy", 0.01) / slope("crossentropy", 0.5)


def test_a_loss_for_wrong_labels_does_not_go_with_a_focal_one():
    with pytest.raises(ConfigError, match=r"'focal' .* does not go with the loss 'generalised_crossentropy'"):
        Head(TARGET, "generalised_crossentropy", imbalance="focal")


def test_a_head_is_made_anew_as_it_was_and_nothing_else():
    model = network()
    start = values(model)
    model.get_layer("category").kernel.assign(np.ones((8, 3)))
    model.get_layer("category").bias.assign([1, 2, 3])
    assert fresh_head(model, seed=3) == ("category",)
    first = values(model)
    assert changed(start, first) == {"category"}
    assert not np.array(model.get_layer("category").bias).any()
    limit = np.sqrt(6 / (8 + 3))  # Glorot's
    kernel = np.array(model.get_layer("category").kernel)
    assert kernel.min() < 0 < kernel.max() <= limit
    fresh_head(model, seed=3)
    assert changed(first, values(model)) == set()
    fresh_head(model, seed=4)
    assert changed(first, values(model)) == {"category"}


def test_weak_labels_come_first_and_clean_ones_after_in_one_call(tmp_path):
    model = network(learnt=False)
    weak = recipe(head=Head(TARGET, "generalised_crossentropy"), epochs=2)
    clean = recipe(fine_tune=FineTune("linear_probe"), epochs=3)
    parts = pictures(160, 0, wrong=0.5), pictures(24, 1), pictures(60, 2)
    run = fit_weak_then_clean(model, *parts, clean, weak_recipe=weak, folder=tmp_path)
    assert [len(each.history) for each in (run.weak, run.clean)] == [2, 3]
    assert run.clean.notes[0].startswith("linear_probe")
    assert (tmp_path / "weak" / "best.npz").exists()
    after = values(model)
    again = network(learnt=False)
    assert fit_weak_then_clean(again, *parts, clean, weak_recipe=weak, folder=tmp_path).clean.best_epoch
    assert changed(after, values(again)) == set()


def test_both_trainings_have_the_same_heads():
    from zoo.training import Recipe

    other = Recipe({"other": Head(TARGET)})
    with pytest.raises(ConfigError, match="the same heads; received other for the weak labels and category"):
        fit_weak_then_clean(network(), *[pictures(8, 0)] * 3, recipe(), weak_recipe=other)
