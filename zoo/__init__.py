"""A Keras functional-API model zoo.

>>> import zoo
>>> zoo.list_models("author*", task="author-profiling")
['author_profile', 'author_profile_small', 'author_profile_wide']
>>> model = zoo.create_model("author_profile_tiny")

Nothing is imported before it is used: `import zoo` brings in no framework.
"""
# ruff: noqa: F401 (names for type checkers; `_HOMES` is the list that runs, and a test compares both)

from typing import TYPE_CHECKING

from zoo.lazy_package import make_lazy

if TYPE_CHECKING:
    from zoo import columns, datasets, models, tasks, training
    from zoo.catalogue import describe, list_models
    from zoo.classification import classify
    from zoo.create import create_model, full_config
    from zoo.drawing import draw
    from zoo.explain import explain
    from zoo.pipeline import load_pipeline
    from zoo.prediction import predict
    from zoo.pretrained.images import preprocess
    from zoo.pretrained.labels import decode
    from zoo.robustness import attack
    from zoo.tasks import evaluate, load_dataset, show_batch, train
    from zoo.training import FineTune, Head, Recipe, fit, freeze, unfreeze
    from zoo.weights import LoadReport, load_report, load_weights, read_metadata, save_weights

__version__ = "0.1.0"
_HOMES = {
    "FineTune": "zoo.training",
    "Head": "zoo.training",
    "LoadReport": "zoo.weights",
    "Recipe": "zoo.training",
    "attack": "zoo.robustness",
    "classify": "zoo.classification",
    "create_model": "zoo.create",
    "decode": "zoo.pretrained.labels",
    "describe": "zoo.catalogue",
    "draw": "zoo.drawing",
    "evaluate": "zoo.tasks",
    "explain": "zoo.explain",
    "fit": "zoo.training",
    "freeze": "zoo.training",
    "full_config": "zoo.create",
    "list_models": "zoo.catalogue",
    "load_dataset": "zoo.tasks",
    "load_pipeline": "zoo.pipeline",
    "load_report": "zoo.weights",
    "load_weights": "zoo.weights",
    "predict": "zoo.prediction",
    "preprocess": "zoo.pretrained.images",
    "read_metadata": "zoo.weights",
    "save_weights": "zoo.weights",
    "show_batch": "zoo.tasks",
    "train": "zoo.tasks",
    "unfreeze": "zoo.training",
}
__all__ = sorted(_HOMES)

make_lazy(__name__, _HOMES)
