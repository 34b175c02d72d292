"""A Sequential stack and its functional twin are the same model: `python -m examples.sequential_twin`."""

import zoo
from zoo.terminal import import_frameworks


def main() -> None:
    """Build both, give them the same weights, and compare their answers."""
    import_frameworks()
    import numpy as np

    from zoo.models.sequential_twin import sequential_stack

    stack = sequential_stack()
    twin = zoo.create_model("sequential_twin")

    stack.summary()
    twin.summary()
    print(f"Parameters: {stack.count_params()} in the stack, {twin.count_params()} in the twin.")

    twin.set_weights(stack.get_weights())
    features = np.random.default_rng(0).normal(size=(1_000, 64)).astype("float32")
    from_stack = np.asarray(stack(features))
    from_twin = np.asarray(twin([features])["category"])
    print(f"Greatest difference between their answers to 1,000 samples: {np.abs(from_stack - from_twin).max()}.")


if __name__ == "__main__":
    main()
