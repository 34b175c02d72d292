"""Adversarial training: what a batch becomes, that it helps, and what is refused."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ConfigError
from zoo.samples import Samples, Target
from zoo.training import AdversarialTraining, Optimiser, Recipe, fit
from zoo.training.augmentation.adversarial import Adversary

pytestmark = pytest.mark.backends
HEADS = {"light": zoo.Head(Target("classification", ("dark", "bright")))}


def samples(rows, seed):
    """A strong hint of one pixel that .2 hides, and a weak one of all."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, rows)
    picture = random.normal(0.5, 0.05, (rows, 4, 4, 1)) + 0.25 * (label[:, None, None, None] - 0.5)
    picture[:, 0, 0, 0] = 0.5 + 0.1 * (2 * label - 1)
    return Samples({"picture": picture.astype(np.float32)}, {"light": label})


def network():
    keras.utils.set_random_seed(0)
    given = keras.Input((4, 4, 1), name="picture")
    x = keras.layers.Flatten(name="flat")(given)
    return keras.Model([given], {"light": keras.layers.Dense(2, activation="softmax", name="light")(x)})


def recipe(**changes):
    options = {"epochs": 2, "batch_size": 32, "optimiser": Optimiser(learning_rate=1e-2), "fine_tune": None}
    return Recipe(HEADS, **{**options, **changes})


def test_an_attacked_batch_lies_in_the_ball_and_is_harder():
    model, split = network(), samples(32, 0)
    attack = AdversarialTraining(0.1, steps=3, scale=(0, 1))
    found = Adversary(attack, model, HEADS, split, 0)
    batch = ({"picture": split.inputs["picture"]}, {"light": split.targets["light"]})
    inputs, targets = found.attacked(batch, 0, 0)
    change = inputs["picture"] - split.inputs["picture"]
    assert 0.05 < np.abs(change).max() <= 0.1 + 1e-6
    assert targets is batch[1]
    rows, labels = np.arange(32), split.targets["light"]
    before, after = (
        keras.ops.convert_to_numpy(model({"picture": each["picture"]})["light"])[rows, labels]
        for each in (batch[0], inputs)
    )
    assert (after <= before + 1e-6).mean() > 0.9
    assert np.array_equal(found.attacked(batch, 0, 0)[0]["picture"], inputs["picture"])  # the same bytes again


def test_fit_trains_on_attacked_pictures():
    plain, robust = network(), network()
    train, validation = samples(128, 1), samples(32, 2)
    fit(plain, train, validation, recipe())
    fit(robust, train, validation, recipe(adversarial=AdversarialTraining(0.1, steps=2, scale=(0, 1))))
    assert not np.allclose(plain.get_weights()[0], robust.get_weights()[0])


def test_a_recipe_says_whether_there_is_any():
    assert recipe().to_json()["adversarial"] is None
    told = recipe(adversarial=AdversarialTraining(0.1, steps=2)).to_json()["adversarial"]
    assert told == {"strength": 0.1, "steps": 2, "scale": None}


@pytest.mark.parametrize(
    ("changes", "told"), [({"strength": 8}, "a share of a pixel's range"), ({"steps": 0}, "at least 1")]
)
def test_wrong_options_are_told(changes, told):
    with pytest.raises(ConfigError, match=told):
        AdversarialTraining(**changes)


def test_what_cannot_be_attacked_is_told():
    with pytest.raises(ConfigError, match="must be an AdversarialTraining"):
        recipe(adversarial=0.1)
    with pytest.raises(ConfigError, match="How large a pixel may be"):
        Adversary(AdversarialTraining(), network(), HEADS, samples(4, 0), 0)
    with pytest.raises(ConfigError, match="one for each of its 1 channels"):
        Adversary(AdversarialTraining(scale=((0, 0, 0), (1, 1, 1))), network(), HEADS, samples(4, 0), 0)
    numbers = {"light": zoo.Head(Target("regression"))}
    with pytest.raises(ConfigError, match="outputs of classes none"):
        Adversary(AdversarialTraining(scale=(0, 1)), network(), numbers, samples(4, 0), 0)


def test_pictures_of_another_scale_are_refused_and_a_small_overshoot_is_cut_off():
    split = samples(8, 0)
    found = Adversary(AdversarialTraining(0.1, steps=1, scale=(0, 1)), network(), HEADS, split, 0)
    picture, target = split.inputs["picture"], {"light": split.targets["light"]}
    with pytest.raises(ConfigError, match="by their scale pixels lie within 0 to 1"):
        found.attacked(({"picture": 255 * picture}, target), 0, 0)
    inputs, _ = found.attacked(({"picture": picture + 0.3}, target), 0, 0)
    assert (picture + 0.3).max() > 1
    assert inputs["picture"].max() <= 1
