"""Training on augmented pictures: the loss of mixed labels, resumed runs, several steps a call, several inputs."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.costs import CostMatrix
from zoo.errors import ConfigError, UnknownNameError
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, find_learning_rate, fit, predict
from zoo.training.acceleration.steps_per_execution import stack_batches
from zoo.training.augmentation.pictures import augmentation
from zoo.training.augmentation.pictures.smart import smart_augmentation, smart_heads, smart_samples
from zoo.training.batches import Batches
from zoo.training.losses import batch_loss
from zoo.training.runs.run_folder import differences

LABELS = tuple("abc")
HEADS = {
    "kind": Head(Target("classification", LABELS)),
    "size": Head(Target("regression")),
}
MIXED = ["flip", "crop", "mixup", "cutmix"]


def photos(count: int, seed: int, *, dtype: str = "uint8") -> Samples:
    """Squares whose mean tells the labels, of which a tenth is missing; and weights."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, count).astype("int32")
    values = random.integers(0, 60, (count, 8, 8, 3)) + 80 * kind[:, None, None, None]
    targets = {"kind": np.where(random.random(count) < 0.1, -1, kind).astype("int32"), "size": kind.astype("float32")}
    targets["size"][random.random(count) < 0.1] = np.nan
    weights = {"kind": random.uniform(0.5, 1.5, count)}
    return Samples({"photo": values.astype(dtype)}, targets, sample_weight=weights)


def network() -> keras.Model:
    photo = keras.Input((8, 8, 3), name="photo")
    x = layers.Rescaling(1 / 255.0, name="scale")(photo)
    x = layers.GlobalAveragePooling2D(name="pool")(layers.Conv2D(4, 3, activation="relu", name="conv")(x))
    outputs = {
        "kind": layers.Dense(3, activation="softmax", name="kind")(x),
        "size": layers.Dense(1, name="size")(x),
    }
    return keras.Model([photo], outputs, name="photos")


def recipe(**changes) -> Recipe:
    settings = {
        "heads": HEADS,
        "epochs": 2,
        "batch_size": 16,
        "augmentation": MIXED,
        "steps_per_execution": 1,
        "optimiser": Optimiser(learning_rate=1e-2),
    }
    return Recipe(**(settings | changes))


def trained(folder=None, callbacks=(), **changes):
    keras.utils.set_random_seed(0)
    model = network()
    given = photos(120, 0), photos(40, 1), recipe(**changes)
    run = fit(model, *given, folder=folder, callbacks=callbacks, checkpoint_seconds=0.0)
    return [np.asarray(ops.convert_to_numpy(each)) for each in model.weights], run


class Stop(keras.callbacks.Callback):
    """Ends a run as a crash would, after so many batches."""

    def __init__(self, batches: int):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise RuntimeError("crash")


@pytest.fixture(scope="module")
def whole():
    return trained()


@pytest.mark.backends
def test_a_run_that_crashed_within_an_epoch_ends_with_the_same_bits(whole, tmp_path):
    with pytest.raises(RuntimeError, match="crash"):
        trained(tmp_path, [Stop(11)])
    weights, run = trained(tmp_path)
    for found, expected in zip(weights, whole[0], strict=True):
        np.testing.assert_array_equal(found, expected)
    assert run.history[-1]["loss"] == whole[1].history[-1]["loss"]


def test_a_run_with_another_augmentation_is_another_run():
    found = differences(recipe(augmentation=None).to_json(), recipe(augmentation="digits").to_json())
    assert [place for place, _, _ in found] == ["augmentation"]


