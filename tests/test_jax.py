"""One model, two backends: files saved by TensorFlow answer the same on JAX, opened by Keras alone and by the zoo."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import blocks
import zoo
from zoo.testing.subject import random_inputs

ROOT = Path(__file__).resolve().parents[1]
NARROW = {"stages": ((4,), (8, 8), (8, 8)), "units": 8, "embedding_dim": 8, "vocabulary_size": 500}
SMALLER = {"author_profile": NARROW, "author_profile_small": NARROW}  # the graph is that of the full width
ON_JAX = """
import sys
from pathlib import Path

import keras
import numpy as np

assert keras.backend.backend() == "jax"
folder = Path(sys.argv[1])
answers, models = {}, {}
for path in sorted(folder.glob("*.keras")):
    models[path.stem] = keras.saving.load_model(path, safe_mode=True)
    with np.load(folder / f"{path.stem}.npz") as stored:
        outputs = models[path.stem].predict_on_batch(list(stored.values()))
    outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
    answers.update({f"{path.stem}/{key}": np.asarray(values) for key, values in outputs.items()})
assert not {"zoo", "blocks"} & set(sys.modules), "the files must open without the zoo"

import zoo

for path in sorted(folder.glob("*.h5")):
    ours, theirs = zoo.create_model(path.stem, weights=path), models[path.stem]
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
np.savez(folder / "answers.npz", **answers)
"""


def block_models():
    """Each block in a model of its own, name -> (model, inputs)."""
    random = np.random.default_rng(1)

    def vision(x):
        x = blocks.inception_module(x, 4, name="mixed")
        x = blocks.residual_block(x, 8, stride=2, name="block")
        return keras.layers.GlobalAveragePooling2D()(x)

    def text(tokens):
        x, mask = blocks.embed(tokens, 30, 6, name="embedding"), blocks.padding_mask(tokens)
        half = blocks.lstm_text_encoder(x, mask, 5, name="lstm")
        other = blocks.convolutional_text_encoder(x, mask, stages=((4,), (4, 4)), units=5, name="encoder")
        twice = blocks.shared_encoder(keras.layers.Dense(3, name="shared"), [half, other])
        return blocks.classification_head(blocks.fuse([half, other, *twice], name="fusion"), 4, name="target")

    tokens = random.integers(0, 30, (3, 33)) * (np.arange(33) < np.array([[1], [12], [33]]))
    for name, block, shape, dtype, x in (
        ("vision", vision, (None, None, 3), "float32", random.normal(size=(2, 13, 10, 3)).astype("float32")),
        ("text", text, (None,), "int32", tokens.astype("int32")),
    ):
        inputs = keras.Input(shape, dtype=dtype, name="x")
        yield name, keras.Model([inputs], block(inputs), name=name), [x]


def entry_models():
    random = np.random.default_rng(2)
    for name in zoo.list_models(for_tests=True):
        entry = zoo.describe(name)
        if entry.task.startswith(("image", "small-image", "tabular")):
            continue  # in test_image_jax.py and test_pipeline.py
        if entry.family in ("joint", "dex") and not entry.for_tests:
            continue  # their networks for photos are tried in test_image_jax.py
        config = zoo.full_config(name, SMALLER.get(name))
        model = zoo.create_model(name, **config)
        if entry.family == "joint":
            yield name, model, list(random_inputs(model, 2).values()), config
            continue
        free = {5: 16}  # a side of a volume that may have any; of other inputs 61
        shapes = [
            (2, *(free.get(len(each.shape), 61) if side is None else side for side in each.shape[1:]))
            for each in model.inputs
        ]
        known = min((each.input_dim for each in model.layers if isinstance(each, keras.layers.Embedding)), default=1)
        tokens = [random.integers(0, known, shape).astype("int32") for shape in shapes]
        yield name, model, (tokens if model.inputs[0].dtype == "int32" else [random.normal(size=shapes[0])]), config


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="compares TensorFlow with JAX")
def test_saved_models_answer_the_same_on_jax(tmp_path):
    pytest.importorskip("jax")
    random = np.random.default_rng(0)
    expected = {}

    def save(name, model, x):
        for variable in model.weights:
            values = random.normal(size=variable.shape) / np.sqrt(np.prod(variable.shape[:-1]))
            variable.assign(np.abs(values) if variable.path.endswith("variance") else values)
        model.save(tmp_path / f"{name}.keras")
        np.savez(tmp_path / f"{name}.npz", *x)
        outputs = model(x)
        outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
        expected.update({f"{name}/{key}": np.asarray(values) for key, values in outputs.items()})

    for name, model, x in block_models():
        save(name, model, x)
    for name, model, x, config in entry_models():
        save(name, model, x)
        zoo.save_weights(model, tmp_path / f"{name}.h5", metadata={"entry": name, "config": config})

    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", ON_JAX, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(tmp_path / "answers.npz") as found:
        assert set(found) == set(expected)
        for key, values in expected.items():
            assert np.ptp(values) > 1e-3 * np.abs(values).max() or values.shape[-1] == 1, f"{key} tells nothing apart"
            np.testing.assert_allclose(found[key], values, rtol=1e-5, atol=1e-5, err_msg=key)
