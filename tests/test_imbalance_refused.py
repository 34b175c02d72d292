"""What cannot be done about rare labels is told in one sentence, before a training."""

import sys

import keras
import numpy as np
import pytest

from tests.rare import COSTS, GRADES, RARE, rare_model, rare_recipe, rare_samples
from zoo.errors import DataError, MissingExtraError, ZooError
from zoo.samples import Samples, Target
from zoo.training import Head, Imbalance, fit
from zoo.training.resampling.synthesis import with_synthetic_rows


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Head(RARE, imbalance="smotte"), "did you mean 'smote'"),
        (lambda: Head(RARE, imbalance="oversampling"), "did you mean 'over_sampling'"),
        (lambda: Head(RARE, imbalance=3), "an Imbalance or its method's name; received 3"),
        (lambda: Head(Target("regression"), imbalance="smote"), "regression output has no classes"),
        (lambda: Head(Target("regression"), costs=COSTS), "regression output has no classes"),
        (lambda: Imbalance("smote", ratio=1.5), "'ratio' must lie above 0 and up to 1; received 1.5"),
        (lambda: Imbalance("smote", neighbours=0), "'neighbours' must be a whole number >= 1"),
        (lambda: Imbalance("focal", gamma=-1), "'gamma' of a focal loss"),
        (lambda: Imbalance("focal", alpha=2.0), "'alpha' of a focal loss"),
        (lambda: Imbalance("focal", calibration="prior"), "no closed form of the prior after 'focal'"),
        (lambda: Imbalance("hard_negatives", hard_share=0), "'hard_share'"),
        (lambda: Imbalance(calibration="temprature"), "did you mean 'temperature'"),
        (lambda: Head(RARE, imbalance=Imbalance(ignore=("rare",))), "leave 1 label"),
        (lambda: Head(GRADES, imbalance=Imbalance(ignore=("lo",))), "did you mean 'low'"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"rich": ("hihg", "top")})), "did you mean 'high'"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"low": ("high", "top")})), "'low' is a label of its own"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"a": ("high",), "b": ("high",)})), "merged twice"),
        (lambda: Head(GRADES, imbalance=Imbalance(merge={"a": "high"})), "a list of labels"),
        (lambda: Head(GRADES, imbalance=Imbalance("focal", alpha=0.3)), "for two labels"),
        (lambda: Head(RARE, imbalance="class_weights", class_weights="balanced"), "given twice"),
        (lambda: Head(RARE, loss="expected_cost"), "needs a cost matrix"),
        (lambda: Head(RARE, loss="expected_cost", costs=COSTS, imbalance="focal"), "does not go with"),
        (lambda: Head(GRADES, costs=COSTS), "Unknown label of the cost matrix 'common'"),
        (lambda: Head(RARE, costs=[[0, 1], [10, 0]]), "must be a CostMatrix"),
    ],
)
def test_a_wrong_plan_is_told_in_one_sentence(make, words):
    with pytest.raises(ZooError, match=words):
        make()


def test_one_class_alone_cannot_be_balanced_nor_calibrated():
    both, one = rare_samples(200, 0), Samples({"x": np.zeros((50, 1), np.float32)}, {"rare": np.zeros(50, np.int32)})
    with pytest.raises(ZooError, match="only 'common' in the 50 rows of the training split; 'over_sampling'"):
        fit(rare_model(), one, both, rare_recipe(imbalance="over_sampling"))
    with pytest.raises(ZooError, match="only 'common' in the 50 rows of the validation split; 'focal'"):
        fit(rare_model(), both, one, rare_recipe(imbalance="focal"))


def test_an_output_without_a_plain_last_layer_is_not_calibrated_in_silence():
    x = keras.Input((1,), name="x")
    logit = keras.layers.Dense(1)(x)
    model = keras.Model([x], {"rare": keras.layers.Activation("sigmoid", name="rare")(logit)}, name="split")
    with pytest.raises(ZooError, match="cannot become part of its layer: 'rare' is no plain Dense layer"):
        fit(model, rare_samples(200, 0), rare_samples(200, 1), rare_recipe(imbalance="over_sampling"))


@pytest.mark.parametrize("inputs", [np.ones((40, 12), np.int32), np.ones((40, 8, 8, 3), np.float32)])
def test_texts_and_images_have_no_rows_between_them(inputs):
    samples = Samples({"posts": inputs}, {"rare": np.array([0] * 30 + [1] * 10, np.int32)})
    with pytest.raises(DataError, match=r"'smote' makes rows of tables.*input 'posts'.*Use 'over_sampling'"):
        with_synthetic_rows(samples, {"rare": Head(RARE, imbalance="smote")}, seed=0)


def test_too_few_neighbours_are_told_with_the_number_that_would_do():
    samples = Samples({"x": np.arange(34, dtype=np.float32)}, {"rare": np.array([0] * 30 + [1] * 4, np.int32)})
    with pytest.raises(DataError, match=r"from 5 neighbours .* has 4 rows of a label: set neighbours=3"):
        with_synthetic_rows(samples, {"rare": Head(RARE, imbalance="smote")}, seed=0)
    plan = Imbalance("smote", neighbours=3)
    assert len(with_synthetic_rows(samples, {"rare": Head(RARE, imbalance=plan)}, seed=0)) == 60


def test_without_imbalanced_learn_smote_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn", None)
    with pytest.raises(MissingExtraError, match=r"keras-functional-zoo\[imbalance\]"):
        with_synthetic_rows(rare_samples(500, 0), {"rare": Head(RARE, imbalance="smote")}, seed=0)
