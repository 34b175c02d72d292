"""Pairs of pictures: one backbone with one set of weights, and losses of distances."""

import json
import math
import warnings

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from tests.people_pictures import every_row, people_in, written
from zoo.datasets.image_pairs.build import SAME, SIDES
from zoo.datasets.image_pairs.signs import signs
from zoo.errors import ConfigError, DataWarning, UnknownNameError
from zoo.metrics import equal_error_rate
from zoo.models import image_similarity_tiny
from zoo.models.image_similarity import encoder
from zoo.models.metric_learning import class_network, distance_network, triplet_network
from zoo.samples import Samples, Target
from zoo.tasks.image_pairs import pixel_cosine
from zoo.tasks.metric_learning import fit_encoder, pictures_of, triplets_of
from zoo.training import Head, Optimiser, Recipe, fit
from zoo.training.losses import sample_losses


@pytest.fixture
def pictures():
    random = np.random.default_rng(0)
    return {side: random.normal(size=(6, 16, 16, 1)).astype("float32") for side in SIDES}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return people_in(tmp_path_factory.mktemp("people"))


def answers(model, given):
    return ops.convert_to_numpy(model(given)[SAME])[:, 0]


# --- the model


def test_the_backbone_exists_once_in_graph_and_file(tmp_path, pictures):
    model = image_similarity_tiny()
    nested = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    assert [layer.name for layer in nested] == ["cnn_tiny"]
    assert model.count_params() == nested[0].count_params() + (16 * 8 + 8) + (8 + 1)
    model.save(tmp_path / "model.keras")
    zoo.save_weights(model, tmp_path / "model.h5")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(answers(again, pictures), answers(model, pictures), atol=1e-6)
    fresh = image_similarity_tiny()
    zoo.load_weights(fresh, tmp_path / "model.h5")
    np.testing.assert_allclose(answers(fresh, pictures), answers(model, pictures), atol=1e-6)
    import h5py

    kernels: list[str] = []
    with h5py.File(tmp_path / "model.h5") as file:
        file.visititems(lambda name, item: kernels.append(name) if getattr(item, "shape", ()) == (3, 3, 1, 4) else None)
    assert len(kernels) == 1


@pytest.mark.backends
def test_the_gradients_of_both_uses_add_up(pictures):
    keras.utils.set_random_seed(0)
    model = image_similarity_tiny(comparison="concatenate", hidden=0)
    target = np.array([1, 0, 1, 0, 1, 0], "float32")[:, None]

    def change(inputs, trained):
        """What a step of gradient descent changes of the first kernel."""
        nested = next(layer for layer in model.layers if isinstance(layer, keras.Model))
        copy = encoder("cnn_tiny", (16, 16, 1))
        copy.set_weights(nested.get_weights())
        still = keras.models.clone_model(nested)
        still.name = "still"
        still.set_weights(nested.get_weights())
        still.trainable = False
        given = [keras.Input((16, 16, 1), name=side) for side in SIDES]
        readers = [copy if side in trained else still for side in SIDES]
        both = keras.layers.Concatenate()([reader(x) for reader, x in zip(readers, given, strict=True)])
        head = keras.layers.Dense(1, activation="sigmoid")
        whole = keras.Model(given, head(both))
        head.set_weights(model.get_layer(SAME).get_weights())
        for layer in (*copy.layers, *still.layers):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        head.trainable = False
        before = copy.get_layer("conv1").get_weights()[0].copy()
        whole.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
        whole.train_on_batch([inputs[side] for side in SIDES], target)
        return copy.get_layer("conv1").get_weights()[0] - before

    left, right, both = (change(pictures, trained) for trained in (("left",), ("right",), SIDES))
    assert min(np.abs(left).max(), np.abs(right).max()) > 1e-5
    np.testing.assert_allclose(both, left + right, atol=1e-6)


@pytest.mark.parametrize("comparison", ["difference", "product", "cosine"])
def test_swapping_the_pictures_changes_nothing(pictures, comparison):
    model = image_similarity_tiny(comparison=comparison)
    turned = {"left": pictures["right"], "right": pictures["left"]}
    np.testing.assert_allclose(answers(model, turned), answers(model, pictures), atol=1e-6)
    beside = image_similarity_tiny(comparison="concatenate")
    assert np.abs(answers(beside, turned) - answers(beside, pictures)).max() > 1e-4


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"comparison": "cosin"}, "did you mean 'cosine'"),
        ({"objective": "triplets"}, "did you mean 'triplet'"),
        ({"picture": "xcption"}, "encoder"),
        ({"input_shape": 16}, "as \\(64, 64, 3\\)"),
        ({"units": -1}, "cannot be built"),
        ({"dropout": 1.5}, "cannot be built"),
    ],
)
def test_a_wrong_option_is_told(given, told):
    with pytest.raises((ConfigError, UnknownNameError), match=told):
        zoo.create_model("image_similarity_tiny", **given)


def test_a_backbone_of_the_catalogue_reads_pairs():
    model = image_similarity_tiny(picture="mobilenet_tiny", input_shape=(32, 32, 3), units=4, objective="contrastive")
    assert model.get_layer("mobilenet_tiny").get_layer("embedding").units == 4
    vectors = model.get_layer("mobilenet_tiny")([np.ones((2, 32, 32, 3), "float32")])
    np.testing.assert_allclose(np.linalg.norm(ops.convert_to_numpy(vectors), axis=1), 1.0, atol=1e-3)


