"""Pairs of pictures: one backbone with one set of weights, losses of distances, and pairs that leak nobody."""

import json
import math
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops
from PIL import Image

import zoo
from zoo.datasets.image_pairs.build import SAME, SIDES, all_pairs, draw_pairs, split_classes
from zoo.datasets.image_pairs.folders import read_class_folders
from zoo.datasets.image_pairs.links import Links, person_of
from zoo.datasets.image_pairs.pairs_file import read_image_pairs
from zoo.datasets.image_pairs.signs import signs
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.metrics import equal_error_rate
from zoo.models import image_similarity_tiny
from zoo.models.image_similarity import encoder
from zoo.models.metric_learning import class_network, distance_network, triplet_network
from zoo.samples import Samples, Target
from zoo.tasks.image_pairs import pixel_cosine
from zoo.tasks.metric_learning import fit_encoder, pictures_of, triplets_of
from zoo.training import Head, Optimiser, Recipe, fit
from zoo.training.losses import sample_losses

PEOPLE = tuple("abcdefgh")


@pytest.fixture
def pictures():
    random = np.random.default_rng(0)
    return {side: random.normal(size=(6, 16, 16, 1)).astype("float32") for side in SIDES}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A folder of eight people, three pictures each, of two sizes."""
    root, random = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for person in PEOPLE:
        (root / person).mkdir()
        for number in range(3):
            shape = (20, 24) if number else (30, 18)
            Image.fromarray(random.integers(0, 255, shape, dtype=np.uint8)).save(root / person / f"{number}.png")
    return root


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


# --- who is who


def test_pairs_of_the_same_link_people():
    links = Links.of(list("aced"), list("bdfe"), [True, True, False, True])
    people = person_of(links)
    assert people["c"] == people["d"] == people["e"]
    assert len({people[key] for key in "acf"}) == 3
    assert len(set(person_of(links, also_different=True).values())) == 2


def test_drawn_pairs_hang_together_by_class():
    classes = np.repeat(np.arange(5), 6)
    pairs = draw_pairs(classes, 80, seed=0)
    assert (pairs.same == (classes[pairs.left] == classes[pairs.right])).all()
    assert pairs.same.sum() == (~pairs.same).sum() == 40
    people = person_of(Links.of(pairs.left.astype(str), pairs.right.astype(str), pairs.same))
    assert len(set(people.values())) == 5
    assert len({tuple(sorted(pair)) for pair in zip(pairs.left, pairs.right, strict=True)}) == 80
    assert len(all_pairs(classes).same) == 30 * 29 / 2


def test_pictures_and_triplets_are_read_off_pairs():
    data = signs(classes=12, drawn=4, count=80, size=16)
    train = data.dataset().train
    found, names = pictures_of(train)
    split = split_classes(range(12), seed=0)
    assert len(names) == list(split.values()).count("train")
    assert len(found) == 4 * len(names)
    class_of = {
        picture.tobytes(): int(label)
        for picture, label in zip(found.inputs["image"][:], found.targets["class"], strict=True)
    }
    triplets = triplets_of(train)
    anchor, positive, negative = (
        np.array([class_of[picture.tobytes()] for picture in triplets.inputs[name][:]])
        for name in ("anchor", "positive", "negative")
    )
    assert (anchor == positive).all()
    assert (anchor != negative).all()


# --- data


def test_nobody_stands_in_two_splits_of_class_folders(people):
    table = read_class_folders(people, size=16, count=40)
    seen = [
        {path.split("/")[-2] for side in SIDES for path in getattr(table, split)[side]}
        for split in ("train", "validation", "test")
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert set.union(*seen) == set(PEOPLE)
    samples = table.dataset().test
    assert samples.inputs["left"].shape[1:] == samples.inputs["right"].shape[1:] == (16, 16, 1)
    assert samples.inputs["left"][:].shape == (len(table.test), 16, 16, 1)


def test_one_person_alone_is_told(people, tmp_path):
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "ann").symlink_to(people / "a")
    with pytest.raises(DataError, match=r"pictures of 'ann' alone.*at least 6 classes"):
        read_class_folders(tmp_path / "only")


def test_a_person_in_two_split_folders_is_refused(people, tmp_path):
    for split, names in {"train": "abcd", "validation": "ef", "test": "ga"}.items():
        (tmp_path / split).mkdir()
        for name in names:
            (tmp_path / split / name).symlink_to(people / name)
    with pytest.raises(DataError, match="class 'a' stands in the splits"):
        read_class_folders(tmp_path, size=16)


def test_a_picture_of_two_people_is_refused_and_copies_are_read_once(people, tmp_path):
    for name in PEOPLE:
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / f"{number}.png").symlink_to(people / name / f"{number}.png")
    (tmp_path / "a" / "copy.png").symlink_to(people / "a" / "0.png")
    with pytest.warns(DataWarning, match=r"1 pictures of '.*' are copies of others of their class"):
        read_class_folders(tmp_path, size=16)
    (tmp_path / "b" / "copy.png").symlink_to(people / "a" / "0.png")
    with pytest.raises(DataError, match="are one picture, in two classes or splits"):
        read_class_folders(tmp_path, size=16)


def written(people, rows, name="pairs.csv", columns=("left", "right", "label")):
    path = people / name
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def every_row(names=PEOPLE):
    """Each person's pictures with each other, and the first ones of neighbours, who differ."""
    rows = [(f"{name}/{one}.png", f"{name}/{other}.png", 1) for name in names for one, other in ((0, 1), (1, 2))]
    return rows + [(f"{one}/0.png", f"{other}/0.png", 0) for one in names for other in names if one < other]


