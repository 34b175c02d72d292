"""A small training of each kind of network that an acceleration is for, on random numbers."""

import keras
import numpy as np

import zoo
from zoo.samples import Samples, Target
from zoo.training import Optimiser, Recipe, heads_for

ROWS, LENGTH, IDS = 96, 12, 3
CASES = {
    "author_profile_tiny": Optimiser("adam", learning_rate=1e-3, clip_norm=1.0),
    "text_similarity_tiny": Optimiser("adamw", learning_rate=1e-3, weight_decay=0.01),
    "poem_tiny": Optimiser("adam", learning_rate=1e-3),
    "question_answering_tiny": Optimiser("rmsprop", learning_rate=1e-3),
    "memory_network_tiny": Optimiser("adam", learning_rate=1e-3, average=0.9),
    "mlp_tiny": Optimiser("adamw", learning_rate=1e-3, average_last=0.5),
}


def samples_for(model: keras.Model, rows: int, seed: int) -> Samples:
    """Random rows: ids that every embedding knows, numbers, and a label or number for each output."""
    random = np.random.default_rng(seed)
    inputs, targets = {}, {}
    for tensor in model.inputs:
        shape = (rows, *(LENGTH if size is None else size for size in tensor.shape[1:]))
        ids = "int" in tensor.dtype
        inputs[tensor.name] = random.integers(0, IDS, shape) if ids else random.normal(size=shape)
        inputs[tensor.name] = inputs[tensor.name].astype(tensor.dtype)
    for name, tensor in model.output.items():
        shape = (rows, *(LENGTH if size is None else size for size in tensor.shape[1:-1]))
        classes = tensor.shape[-1]
        targets[name] = random.integers(0, classes, shape) if classes > 1 else random.normal(size=shape)
        targets[name] = targets[name].astype("int32" if classes > 1 else "float32")
    return Samples(inputs, targets)


def case(name: str, **changes) -> tuple[keras.Model, Samples, Samples, Recipe]:
    """Model, training and validation rows and recipe: the arguments of `fit`."""
    keras.utils.set_random_seed(5)
    model = zoo.create_model(name)
    kinds = {
        key: Target("classification", tuple(map(str, range(tensor.shape[-1]))))
        if tensor.shape[-1] > 1
        else Target("regression")
        for key, tensor in model.output.items()
        if key != "gender"
    }
    train, validation = samples_for(model, ROWS, 0), samples_for(model, 32, 1)
    if "gender" in model.output:
        kinds["gender"] = Target("binary", ("woman", "man"))
        for split in (train, validation):
            split.targets["gender"] = (split.targets["gender"] > 0).astype("int32")
    recipe = Recipe(heads_for(kinds), optimiser=CASES[name], epochs=2, batch_size=16, **changes)
    return model, train, validation, recipe
