"""Ages from faces: an expected value on any backbone, which begins with the backbone's weights."""

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.errors import ConfigError, UnknownNameError
from zoo.tasks.task import task_of


@pytest.fixture(scope="module")
def backbone_file(tmp_path_factory):
    """Weights of a small backbone as Keras saves them, with a head of ImageNet's kind."""
    model = zoo.create_model("mobilenet_tiny", classes=5)
    for place, variable in enumerate(model.weights):
        variable.assign(np.random.default_rng(place).uniform(0.5, 1.0, variable.shape))
    file = tmp_path_factory.mktemp("backbone") / "backbone.weights.h5"
    model.save_weights(file)
    return model, file


def test_an_age_is_what_the_distribution_over_101_years_expects():
    model = zoo.create_model("dex_age", backbone="mobilenet_tiny", outputs={"years": {"kind": "regression"}})
    shares = keras.Model(model.inputs, model.get_layer("years_distribution").output)
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    found, distribution = (each.predict(faces, verbose=0) for each in (model, shares))
    assert distribution.shape == (2, 101)
    np.testing.assert_allclose(found["years"][:, 0], distribution @ np.arange(101), rtol=1e-4)


def test_it_begins_with_the_weights_of_its_backbone_and_a_fresh_distribution(backbone_file):
    backbone, file = backbone_file
    model = zoo.create_model("dex_age_tiny", weights=file)
    for name in ("conv1", "conv_pw_5", "conv_pw_5_bn"):
        for mine, theirs in zip(model.get_layer(name).weights, backbone.get_layer(name).weights, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert not np.any(model.get_layer("age_distribution").bias)


@pytest.mark.parametrize(
    ("config", "error", "sentence"),
    [
        ({"backbone": "mlp"}, ConfigError, "'backbone' must be an image entry"),
        ({"backbone": "mobilnet"}, UnknownNameError, "did you mean 'mobilenet'"),
        ({"ages": 1}, ConfigError, "'ages' must be a whole number of at least 2"),
        ({"outputs": {"age": {"kind": "binary"}}}, UnknownNameError, "kind of output 'age'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(config, error, sentence):
    with pytest.raises(error, match=sentence):
        zoo.create_model("dex_age", **config)


def test_ages_that_it_cannot_predict_are_told(tmp_path):
    for number in range(12):
        Image.new("RGB", (32, 32), (20 * number, 0, 0)).save(tmp_path / f"{number}.png")
    rows = "".join(f"{number}.png,{95 + number}\n" for number in range(12))
    (tmp_path / "faces.csv").write_text(f"photo,age\n{rows}")
    data = zoo.load_dataset(tmp_path / "faces.csv", task="pictures", targets={"age": "regression"})
    told = task_of("dex_age").told(data, "dex_age", None)
    beyond = int((data.train.targets["age"] > 100).sum())
    assert f"{beyond} rows to train on have a 'age' that is not within 0 to 100: the model predicts none there." in told