@pytest.mark.backends
def test_several_steps_in_one_call_see_the_same_mixed_batches(whole):
    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch takes single steps")
    for found, expected in zip(trained(steps_per_execution=3)[0], whole[0], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_stack_holds_the_batches_of_single_steps():
    batches = Batches(photos(64, 0), batch_size=16, augmentation=augmentation(MIXED))
    rows = batches.order(1)
    stack = stack_batches(batches, rows, 1, 0)
    for place, parts in enumerate(stack):
        for found, expected in zip(parts, batches.training_batch(rows[place], 1, place), strict=True):
            assert found.keys() == expected.keys()
            for name, values in expected.items():
                np.testing.assert_array_equal(found[name], values)


def test_validation_and_predictions_see_pictures_as_they_are():
    train, validation, still = photos(64, 0), photos(40, 1), Optimiser("sgd", learning_rate=1e-12, schedule="constant")
    model = network()
    plain = recipe(augmentation=("erase", {"share": 1, "area": (1, 1), "fill": "black"}), epochs=1, optimiser=still)
    run = fit(model, train, validation, plain)
    assert np.ptp(predict(model, validation, HEADS)["size"]) > 0
    seen = run.history[-1]
    sizes = predict(model, validation, HEADS)["size"]
    known = ~np.isnan(validation.targets["size"])
    assert seen["val_size_mae"] == pytest.approx(np.abs(sizes - validation.targets["size"])[known].mean(), rel=1e-4)
    black = predict(model, Samples({"photo": np.zeros((1, 8, 8, 3), "uint8")}), HEADS)["size"][0]
    known = ~np.isnan(train.targets["size"])
    assert seen["size_loss"] == pytest.approx(np.square(black - train.targets["size"][known]).mean(), rel=1e-3)


def test_the_rate_finder_searches_on_mixed_pictures():
    assert find_learning_rate(network(), photos(64, 0), recipe(), steps=10).suggestion > 0


COSTS = CostMatrix({true: {each: abs(ord(true) - ord(each)) * 2.0 for each in LABELS} for true in LABELS})


def gradient_of(head, target, output, *, mixed=None, step=1e-3):
    """Central differences of the loss by every output."""
    found = np.zeros_like(output)
    for place in np.ndindex(output.shape):
        for sign in (1, -1):
            moved = output.copy()
            moved[place] += sign * step
            loss, _ = batch_loss(head, ops.convert_to_tensor(target), ops.convert_to_tensor(moved), None, partner=mixed)
            found[place] += sign * float(ops.convert_to_numpy(loss)) / (2 * step)
    return found


@pytest.mark.backends
def test_the_loss_of_mixed_labels_is_the_cross_entropy_of_their_distribution():
    output = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], "float32")
    share = np.array([0.7, 0.4], "float32")
    mixed = share, np.array([1, -1], "int32"), None
    loss, count = batch_loss(HEADS["kind"], np.array([0, 2], "int32"), output, None, partner=mixed)
    expected = -(0.7 * np.log(0.5) + 0.3 * np.log(0.3)) - 0.4 * np.log(0.8)  # a label of the four is missing
    assert float(count) == pytest.approx(1.4, rel=1e-5)
    assert float(loss) == pytest.approx(expected / 1.4, rel=1e-4)


@pytest.mark.backends
def test_mixed_weights_of_classes_and_samples_go_with_their_labels():
    output, share = np.array([[0.5, 0.3, 0.2]], "float32"), np.array([0.7], "float32")
    mixed = share, np.array([1], "int32"), np.array([3.0], "float32")
    table, weight = np.array([1.0, 2.0, 1.0], "float32"), np.array([0.5], "float32")
    loss, _ = batch_loss(HEADS["kind"], np.array([0], "int32"), output, table, None, weight, mixed)
    assert float(loss) == pytest.approx(-(0.7 * 0.5 * np.log(0.5) + 0.3 * 3.0 * 2.0 * np.log(0.3)), rel=1e-4)


def test_a_regression_learns_from_mixed_numbers_what_it_learns_from_their_mean():
    output, share = np.array([[0.3], [2.0]], "float32"), np.array([0.25, 0.9], "float32")
    first, second = np.array([1.0, 4.0], "float32"), np.array([2.0, -1.0], "float32")
    mean = share * first + (1 - share) * second
    found = gradient_of(HEADS["size"], first, output, mixed=(share, second, None))
    np.testing.assert_allclose(found, gradient_of(HEADS["size"], mean, output), rtol=2e-3)


@pytest.mark.parametrize("kind", ["ranked", "expected_cost", "tags"])
def test_other_heads_learn_from_mixed_labels_the_share_of_each(kind):
    head = {
        "ranked": Head(Target("ordered", LABELS)),
        "expected_cost": Head(Target("classification", LABELS), loss="expected_cost", costs=COSTS),
        "tags": Head(Target("tags", LABELS)),
    }[kind]
    output, share = np.array([[0.5, 0.3, 0.2]], "float32"), np.array([0.7], "float32")
    first, second = (np.array([each], "int32") for each in (([1, 0, 1], [0, 0, 1]) if kind == "tags" else (0, 2)))
    losses = [float(batch_loss(head, each, output, None)[0]) for each in (first, second)]
    found, _ = batch_loss(head, first, output, None, partner=(share, second, None))
    assert float(found) == pytest.approx(0.7 * losses[0] + 0.3 * losses[1], rel=1e-4)


