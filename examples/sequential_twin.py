"""A Sequential stack and its functional twin are the same model: `python -m examples.sequential_twin`."""

from zoo.terminal import import_frameworks


def main() -> None:
    """Build both, give them the same weights, and compare their predictions."""
    import_frameworks()
    import keras
    import numpy as np
    from keras import layers

    from blocks import classification_head

    features = np.random.default_rng(0).normal(size=(1_000, 64)).astype("float32")

    stack = keras.Sequential(name="sequential_stack")
    stack.add(keras.Input((64,), name="features"))
    stack.add(layers.Dense(32, activation="relu", name="dense1"))
    stack.add(layers.Dense(32, activation="relu", name="dense2"))
    stack.add(layers.Dense(10, activation="softmax", name="category"))

    inputs = keras.Input((64,), name="features")
    x = layers.Dense(32, activation="relu", name="dense1")(inputs)  # (B, 32)
    x = layers.Dense(32, activation="relu", name="dense2")(x)  # (B, 32)
    twin = keras.Model([inputs], {"category": classification_head(x, 10, name="category")}, name="sequential_twin")

    stack.summary()
    twin.summary()
    print(f"Parameters: {stack.count_params()} in the stack, {twin.count_params()} in the twin.")

    twin.set_weights(stack.get_weights())
    from_stack = np.asarray(stack(features))
    from_twin = np.asarray(twin([features])["category"])
    print(f"Greatest difference between their predictions for 1,000 samples: {np.abs(from_stack - from_twin).max()}.")


if __name__ == "__main__":
    main()