def test_pairs_of_a_file_are_split_by_person(people):
    with pytest.warns(DataWarning, match=r"pairs of '.*' are of people or things in two splits"):
        table = read_image_pairs(written(people, every_row()), size=16)
    seen = [
        {str(path).split("/")[-2] for path in getattr(table, split)["left"]}
        for split in ("train", "validation", "test")
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert set(table.test[SAME]) == {"same", "different"}


def test_a_person_in_two_splits_of_a_file_is_refused(people):
    rows = [(*row, "train" if place % 2 else "test") for place, row in enumerate(every_row())]
    path = written(people, rows, columns=("left", "right", "label", "split"))
    with pytest.raises(DataError, match=r"person or thing of '.*' stands in the splits"):
        read_image_pairs(path, size=16)


def test_a_pair_with_itself_is_left_out_and_told(people):
    with pytest.warns(DataWarning, match=r"1 pairs of '.*' are of a picture with itself"):
        table = read_image_pairs(written(people, [*every_row(), ("a/0.png", "a/0.png", 1)]), size=16)
    assert all((frame["left"] != frame["right"]).all() for frame in (table.train, table.validation, table.test))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("https://example.org/1.png", "a/1.png", 1), "holds addresses.*download the pictures"),
        (("a/0.png b/0.png", "a/1.png", 1), "names 2 pictures"),
        (("", "a/1.png", 1), "has no picture in row 45"),
        (("a/0.png", "a/2.png", 0), "differ, and other pairs say that they show the same"),
        (("a/0.png", "a/2.png", "perhaps"), "must say whether a pair shows the same.*row 45 has 'perhaps'"),
    ],
)
def test_a_wrong_row_is_told(people, row, told):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(DataError, match=told):
            read_image_pairs(written(people, [*every_row(), row]), size=16)


def test_missing_and_broken_files_are_told(people):
    (people / "broken.png").write_bytes(b"no picture")
    rows = [*every_row(), ("broken.png", "a/0.png", 0), ("gone.png", "a/1.png", 0)]
    with pytest.warns(DataWarning, match=r"2 of 26 pictures of '.*' cannot be read.*2 rows with them are left out"):
        read_image_pairs(written(people, rows), size=16)
    with pytest.raises(DataError, match="cannot be read"):
        read_image_pairs(written(people, [("gone.png", "away.png", 1), ("far.png", "b/0.png", 0)]), size=16)


def test_words_of_ones_own_need_their_meaning(people):
    words = {1: "match", 0: "mismatch"}
    path = written(people, [(left, right, words[label]) for left, right, label in every_row()])
    with pytest.raises(DataError, match="labels=\\['different', 'same'\\]"):
        read_image_pairs(path, size=16)
    with pytest.warns(DataWarning, match="two splits"):
        table = read_image_pairs(path, size=16, labels=["mismatch", "match"])
    assert table.targets[SAME].labels == ("mismatch", "match")


@pytest.mark.parametrize(
    ("name", "options"), [("orl", {"fold": 10}), ("omniglot", {"test": "Greek"}), ("omniglot", {"test": "Latn"})]
)
def test_a_wrong_option_of_a_known_set_is_told(name, options):
    from zoo.artifacts import artifact, can_be_fetched

    if not can_be_fetched(artifact({"orl": "orl.sample", "omniglot": "omniglot.small1"}[name])):
        pytest.skip("the sample is not there")
    with pytest.raises((ConfigError, UnknownNameError)):
        zoo.load_dataset(name, **options)


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
