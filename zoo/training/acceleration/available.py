"""Where the fast layers and optimisers of this room are known to be right."""

import keras


def is_known_right() -> bool:
    """On TensorFlow without a graphics processor: they are written for it, and with one Keras has cuDNN and XLA."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")