# --- losses


def one_layer():
    """(B, 2) -> (B, 2) of length 1."""
    given = keras.Input((2,))
    return keras.Model(given, keras.layers.UnitNormalization()(given))


@pytest.mark.backends
def test_the_contrastive_loss_by_hand():
    network = distance_network(one_layer(), SIDES, SAME)
    left = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], "float32")
    right = np.array([[0, 1], [0, 1], [3, 0], [1, 1]], "float32")
    output = network({"left": left, "right": right})[SAME]
    head = Head(Target("binary", ("different", "same")), loss="contrastive")
    losses, _ = sample_losses(head, ops.convert_to_tensor(np.array([1, 0, 0, 0], "int32")), output)
    near = math.sqrt(2 - math.sqrt(2))  # the distance of vectors that are 45 degrees apart
    np.testing.assert_allclose(ops.convert_to_numpy(losses), [2.0, 0.0, 1.0, (1 - near) ** 2], atol=1e-4)


@pytest.mark.backends
def test_the_triplet_loss_by_hand():
    network = triplet_network(one_layer())
    anchor = np.array([[1, 0]] * 3, "float32")
    positive = np.array([[0, 1], [2, 0], [1, 1]], "float32")
    negative = np.array([[-1, 0], [0, 1], [1, 1]], "float32")
    output = network({"anchor": anchor, "positive": positive, "negative": negative})["nearer"]
    head = Head(Target("binary", ("further", "nearer")), loss="triplet")
    losses, _ = sample_losses(head, ops.convert_to_tensor(np.array([1, 0, 1], "int32")), output)
    # squared distances: 2 and 4; 0 and 2, the label the other way round; equal, so that the margin is missing
    np.testing.assert_allclose(ops.convert_to_numpy(losses), [0.0, 0.2 + 2.0, 0.2], atol=1e-5)


# --- training


def test_classes_train_the_backbone_and_then_the_verification(tmp_path):
    config = {"objective": "classes", "comparison": "cosine", "hidden": 0}
    options = {"classes": 12, "drawn": 4, "count": 80, "size": 16}
    told: list[str] = []
    trained, report = zoo.train(
        "image_similarity_tiny",
        "signs",
        folder=tmp_path / "run",
        epochs=1,
        config=config,
        data_options=options,
        baselines="none",
        tell=told.append,
    )
    assert any(each.startswith("classes: epoch 1 of 1") for each in told)
    assert (tmp_path / "run" / "encoder" / "history.jsonl").exists()
    assert report.scores[0]["metric"] == "equal_error_rate"
    assert all(layer.trainable for layer in trained.model.layers)


@pytest.mark.parametrize("objective", ["contrastive", "triplet"])
def test_distances_train_the_backbone(objective):
    data = signs(classes=12, drawn=4, count=80, size=16).dataset()
    model = image_similarity_tiny(objective=objective, comparison="cosine", hidden=0)
    nested = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    before = nested.get_weights()
    recipe = Recipe({SAME: Head(data.targets[SAME])}, epochs=1, batch_size=32)
    run = fit_encoder(nested, data.train, data.validation, recipe, objective)
    assert run.best_epoch == 1
    assert max(np.abs(new - old).max() for new, old in zip(nested.get_weights(), before, strict=True)) > 1e-5


def test_signs_are_told_apart_that_were_never_seen():
    data = signs(classes=40, drawn=8, count=300, size=16).dataset()
    keras.utils.set_random_seed(0)
    reader = encoder("conv4", (16, 16, 1), unit_length=True)
    found, names = pictures_of(data.train)
    head = Head(Target("classification", tuple(names)))
    adam = Optimiser("adam", learning_rate=2e-3)
    recipe = Recipe({"class": head}, epochs=10, batch_size=16, balance="static", start_at_prior=False, optimiser=adam)
    fit(class_network(reader, len(names)), found, found, recipe)
    pictures = [data.test.inputs[side][:] for side in SIDES]
    vectors = [reader.predict(each, verbose=0) for each in pictures]
    rates = [equal_error_rate(data.test.targets[SAME], pixel_cosine(*each)) for each in (vectors, pictures)]
    assert rates[0] < 0.3
    assert rates[0] < rates[1]


def test_a_saved_model_verifies_files_of_any_size(people, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        zoo.train("image_similarity_tiny", written(people, every_row()), folder=tmp_path / "run", epochs=1,
                               data_options={"size": 16}, baselines="quick")  # fmt: skip
    found = zoo.load_pipeline(tmp_path / "run").predict(
        {"left": [str(people / "a/0.png")], "right": [str(people / "a/1.png")]}
    )
    assert found[SAME].iloc[0] in ("same", "different")
    assert json.loads((tmp_path / "run" / "scores.json").read_text())


def test_plain_arrays_train_as_lazy_ones():
    random = np.random.default_rng(0)
    faces = random.normal(size=(4, 16, 16, 1)).astype("float32")
    samples = Samples({"left": faces[[0, 2, 0]], "right": faces[[1, 3, 2]]}, {SAME: np.array([1, 1, 0], "int32")})
    found, names = pictures_of(samples)
    assert len(found) == 4
    assert len(names) == 2
    assert len(triplets_of(samples)) == 4
