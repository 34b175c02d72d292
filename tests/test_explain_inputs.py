"""Whatever is given to `zoo.explain` is explained as what it is, or told to be wrong in one sentence."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import zoo
from tests.explain_models import STRUCTURES, convolutions, head, picture, sample_of, with_weights
from zoo.cli.main import main
from zoo.columns import Schema
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.explain import subjects
from zoo.explain.compare import compare
from zoo.explain.explain import find_subject
from zoo.explain.explanation import Explanation
from zoo.pipeline import Pipeline


@pytest.fixture(scope="module")
def placed():
    """Token ids whose place counts, as it does for an LSTM."""
    ids = keras.Input((6,), dtype="int32", name="ids")
    x = layers.Flatten()(layers.Embedding(9, 3, name="embedding")(ids))
    return with_weights(keras.Model(ids, layers.Dense(1, name="price")(x), name="placed"))


@pytest.mark.parametrize("row", [[0, 0, 0, 5, 6, 7], [5, 6, 7, 0, 0, 0], [0, 5, 6, 7, 0, 0], [1, 2, 3, 4, 5, 6]])
def test_words_are_left_out_where_the_padding_stands(placed, row):
    found = zoo.explain(placed, np.array(row), method="occlusion")
    subject = find_subject(placed, np.array(row))
    again, _ = subject.encode([subject.shown])
    np.testing.assert_array_equal(again["ids"], [row])
    kept = [each for each in row if each][1:]
    at = len(row) - len(kept) if row[0] == 0 and row[-1] else next(i for i, each in enumerate(row) if each)
    without = np.zeros(6, int)
    without[at : at + len(kept)] = kept
    lost = zoo.explain(placed, np.array(row)).score - zoo.explain(placed, without).score
    assert found.values[0] == pytest.approx(lost, abs=1e-5)


def test_words_with_padding_between_them_are_not_left_out(placed):
    row = np.array([5, 0, 6, 7, 0, 0])
    with pytest.raises(ConfigError, match="Words with padding between them cannot be left out"):
        zoo.explain(placed, row, method="occlusion")
    found = zoo.explain(placed, row, method="integrated-gradients", steps=4, check=True)
    assert list(found.parts) == ["5", "6", "7"]


def test_numbers_that_are_no_probabilities_are_not_percentages(flat_model, flat_image):
    x = picture()
    logits = with_weights(keras.Model(x, layers.Dense(3, name="label")(layers.Flatten()(x)), name="logits"))
    for values in (flat_image, flat_image * 1e-3):  # all logits of the second lie near the bias
        said = zoo.explain(logits, values, method="saliency")
        assert said.summary.startswith(f"logits gives 'label' = '{said.label}' with {said.score:.4g},")
    assert "%" in zoo.explain(flat_model, flat_image, method="saliency").summary.split(",")[0]


def test_a_sentence_says_where_the_largest_part_of_a_map_lies():
    """The centre of mass of a ring is where it is lowest."""
    height, width = np.mgrid[-1:1:60j, -1:1:90j]
    away = np.hypot(height, width)

    def said(values):
        return Explanation("rise", "picture", "image", "label", "cat", 0.9, values, signed=False).summary

    assert "of the picture, spread over the picture (rise)." in said(np.exp(-(((away - 0.9) / 0.1) ** 2)))
    assert "most in the middle (rise)" in said(np.exp(-((away / 0.2) ** 2)))
    assert "most in the lower right (rise)" in said(np.exp(-(np.hypot(height - 0.8, width - 0.8) ** 2)) ** 9)
    assert "most in the left part" in said((width < -0.3) * 1.0)
    assert "most in the middle, from side to side" in said((abs(height) < 0.2) * 1.0)


def test_pictures_of_bytes_are_pictures():
    x = keras.Input((8, 8, 3), dtype="uint8", name="photo")
    model = with_weights(keras.Model(x, head(convolutions(layers.Rescaling(1 / 255)(x))), name="bytes"))
    photo = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    found = zoo.explain(model, photo, method="occlusion", window=4, check=True)
    assert found.sense == "picture"
    assert found.values.shape == (8, 8)
    np.testing.assert_array_equal(found.shown, photo)
    assert zoo.explain(model, photo, method="layer-cam").values.shape == (8, 8)
    for method in ("saliency", "smoothgrad", "integrated-gradients"):
        with pytest.raises(ConfigError, match=r"'photo' of bytes holds whole numbers .* use 'occlusion' or a heat map"):
            zoo.explain(model, photo, method=method)
    with pytest.raises(DataError, match="'photo' of bytes takes whole numbers from 0 to 255"):
        zoo.explain(model, photo / 255)


def test_a_name_of_two_labels_is_not_chosen(flat_model, flat_image):
    with pytest.raises(ConfigError, match=r"'crane' is the name of 2 labels of 'label', number 0 and 2"):
        zoo.explain(flat_model, flat_image, labels=["crane", "dog", "crane"], label="crane")
    classes = [("n02012849", "crane"), ("n02099601", "retriever"), ("n03126707", "crane")]
    with pytest.raises(ConfigError, match=r"'crane' is the name of 2 classes of a\.b: give n02012849 or n03126707"):
        subjects.class_number("crane", classes, "a.b")
    assert subjects.class_number("n03126707", classes, "a.b") == 2
    assert subjects.class_number("retriever", classes, "a.b") == "retriever"


def test_names_of_labels_must_fit_the_output(flat_model, flat_image):
    with pytest.raises(ConfigError, match="'label' has 3 labels; received 2 names"):
        zoo.explain(flat_model, flat_image, labels=["cat", "dog"])
    with pytest.raises(UnknownNameError, match="Unknown output in labels= 'lable'; did you mean 'label'"):
        zoo.explain(flat_model, flat_image, labels={"lable": ["cat", "dog", "bird"]})
    with pytest.raises(ConfigError, match="labels= are names in a list, or output -> list; received 'cat'"):
        zoo.explain(flat_model, flat_image, labels="cat")


WRONG = [
    ("rise", "masks", 0), ("rise", "cells", 0), ("rise", "share", 1.5), ("rise", "seed", -1),
    ("smoothgrad", "noise", "x"), ("smoothgrad", "noise", -0.1), ("smoothgrad", "samples", 0),
    ("integrated-gradients", "steps", 0),
    ("integrated-gradients", "steps", 1.5), ("integrated-gradients", "steps", "abc"),
    ("integrated-gradients", "steps", True), ("grad-cam", "layer", 5),
]  # fmt: skip


def test_options_of_methods_are_checked(flat_model, flat_image):
    for method, option, value in WRONG:
        with pytest.raises(ConfigError, match=f"'{option}' must be .*; received {value!r}"):
            zoo.explain(flat_model, flat_image, method=method, **{option: value})
    assert zoo.explain(flat_model, flat_image, method="rise", masks=np.int64(2), share=0.25).values.shape == (8, 8)


def test_compare_gives_each_method_its_own_options(flat_model, flat_image):
    rows = compare(find_subject(flat_model, flat_image), layer="conv1", masks=2, samples=2, steps=2, window=4)
    refused = {row.method: row.refused for row in rows}
    assert "does not take" not in refused["integrated-gradients"]
    with pytest.raises(UnknownNameError, match="Unknown option of these methods 'maks'; did you mean 'masks'"):
        compare(find_subject(flat_model, flat_image), maks=2)
    with pytest.raises(ConfigError, match="'integrated-gradients' of a picture does not take 'layer'"):
        zoo.explain(flat_model, flat_image, method="integrated-gradients", layer="conv1")


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"age": random.integers(18, 80, 40), "job": random.choice(["clerk", "nurse"], 40)})
    frame["member"] = random.choice(["no", "yes"], 40)
    schema = Schema.fit(frame, {"member": "binary"})
    model = zoo.create_model("joint", **{"pictures": {}, "texts": {}, **schema.model_config()})
    return Pipeline(schema, with_weights(model)), frame


def test_the_background_is_rows_of_any_kind(table, tmp_path, capsys):
    pipeline, frame = table
    file, rows = str(pipeline.save(tmp_path / "member.keras") or tmp_path / "member.keras"), tmp_path / "rows.csv"
    frame[:5].to_csv(rows, index=False)
    sample = {"age": 41, "job": "clerk"}
    expected = zoo.explain(pipeline, sample, background=frame[:5])
    for model in (pipeline, file):
        for background in (str(rows), frame[:5]):
            found = zoo.explain(model, sample, background=background)
            np.testing.assert_allclose(found.values, expected.values, atol=1e-6)
    assert main(["explain", file, str(rows), "--background", str(rows)]) == 0
    capsys.readouterr()
    assert main(["explain", file, str(rows), "--option", "orders"]) == 2
    assert "Each of --option is NAME=VALUE" in capsys.readouterr().err


def test_the_background_of_a_bare_model_is_arrays(flat_model, flat_image):
    model = with_weights(STRUCTURES["joint"]())
    sample = sample_of(model)
    ground = {name: np.stack([values, values]) for name, values in sample.items()}
    found = zoo.explain(model, sample, input="numbers", background=ground)
    np.testing.assert_allclose(found.values, 0, atol=1e-6)
    for wrong in ("people.csv", pd.DataFrame({"numbers": [1.0]}), {"numbers": np.ones((2, 4))}):
        with pytest.raises(ConfigError, match="joint has no columns: its background is a dict"):
            zoo.explain(model, sample, input="numbers", background=wrong)
    with pytest.raises(ConfigError, match=r"The background of 'numbers' has the shape \(rows, 4\); received \(2, 3\)"):
        zoo.explain(model, sample, input="numbers", background={**ground, "numbers": np.ones((2, 3))})
