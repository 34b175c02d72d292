"""Train the toy problem in the folder given, and print a hash of the final weights; tests kill it and call again."""

import hashlib
import sys

import keras
import numpy as np

from tests.toy import CONFIG, toy_recipe, toy_samples
from zoo.models.author_profile import author_profile_tiny
from zoo.training import Optimiser, fit


def main(folder: str, balance: str, epochs: str) -> None:
    keras.utils.set_random_seed(0)
    model = author_profile_tiny(dropout=0.2, **CONFIG)
    optimiser = Optimiser(learning_rate=1e-2, average=0.9)
    recipe = toy_recipe(balance=balance, epochs=int(epochs), optimiser=optimiser)
    print("training", flush=True)
    fit(model, toy_samples(600, 0), toy_samples(100, 1), recipe, folder=folder, checkpoint_seconds=0.02)
    digest = hashlib.sha256()
    for variable in model.weights:
        digest.update(np.asarray(variable).tobytes())
    print(digest.hexdigest(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
