"""What a test needs of the backend that it runs on (KERAS_BACKEND); one that names nothing runs on all three."""

import keras
import pytest


def only_on(*backends: str, because: str) -> pytest.MarkDecorator:
    """A test of what these backends alone have or do; the reason is shown where it is skipped."""
    return pytest.mark.skipif(
        keras.backend.backend() not in backends, reason=f"only on {' and '.join(backends)}: {because}"
    )


several_steps = only_on("tensorflow", "jax", because="Keras takes single steps on PyTorch")