def test_a_misspelt_augmentation_is_told_by_the_recipe():
    with pytest.raises(UnknownNameError, match="did you mean 'mixup'"):
        recipe(augmentation=["flip", "mixpu"])


def test_a_recipe_is_made_of_its_own_record_again():
    told = recipe(augmentation=["flip", ("rotate", {"degrees": 5})]).to_json()["augmentation"]
    assert (
        recipe(augmentation=told).augmentation == recipe(augmentation=["flip", ("rotate", {"degrees": 5})]).augmentation
    )


def classifier() -> keras.Model:
    photo = keras.Input((8, 8, 3), name="photo")
    x = layers.GlobalAveragePooling2D(name="pool")(layers.Rescaling(1 / 255.0, name="scale")(photo))
    return keras.Model([photo], {"kind": layers.Dense(3, activation="softmax", name="kind")(x)}, name="photos")


def test_smart_samples_blend_pictures_of_the_same_class_only():
    samples = photos(60, 0)
    found = smart_samples(samples, "kind", repeats=2)
    assert len(found) == 2 * (samples.targets["kind"] >= 0).sum()
    of_picture = {
        each.tobytes(): kind for each, kind in zip(samples.inputs["photo"], samples.targets["kind"], strict=True)
    }
    for values in (found.inputs["photo"], found.inputs["first"], found.inputs["second"]):
        assert [of_picture[each.tobytes()] for each in values] == found.targets["kind"].tolist()
    aims = found.targets["blend"].astype("uint8")
    assert [of_picture[each.tobytes()] for each in aims] == found.targets["kind_of_blend"].tolist()
    assert (found.inputs["first"] != found.inputs["second"]).any()


@pytest.mark.backends
def test_smart_augmentation_trains_the_blend_and_the_classifier_together():
    keras.utils.set_random_seed(0)
    own = classifier()
    whole, heads = smart_augmentation(own), smart_heads({"kind": HEADS["kind"]})
    assert (heads["kind_of_blend"].weight, heads["blend"].weight) == (0.7, 0.3)
    before = [np.array(ops.convert_to_numpy(each)) for each in whole.trainable_weights]
    train, validation = smart_samples(photos(64, 0), "kind"), smart_samples(photos(30, 1), "kind")
    fit(whole, train, validation, recipe(heads=heads, augmentation="flip", epochs=1))
    after = [np.array(ops.convert_to_numpy(each)) for each in whole.trainable_weights]
    assert all((one != two).any() for one, two in zip(before, after, strict=True))
    blend = predict(whole, validation, heads)["blend"]
    low = np.minimum(validation.inputs["first"], validation.inputs["second"])
    high = np.maximum(validation.inputs["first"], validation.inputs["second"])
    assert ((blend >= low - 1e-3) & (blend <= high + 1e-3)).all()
    shares = predict(own, Samples({"photo": validation.inputs["photo"]}), {"kind": HEADS["kind"]})["kind"]
    np.testing.assert_allclose(shares, predict(whole, validation, heads)["kind"], atol=1e-5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: smart_augmentation(network()), r"one output; 'photos' has inputs .* and 2 output"),
        (lambda: smart_samples(photos(9, 0), "kid"), "did you mean 'kind'"),
        (
            lambda: smart_samples(Samples({"x": np.zeros((2, 3))}, {"kind": np.zeros(2, int)}), "kind"),
            "one input of pictures",
        ),
        (lambda: smart_heads({"size": HEADS["size"]}), "one head of classes"),
    ],
)
def test_smart_augmentation_of_something_else_is_refused(call, said):
    with pytest.raises((ConfigError, UnknownNameError), match=said):
        call()


def test_predictions_of_several_views_are_their_mean():
    model, samples = network(), photos(10, 0)
    mirrored = Samples({"photo": samples.inputs["photo"][:, :, ::-1]})
    one, other, both = (
        predict(model, given, HEADS, views=views)["kind"]
        for given, views in ((samples, "plain"), (mirrored, "plain"), (samples, "mirrored"))
    )
    np.testing.assert_allclose(both, (one + other) / 2, atol=1e-6)
    assert (one != other).any()
