"""Image models, one file of weights, two backends: TensorFlow and JAX give the same logits.

Small members in the tests; `python -m tests.test_image_jax nasnet_mobile ...` does the same for full ones.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.testing.subject import calibrate, fill

ROOT = Path(__file__).resolve().parents[1]
SMALL = [name for name in zoo.list_models(task="image-classification", for_tests=True) if zoo.describe(name).for_tests]
FULL = ("nasnet_mobile", "mobilenet", "efficientnet_b0")
MOST = 1e-4  # difference of logits, by their spread
QUICK = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"  # compiling takes most of the time
)
ON_JAX = """
import sys
from pathlib import Path

import keras
import numpy as np

import zoo

assert keras.backend.backend() == "jax"
folder = Path(sys.argv[1])
answers = {}
for path in sorted(folder.glob("*.h5")):
    image = np.load(path.with_suffix(".npy"))
    model = zoo.create_model(path.stem, weights=path, input_shape=image.shape[1:])
    model.get_layer("predictions").activation = keras.activations.linear
    answers[path.stem] = np.asarray(model.predict_on_batch({"image": image})["predictions"])
np.savez(folder / "answers.npz", **answers)
"""


def logits_here(name, folder, size=None):
    """Logits of random weights on this backend; the weights and the images are left in the folder."""
    random = np.random.default_rng(0)
    size = size or zoo.create_model(name).inputs[0].shape[1]
    image = random.normal(size=(8, size, size, 3)) * random.uniform(0.3, 1.5, (8, 1, 1, 3))
    image = image.astype("float32")
    model = zoo.create_model(name, input_shape=image.shape[1:])
    fill(model)
    calibrate(model, {"image": image})
    image = image[:2]
    zoo.save_weights(model, folder / f"{name}.h5")
    np.save(folder / f"{name}.npy", image)
    model.get_layer("predictions").activation = keras.activations.linear
    return np.asarray(model({"image": image}, training=False)["predictions"])


def differences(names, folder, size=None):
    """Model -> largest difference of its logits on JAX from those here, by their spread."""
    expected = {name: logits_here(name, folder, size) for name in names}
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    environment["XLA_FLAGS"] = QUICK
    run = subprocess.run(
        [sys.executable, "-c", ON_JAX, str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(folder / "answers.npz") as found:
        assert set(found) == set(names)
        return {name: np.abs(found[name] - logits).max() / spread(name, logits) for name, logits in expected.items()}


def spread(name, logits):
    assert np.isfinite(logits).all(), f"{name} is not finite"
    assert (logits[0] - logits[1]).std() > 1e-3 * logits.std(), f"{name} tells nothing apart"
    return logits.std()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="compares TensorFlow with JAX")
def test_small_image_models_answer_the_same_on_jax(tmp_path):
    pytest.importorskip("jax")
    found = differences(SMALL, tmp_path)
    assert {name: value for name, value in found.items() if not value <= MOST} == {}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(
            {
                name: float(f"{value:.1e}")
                for name, value in differences(sys.argv[1:] or FULL, Path(scratch), 96).items()
            }
        )
